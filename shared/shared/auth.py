"""Who is calling: staff tokens (EdDSA JWT in a cookie or bearer header), and what each endpoint declares of it."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from starlette.requests import Request

from shared.problems import forbidden, unauthenticated
from shared.vocabulary import Role

ISSUER: Final = "tierdesk"
AUDIENCE: Final = "tierdesk-staff"
ALGORITHM: Final = "Ed25519"
TOKEN_COOKIE: Final = "tierdesk_token"  # noqa: S105
_CACHE_LIMIT: Final = 10_000

STAFF: Final = frozenset(Role)
AGENTS: Final = frozenset({Role.AGENT, Role.LEAD})
OPERATORS: Final = frozenset({Role.OPERATOR, Role.ADMIN})
ADMINS: Final = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. kind: staff, application, vendor or anyone; id is unique within the kind."""

    kind: str
    id: str
    name: str
    role: Role | None = None
    tiers: frozenset[int] = frozenset()
    teams: frozenset[str] = frozenset()
    session: UUID | None = None

    @property
    def key(self) -> str:
        """Owner of this caller's idempotency keys."""
        return f"{self.kind}:{self.id}"


ANYONE: Final = Caller("anyone", "anyone", "anyone")

Authenticate = Callable[[Request], Awaitable[Caller]]


@dataclass(frozen=True)
class Allow:
    """Who may call an endpoint. who: shown in OpenAPI as `x-allow`; authenticate: raises Problem 401 or 403."""

    who: str
    authenticate: Authenticate


def anyone(reason: str) -> Allow:
    """No sign-in needed; `reason` says why that is right."""

    async def nobody_is_asked(_request: Request) -> Caller:
        return ANYONE

    return Allow(f"anyone: {reason}", nobody_is_asked)


@dataclass(eq=False)
class StaffTokens:
    """Verifies staff tokens. `revoked` holds sessions that are refused although their token still lives."""

    public_keys: KeySet
    revoked: set[UUID] = field(default_factory=set)
    _verified: dict[str, tuple[Caller, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, key_set: str) -> "StaffTokens":
        """Keys from a JSON Web Key Set (public parts)."""
        serialized: KeySetSerialization = json.loads(key_set)
        for key in serialized["keys"]:
            # Which algorithm a token must have is said here; older tools label such a key EdDSA, which means the same.
            key.pop("alg", None)
        # A service without keys trusts nobody; the library will not import an empty set.
        return cls(KeySet.import_key_set(serialized) if serialized["keys"] else KeySet([]))

    def allow(self, roles: frozenset[Role]) -> Allow:
        """Staff with one of the roles."""

        async def authenticate(request: Request) -> Caller:
            caller = self.caller(request)
            if caller.role not in roles:
                raise forbidden()
            return caller

        return Allow(", ".join(sorted(roles)), authenticate)

    def caller(self, request: Request) -> Caller:
        """The member of staff behind a request. Raises Problem 401, always with the same body."""
        token = _token(request)
        if token is None:
            raise unauthenticated()
        caller, expires = self._verified.get(token) or self._verify(token)
        if expires <= time.time() or caller.session in self.revoked:
            self._verified.pop(token, None)
            raise unauthenticated()
        return caller

    def _verify(self, token: str) -> tuple[Caller, float]:
        try:
            claims = jwt.decode(token, self.public_keys, algorithms=[ALGORITHM]).claims
            _REQUIRED.validate(claims)
            verified = _caller(claims), float(claims["exp"])
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise unauthenticated() from error
        if len(self._verified) >= _CACHE_LIMIT:
            self._verified.clear()
        self._verified[token] = verified
        return verified


_REQUIRED: Final = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
    sub={"essential": True},
    sid={"essential": True},
)


def _caller(claims: dict[str, Any]) -> Caller:
    return Caller(
        "staff",
        claims["sub"],
        claims["name"],
        Role(claims["role"]),
        frozenset(claims["tiers"]),
        frozenset(claims["teams"]),
        UUID(claims["sid"]),
    )


def claims_of(caller: Caller, *, issued_at: int, expires_at: int) -> dict[str, Any]:
    """The claims of a token for a member of staff; times in seconds since the epoch. Inverse of verification."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued_at,
        "exp": expires_at,
        "sub": caller.id,
        "name": caller.name,
        "role": caller.role,
        "tiers": sorted(caller.tiers),
        "teams": sorted(caller.teams),
        "sid": str(caller.session),
    }


def _token(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None
    return request.cookies.get(TOKEN_COOKIE)
