"""OUT: where client applications listen, and the secrets that sign what they get; sealed at rest."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared import directories
from shared.db import NOW, Transaction
from shared.events.directory import ClientApplicationListed
from shared.webhooks import new_secret, seal, unseal


@dataclass(frozen=True, slots=True)
class Listener:
    """A client application's webhook. rotated_at: when its secret was last replaced.

    feature_requests: whether it hears of all feature requests too, besides its own issues.
    """

    application: str
    url: str
    created_at: datetime
    rotated_at: datetime | None
    feature_requests: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send and what to sign with, newest secret first."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)


class UnknownApplication(LookupError):
    """No client application of this name was ever listed."""


_FIND: Final = "SELECT application, url, created_at, rotated_at, feature_requests FROM webhook"
_CREATE: Final = f"INSERT INTO webhook (application, url, secret, created_at) VALUES ($1, $2, $3, {NOW})"  # noqa: S608
_ROTATE: Final = f"""
UPDATE webhook SET former_secret = secret, secret = $2, rotated_at = {NOW} WHERE application = $1
"""  # noqa: S608
_ENDPOINT: Final = f"""
SELECT url, secret, CASE WHEN rotated_at > {NOW} - $2::interval THEN former_secret END
FROM webhook WHERE application = $1
"""  # noqa: S608


@dataclass(frozen=True)
class Listeners:
    """The registry. key: `settings.derived_key("webhook-secrets")`; overlap: how long a former secret signs too."""

    key: bytes = field(repr=False)
    overlap: timedelta

    async def put(
        self, tx: Transaction, application: str, url: str, *, rotate: bool, feature_requests: bool | None = None
    ) -> tuple[Listener, str | None]:
        """Register or move a webhook. Returns it with its secret when that is new. Raises UnknownApplication.

        feature_requests: whether it hears of them; None leaves that as it is, at first: no.
        """
        if await directories.find(tx, ClientApplicationListed.KIND, application) is None:
            raise UnknownApplication(application)
        # Two operators at once: the second waits here and then finds the row of the first.
        await tx.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"webhook/{application}")
        before = await self.get(tx, application)
        secret = new_secret() if before is None or rotate else None
        if before is None:
            await tx.fetch(_CREATE, application, url, self._sealed(application, secret))
        else:
            await tx.fetch("UPDATE webhook SET url = $2 WHERE application = $1", application, url)
            if secret is not None:
                await tx.fetch(_ROTATE, application, self._sealed(application, secret))
        if feature_requests is not None:
            await tx.fetch(
                "UPDATE webhook SET feature_requests = $2 WHERE application = $1", application, feature_requests
            )
        after = await self.get(tx, application)
        assert after is not None
        return after, secret

    async def get(self, tx: Transaction, application: str) -> Listener | None:
        """One application's webhook."""
        rows = await tx.fetch(f"{_FIND} WHERE application = $1", application)
        return Listener(*rows[0]) if rows else None

    async def everything(self, tx: Transaction) -> list[Listener]:
        """All webhooks by application; there are as many as client applications."""
        return [Listener(*row) for row in await tx.fetch(f"{_FIND} ORDER BY application")]

    async def remove(self, tx: Transaction, application: str) -> bool:
        """Forget a webhook; what waits for it is dropped by housekeeping. Returns whether there was one."""
        return bool(await tx.fetch("DELETE FROM webhook WHERE application = $1 RETURNING 1", application))

    async def endpoint(self, tx: Transaction, application: str) -> Endpoint | None:
        """Where to send. Raises SecretMalformed when the row was sealed with another key."""
        rows = await tx.fetch(_ENDPOINT, application, self.overlap)
        if not rows:
            return None
        url, *sealed = rows[0]
        secrets = (unseal(self.key, bytes(one), owner=application) for one in sealed if one is not None)
        return Endpoint(url, tuple(secrets))

    def _sealed(self, application: str, secret: str | None) -> bytes:
        assert secret is not None
        return seal(self.key, secret, owner=application)
