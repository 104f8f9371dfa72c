"""Sign-in, renewal and sign-out of staff. Not domain commands: they need no Idempotency-Key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Cookie, Request, Response
from pydantic import BaseModel, Field, SecretStr

from shared import idempotency
from shared.api import Api, Body, CallerOf, Command
from shared.auth import AGENTS, STAFF, TOKEN_COOKIE, StaffTokens, anyone
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.problems import Problem, not_found, unauthenticated
from shared.vocabulary import Role
from tier_queues import passwords, roster, sessions
from tier_queues.attempts import Attempts
from tier_queues.passwords import Passwords
from tier_queues.roster import Availability, Member
from tier_queues.rules import Rules
from tier_queues.sessions import Signer
from tier_queues.settings import Settings
from tier_queues.shifts import Shifts

SESSION_COOKIE: Final = "tierdesk_session"
SESSION_PATH: Final = "/tier-queues/session"


class SignIn(Body):
    """Sign-in name and password."""

    agent: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=passwords.LENGTH_LIMIT)]


class AvailabilityBody(Body):
    """Whether work may be given to the caller."""

    availability: Availability


class MemberView(BaseModel):
    """A member of staff. capacity: units owned at the same time; skills: name to level; shifts: always without.

    availability: what the agent said last; outside of the shifts nothing is given out to them whatever they said.
    """

    id: str
    name: str
    role: Role
    tiers: list[int]
    teams: list[str]
    capacity: int
    active: bool
    version: int
    skills: dict[str, int]
    shifts: Shifts | None
    availability: Availability
    address: str | None

    @classmethod
    def of(cls, member: Member) -> "MemberView":
        """What is shown of a member."""
        return cls(
            id=member.id,
            name=member.name,
            role=member.role,
            tiers=list(member.tiers),
            teams=list(member.teams),
            capacity=member.capacity,
            active=member.active,
            version=member.version,
            skills=dict(member.skills),
            shifts=member.shifts,
            availability=member.availability,
            address=member.address,
        )


class SignedIn(BaseModel):
    """A token for the `Authorization: Bearer` header; browsers have it in a cookie besides."""

    token: str
    expires_at: datetime
    agent: MemberView


@dataclass(eq=False)
class Desk:
    """Where staff sign in."""

    db: Database
    settings: Settings
    tokens: StaffTokens
    signer: Signer
    passwords: Passwords
    attempts: Attempts
    rules: Rules

    async def sign_in(self, agent: str, password: str, address: str) -> tuple[SignedIn, str]:
        """A token and the session cookie's value. Raises Problem 401, always the same, or 429."""
        wait = self.attempts.wait(agent, address)
        if wait:
            raise Problem(429, "too-many-attempts", "Try again later.", headers={"Retry-After": str(wait)})
        async with self.db.transaction() as tx:
            known = await roster.credentials(tx, agent)
        # Outside of any transaction: argon2 takes its time.
        if not await self.passwords.fits(password, known[1] if known else None) or known is None:
            raise unauthenticated()
        async with self.db.transaction() as tx:
            begun = await sessions.begin(tx, known[0], self.settings.session_life)
        if begun is None:
            raise unauthenticated()
        return self._signed(known[0], begun[0]), begun[1]

    async def renew(self, cookie: str | None) -> SignedIn:
        """A fresh token for a live session, with the agent's rights as of now. Raises Problem 401."""
        async with self.db.transaction() as tx:
            found = await sessions.owner_of(tx, cookie) if cookie else None
        if found is None:
            raise unauthenticated()
        return self._signed(found[1], found[0])

    async def sign_out(self, session: UUID) -> None:
        """End a session everywhere: here at once, in the other services within seconds."""
        async with self.db.transaction() as tx:
            ended = await sessions.revoke(tx, session, self.settings.token_life)
        self.tokens.revoked.update(ended)

    def _signed(self, member: Member, session: UUID) -> SignedIn:
        try:
            token = self.signer.token(member, session)
        except sessions.NoSigningKey as error:
            raise Problem(503, "sign-in-unavailable", "Nobody can sign in here: there is no signing key.") from error
        return SignedIn(token=token.token, expires_at=token.expires_at, agent=MemberView.of(member))


def add_sessions(api: Api, desk: Desk) -> None:
    """Give the service its sign-in."""
    secure = desk.settings.public_url.startswith("https:")

    @api.post("/session", allow=anyone("this is the sign-in itself"), responses={401: {}, 429: {}})
    async def sign_in(body: SignIn, request: Request, response: Response) -> SignedIn:
        address = request.client.host if request.client else "unknown"
        signed, cookie = await desk.sign_in(body.agent, body.password.get_secret_value(), address)
        _set(response, TOKEN_COOKIE, signed.token, "/", desk.settings.token_life, secure)
        _set(response, SESSION_COOKIE, cookie, SESSION_PATH, desk.settings.session_life, secure)
        return signed

    @api.post("/session/renew", allow=anyone("the session's cookie is the proof"), responses={401: {}})
    async def renew(response: Response, tierdesk_session: Annotated[str | None, Cookie()] = None) -> SignedIn:
        signed = await desk.renew(tierdesk_session)
        _set(response, TOKEN_COOKIE, signed.token, "/", desk.settings.token_life, secure)
        return signed

    @api.delete("/session", allow=desk.tokens.allow(STAFF), status_code=204)
    async def sign_out(caller: CallerOf, response: Response) -> None:
        assert caller.session is not None, "every staff token names its session"
        await desk.sign_out(caller.session)
        response.delete_cookie(TOKEN_COOKIE, "/", secure=secure, httponly=True, samesite="strict")
        response.delete_cookie(SESSION_COOKIE, SESSION_PATH, secure=secure, httponly=True, samesite="strict")

    @api.get("/me", allow=desk.tokens.allow(STAFF))
    async def me(caller: CallerOf) -> MemberView:
        async with desk.db.transaction() as tx:
            member = await roster.find(tx, caller.id)
        if member is None:
            raise not_found()
        return MemberView.of(member)

    @api.put("/me/availability", allow=desk.tokens.allow(AGENTS), response_model=MemberView)
    async def set_availability(body: AvailabilityBody, command: Command) -> Response:
        """Say whether work may be given to you."""

        async def act(tx: Transaction) -> Answer:
            member = await roster.set_availability(tx, command.caller.id, body.availability)
            if member is None:
                raise not_found()
            return Answer(200, MemberView.of(member).model_dump_json().encode())

        answer = await idempotency.once(desk.db, command.key, act)
        await desk.rules.refresh()
        return answer.response()


def _set(response: Response, name: str, value: str, path: str, life: timedelta, secure: bool) -> None:
    response.set_cookie(
        name, value, int(life.total_seconds()), path=path, secure=secure, httponly=True, samesite="strict"
    )
