"""Who calls: a client application by its API key, verified against the database and trusted for a few seconds."""

import hmac
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from intake.keys import PREFIX, key_in
from intake.settings import Settings
from shared.auth import STAFF, Allow, Caller, StaffTokens
from shared.db import Database
from shared.problems import unauthenticated

KIND: Final = "application"
_CACHE_LIMIT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Application(Caller):
    """A client application. vouches: what it says of a customer's identity, account and plan is believed."""

    vouches: bool = False


@dataclass(eq=False)
class Applications:
    """Verifies API keys. A key that was replaced or switched off works for `key_cache` at the most."""

    db: Database
    settings: Settings
    _verified: dict[str, tuple[Application, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pepper = pepper(self.settings)

    def allow(self) -> Allow:
        """Client applications only."""
        return Allow("client application", self.caller)

    def allow_or_staff(self, tokens: StaffTokens) -> Allow:
        """Client applications and every member of staff."""
        staff = tokens.allow(STAFF)

        async def authenticate(request: Request) -> Caller:
            return await (self.caller if _token(request).startswith(PREFIX) else staff.authenticate)(request)

        return Allow(f"client application, {staff.who}", authenticate)

    async def caller(self, request: Request) -> Application:
        """The application behind a request. Raises Problem 401, always with the same body."""
        token = _token(request)
        known = self._verified.get(token)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        return await self._verify(token)

    async def _verify(self, token: str) -> Application:
        self._verified.pop(token, None)
        key = key_in(token)
        if key is None:
            raise unauthenticated()
        async with self.db.transaction() as tx:
            rows = await tx.fetch(_BY_KEY, key.id)
        if not rows or not hmac.compare_digest(rows[0].key_hash, key.digest(self._pepper)):
            raise unauthenticated()
        application = Application(KIND, rows[0].id, rows[0].name, vouches=rows[0].vouches)
        if len(self._verified) >= _CACHE_LIMIT:
            self._verified.clear()
        self._verified[token] = application, time.monotonic() + self.settings.key_cache.total_seconds()
        return application


_BY_KEY: Final = "SELECT id, name, key_hash, vouches FROM client_application WHERE key_id = $1 AND active"


def pepper(settings: Settings) -> bytes:
    """What API keys are digested with."""
    return settings.derived_key("api-keys")


def _token(request: Request) -> str:
    """The bearer token, or '' when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
