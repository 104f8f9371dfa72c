"""A running router with its topics and its database, as tests see it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from router.settings import Settings
from shared.db import Database
from shared.ids import new_id
from shared.vocabulary import Role
from support.events import envelope, submitted
from support.infrastructure import Infrastructure
from support.people import bearer, public_keys
from support.running import Running, rows
from support.waiting import until
from support.wire import Wire

AGENT = bearer(Role.AGENT)
OPERATOR = bearer(Role.OPERATOR, agent="olga")


@dataclass(frozen=True)
class Bench:
    """A running router, its topics and its database."""

    served: Running
    topics: Wire
    db: Database

    async def get(self, path: str, headers: dict[str, str] = AGENT) -> Any:
        """The body of a successful answer."""
        answer = await self.served.client.get(f"/router{path}", headers=headers)
        return answer.raise_for_status().json()

    async def decided(self, issue: UUID) -> list[Any]:
        """What the database holds of an issue's decisions: revision and id, oldest first."""
        sql = "SELECT revision, decision FROM decision WHERE issue_id = $1 ORDER BY revision"
        return [tuple(row) for row in await rows(self.db, sql, issue)]


def settings_of(infrastructure: Infrastructure) -> Settings:
    """Settings for a router on these servers."""
    keys = {"TIERDESK_STAFF_PUBLIC_KEYS": public_keys()}
    return Settings.model_validate(infrastructure.environment() | keys)


async def settled(router: Bench) -> None:
    """Wait until the router has handled and published everything that was sent before."""

    async def nothing_left() -> bool:
        fares = await router.get("/operations", OPERATOR)
        return bool(fares["lag"] == 0 and fares["outbox_rows"] == 0)

    last = new_id()
    await router.topics.send(envelope(submitted(), subject=last))
    await router.topics.heard_of(last, 1)
    await until(nothing_left, "the router has settled")


async def kept_early(router: Bench, issue: UUID) -> None:
    """Wait until a correction without submission is kept."""
    sql = "SELECT 1 FROM early_correction WHERE issue_id = $1"
    await until(lambda: rows(router.db, sql, issue), "the correction is kept")


async def dead_letters(router: Bench, key: str) -> list[Any]:
    """The open dead letters of a key."""
    letters = await router.get("/operations/dead-letters", OPERATOR)
    return [letter for letter in letters if letter["key"] == key]
