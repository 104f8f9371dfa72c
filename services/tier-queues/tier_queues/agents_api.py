"""The administration of agents."""

import hmac
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Response
from pydantic import Field, SecretStr, TypeAdapter

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import ADMINS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer, Key
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import Problem, conflict, invalid, not_found, stale
from shared.vocabulary import Role, Tier, Title, Word
from tier_queues import organisation_store, passwords, roster, sessions
from tier_queues.organisation import CAPACITY_DEFAULT, SIGN_IN_NAME, Address, Capacity, Skills
from tier_queues.organisation_store import rights_of
from tier_queues.roster import Member
from tier_queues.session_api import Desk, MemberView
from tier_queues.shifts import Shifts
from tier_queues.versions_api import author_of

SignInName = Annotated[str, Field(pattern=SIGN_IN_NAME)]
_KEY: Final = TypeAdapter(tuple[SignInName])

Password = Annotated[SecretStr, Field(min_length=passwords.LENGTH_MINIMUM, max_length=passwords.LENGTH_LIMIT)]


class AgentBody(Body):
    """An agent as an administrator wants it. capacity: units owned at the same time; shifts: always without.

    address: where notices are mailed to; none are without.
    note: why, for the organisation's list of versions.
    """

    name: Word
    role: Role
    tiers: tuple[Tier, ...] = ()
    teams: tuple[Word, ...] = ()
    capacity: Capacity = CAPACITY_DEFAULT
    skills: Skills = Field(default_factory=dict)
    shifts: Shifts | None = None
    address: Address | None = None
    note: Title | None = None


class NewAgent(AgentBody):
    """A new agent. id: the sign-in name."""

    id: SignInName
    password: Password


class ChangedAgent(AgentBody):
    """An agent from now on. password: only when it changes; active False ends every session."""

    active: bool = True
    password: Password | None = None


def add_agents(api: Api, desk: Desk) -> None:
    """Give the service the endpoints that list, add and change agents."""

    @api.get("/agents", allow=desk.tokens.allow(STAFF))
    async def list_agents(limit: Limit = 50, after: Cursor = None) -> Page[MemberView]:
        behind = key_in(after, _KEY)[0] if after else None
        async with desk.db.transaction() as tx:
            members = await roster.page(tx, after=behind, limit=limit + 1)
        more = cursor_of([members[limit - 1].id]) if len(members) > limit else None
        return Page(items=[MemberView.of(member) for member in members[:limit]], next=more)

    @api.post("/agents", allow=desk.tokens.allow(ADMINS), response_model=MemberView, status_code=201)
    async def add_agent(body: NewAgent, command: Command) -> Response:
        password_hash = await desk.passwords.hashed(body.password.get_secret_value())

        async def act(tx: Transaction) -> Answer:
            member = _changed(Member(body.id, body.name, body.role, (), (), 0, version=0), body)
            await organisation_store.lock(tx)
            try:
                await roster.add(tx, member, password_hash)
            except roster.NameTaken as error:
                raise conflict("agent-exists", "There is an agent with this sign-in name.") from error
            except roster.NoSuchTeam as error:
                raise _no_such_team(error) from error
            await organisation_store.record(tx, author_of(command.caller, body.note or f"Agent {body.id} added."))
            return _answer(201, member)

        answer = await idempotency.once(desk.db, _sealed(desk, command), act)
        await desk.rules.refresh()
        return answer.response()

    @api.put("/agents/{agent}", allow=desk.tokens.allow(ADMINS), response_model=MemberView, responses={428: {}})
    async def change_agent(agent: SignInName, body: ChangedAgent, command: Command) -> Response:
        if command.expected is None:
            raise Problem(428, "version-missing", "Say in If-Match which version you mean to replace.")
        return (await _change(desk, agent, body, command)).response()


async def _change(desk: Desk, agent: str, body: ChangedAgent, command: CommandHeaders) -> Answer:
    password_hash = await desk.passwords.hashed(body.password.get_secret_value()) if body.password else None
    ended: list[UUID] = []

    async def act(tx: Transaction) -> Answer:
        await organisation_store.lock(tx)
        before = await roster.lock(tx, agent)
        if before is None:
            raise not_found()
        if command.expected != before.version:
            raise stale(before.version)
        after = _changed(before, body)
        try:
            await roster.change(tx, after, password_hash)
        except roster.NoSuchTeam as error:
            raise _no_such_team(error) from error
        await organisation_store.record(tx, author_of(command.caller, body.note or f"Agent {agent} changed."))
        if password_hash is not None or rights_of(before) != rights_of(after):
            # What an older token says is true no longer.
            ended.extend(await sessions.revoke_all(tx, agent, desk.settings.token_life))
        return _answer(200, after)

    answer = await idempotency.once(desk.db, _sealed(desk, command), act)
    desk.tokens.revoked.update(ended)
    await desk.rules.refresh()
    return answer


def _sealed(desk: Desk, command: CommandHeaders) -> Key:
    """The command's key with a keyed digest: the body holds a password, which a plain digest would let one guess."""
    secret = desk.settings.derived_key("idempotency")
    return replace(command.key, digest=hmac.digest(secret, command.key.digest, "sha256"))


def _changed(before: Member, body: ChangedAgent | NewAgent) -> Member:
    return replace(
        before,
        name=body.name,
        role=body.role,
        tiers=_sorted(body.tiers),
        teams=_sorted(body.teams),
        capacity=body.capacity,
        active=body.active if isinstance(body, ChangedAgent) else True,
        version=before.version + 1,
        skills=body.skills,
        shifts=body.shifts,
        address=body.address,
    )


def _sorted(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


def _answer(status: int, member: Member) -> Answer:
    return Answer(status, MemberView.of(member).model_dump_json().encode(), (etag(member.version),))


def _no_such_team(error: roster.NoSuchTeam) -> Problem:
    return invalid("No such team.", unknown=list(error.args))
