"""The mail sink as the audit reads it: who got which mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

KEPT: Final = 2_000
"""The sink forgets older ones; the audit of a larger demo leaves mails out."""


@dataclass
class Sink:
    """A mail sink at an address that ends in a slash. begun: number of the newest mail before the demo."""

    http: httpx.AsyncClient
    url: str
    begun: int

    async def of(self, address: str) -> Sequence[dict[str, Any]]:
        """What one customer got, newest first. Raises httpx.HTTPError."""
        return await _listed(self.http, self.url, to=address)

    async def holds_all(self) -> bool:
        """Whether every mail since the beginning is still there."""
        return await _newest(self.http, self.url) - self.begun <= KEPT


async def sink_at(http: httpx.AsyncClient, url: str | None) -> Sink | None:
    """The sink at an address; None when nobody answers there."""
    if url is None:
        return None
    try:
        return Sink(http, url, await _newest(http, url))
    except httpx.HTTPError:
        return None


async def _newest(http: httpx.AsyncClient, url: str) -> int:
    return max((int(mail["id"]) for mail in await _listed(http, url)), default=0)


async def _listed(http: httpx.AsyncClient, url: str, **query: str) -> Sequence[dict[str, Any]]:
    answer = await http.get(f"{url}messages.json", params=query)
    mails: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
    return mails
