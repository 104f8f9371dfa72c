"""Staff sessions: rows of sessions, the secret in a session's cookie, and the tokens signed for it."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared import directories
from shared.auth import ALGORITHM, Caller, claims_of
from shared.db import Transaction
from shared.events.directory import SessionRevoked
from shared.ids import new_id
from shared.outbox import Outgoing, publish
from tier_queues import roster
from tier_queues.roster import Member

SOURCE: Final = "tier-queues"
LAST_TOKENS: Final = timedelta(hours=1)
"""A session is remembered so long after its end, because its last token may be revoked until then."""

_MEMBER_OF_SESSION: Final = """
SELECT session.digest, session.agent FROM sessions AS session
WHERE session.id = $1 AND session.revoked_at IS NULL AND session.expires_at > clock_timestamp()
"""


class NoSigningKey(RuntimeError):
    """This process has no usable TIERDESK_TIER_QUEUES_SIGNING_KEY, so nobody can sign in here."""


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token and when it ends."""

    token: str
    expires_at: datetime


class Signer:
    """Signs staff tokens. Their times are the machine's, never those of the service's clock, which tests may move."""

    def __init__(self, signing_key: str, token_life: timedelta) -> None:
        self._key = _key(signing_key)
        self._life = token_life

    def token(self, member: Member, session: UUID) -> Token:
        """A token for a member of staff. Raises NoSigningKey."""
        if self._key is None:
            raise NoSigningKey("TIERDESK_TIER_QUEUES_SIGNING_KEY is missing")
        issued_at = int(time.time())
        expires_at = issued_at + int(self._life.total_seconds())
        claims = claims_of(_caller(member, session), issued_at=issued_at, expires_at=expires_at)
        header = {"alg": ALGORITHM, "kid": self._key.kid or self._key.thumbprint()}
        signed = jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])
        return Token(signed, datetime.fromtimestamp(expires_at, UTC))


def new_signing_key() -> str:
    """A private Ed25519 JSON Web Key."""
    key = OKPKey.generate_key("Ed25519", parameters={"use": "sig", "alg": ALGORITHM}, private=True)
    return json.dumps({**key.as_dict(private=True), "kid": key.thumbprint()})


def public_keys_of(signing_key: str) -> str:
    """The JSON Web Key Set with the public half of a signing key."""
    return json.dumps({"keys": [{name: value for name, value in json.loads(signing_key).items() if name != "d"}]})


def _key(signing_key: str) -> OKPKey | None:
    if not signing_key:
        return None
    try:
        # Without its own label of an algorithm: ours is named where tokens are signed and verified.
        return OKPKey.import_key({name: value for name, value in json.loads(signing_key).items() if name != "alg"})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoSigningKey("TIERDESK_TIER_QUEUES_SIGNING_KEY is no private Ed25519 JSON Web Key") from error


def _caller(member: Member, session: UUID) -> Caller:
    return Caller(
        "staff", member.id, member.name, member.role, frozenset(member.tiers), frozenset(member.teams), session
    )


async def begin(tx: Transaction, member: Member, life: timedelta) -> tuple[UUID, str] | None:
    """A new session's id and the value of its cookie; None when the agent was changed since `member` was read."""
    session, secret = new_id(), secrets.token_urlsafe(32)
    rows = await tx.fetch(
        "INSERT INTO sessions (id, agent, digest, expires_at) "
        "SELECT $1, id, $3, clock_timestamp() + $4 FROM agents WHERE id = $2 AND active AND version = $5 RETURNING id",
        session,
        member.id,
        _digest(secret),
        life,
        member.version,
    )
    return (session, f"{session}.{secret}") if rows else None


async def owner_of(tx: Transaction, cookie: str) -> tuple[UUID, Member] | None:
    """The live session that a cookie proves, and its agent as of now; None when there is none."""
    known, _, secret = cookie.partition(".")
    try:
        session = UUID(known)
    except ValueError:
        return None
    rows = await tx.fetch(_MEMBER_OF_SESSION, session)
    if not rows or not hmac.compare_digest(bytes(rows[0][0]), _digest(secret)):
        return None
    member = await roster.find(tx, rows[0][1])
    return (session, member) if member is not None and member.active else None


async def revoke(tx: Transaction, session: UUID, token_life: timedelta) -> list[UUID]:
    """End one session. Returns it, or nothing when it was over already."""
    return await _revoked(
        tx,
        await tx.fetch(
            "UPDATE sessions SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL RETURNING id",
            session,
        ),
        token_life,
    )


async def revoke_all(tx: Transaction, agent: str, token_life: timedelta) -> list[UUID]:
    """End every session of an agent. Returns those that were still open."""
    return await _revoked(
        tx,
        await tx.fetch(
            "UPDATE sessions SET revoked_at = clock_timestamp() WHERE agent = $1 AND revoked_at IS NULL "
            "AND expires_at > clock_timestamp() RETURNING id",
            agent,
        ),
        token_life,
    )


async def _revoked(tx: Transaction, rows: Sequence[tuple[UUID]], token_life: timedelta) -> list[UUID]:
    """Tell every service; ours reads its own copy of the directory, as the others do."""
    expires_at = datetime.now(UTC) + token_life
    ended = [
        SessionRevoked(entity=str(session), version=1, session=session, expires_at=expires_at) for (session,) in rows
    ]
    await directories.keep(tx, ended)
    await publish(tx, [Outgoing(fact.key, fact) for fact in ended], source=SOURCE)
    return [fact.session for fact in ended]


async def forget(tx: Transaction) -> None:
    """Delete sessions that are over."""
    await tx.fetch("DELETE FROM sessions WHERE expires_at < clock_timestamp() - $1::interval", LAST_TOKENS)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
