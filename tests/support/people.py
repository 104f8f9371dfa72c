"""Staff for tests: one signing key per test run, and tokens of anybody in any role."""

import json
import time
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.auth import ALGORITHM, Caller, claims_of
from shared.ids import new_id
from shared.vocabulary import Role

TOKEN_LIFE = timedelta(minutes=15)


@cache
def signing_key() -> str:
    """The private Ed25519 JSON Web Key of this test run, for TIERDESK_TIER_QUEUES_SIGNING_KEY."""
    return new_signing_key()


def new_signing_key() -> str:
    """Another private key, e.g. that of a forger."""
    key = OKPKey.generate_key("Ed25519", parameters={"use": "sig", "alg": ALGORITHM}, private=True)
    return json.dumps({**key.as_dict(private=True), "kid": key.thumbprint()})


def public_keys(key: str | None = None) -> str:
    """The JSON Web Key Set with the public half, for TIERDESK_STAFF_PUBLIC_KEYS."""
    public = {name: value for name, value in json.loads(key or signing_key()).items() if name != "d"}
    return json.dumps({"keys": [public]})


def token(
    role: Role | str = Role.AGENT,
    *,
    agent: str = "alice",
    name: str | None = None,
    tiers: Iterable[int] = (1,),
    teams: Iterable[str] = (),
    session: UUID | None = None,
    life: timedelta = TOKEN_LIFE,
    key: str | None = None,
) -> str:
    """A token as tier-queues signs it. life: negative for an expired one; key: a forger's, if not ours."""
    caller = Caller(
        "staff", agent, name or agent.title(), Role(role), frozenset(tiers), frozenset(teams), session or new_id()
    )
    issued_at = int(time.time())
    claims = claims_of(caller, issued_at=issued_at, expires_at=issued_at + int(life.total_seconds()))
    private = OKPKey.import_key(json.loads(key or signing_key()))
    return jwt.encode({"alg": ALGORITHM, "kid": private.kid}, claims, private, algorithms=[ALGORITHM])


def bearer(
    role: Role | str = Role.AGENT,
    *,
    agent: str = "alice",
    name: str | None = None,
    tiers: Iterable[int] = (1,),
    teams: Iterable[str] = (),
) -> dict[str, str]:
    """The header that signs a request."""
    return {"authorization": f"Bearer {token(role, agent=agent, name=name, tiers=tiers, teams=teams)}"}


def as_command(headers: dict[str, str], *, key: str | None = None, version: int | None = None) -> dict[str, str]:
    """The same caller, with an Idempotency-Key (a new one unless given) and the version it expects."""
    expected = {} if version is None else {"if-match": f'"{version}"'}
    return headers | {"idempotency-key": key or str(new_id())} | expected
