"""OUT, for the API: deliveries as staff read them, and sending a failed one again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.db import NOW, Transaction


@dataclass(frozen=True, slots=True)
class Record:
    """One delivery. position: its place among all, the key of pages. reason: why the last attempt failed."""

    id: UUID
    position: int
    issue: UUID
    channel: str
    application: str | None
    agent: str | None
    about: str
    cause: UUID
    state: str
    attempts: int
    next_attempt_at: datetime | None
    reason: str | None
    created_at: datetime
    settled_at: datetime | None


class NoSuchDelivery(LookupError):
    """There is no delivery with this id."""


class NotFailed(Exception):
    """Only what failed for good is sent again by hand; `state` is the present one."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


_COLUMNS: Final = (
    "id, position, issue, channel, application, agent, about, cause, state, attempts, "
    "CASE WHEN state = 'waiting' THEN next_attempt_at END, reason, created_at, settled_at"
)
_OF_ISSUE: Final = f"SELECT {_COLUMNS} FROM delivery WHERE issue = $1 AND position > $2 ORDER BY position LIMIT $3"  # noqa: S608
_FAILED: Final = f"SELECT {_COLUMNS} FROM delivery WHERE state = 'failed' AND position > $1 ORDER BY position LIMIT $2"  # noqa: S608
_REPLAY: Final = f"""
UPDATE delivery SET state = 'waiting', attempts = 0, next_attempt_at = {NOW}, reason = NULL, settled_at = NULL
WHERE id = $1 RETURNING {_COLUMNS}
"""  # noqa: S608


async def of_issue(tx: Transaction, issue: UUID, *, after: int, limit: int) -> list[Record]:
    """An issue's deliveries behind a position, oldest first."""
    return [Record(*row) for row in await tx.fetch(_OF_ISSUE, issue, after, limit)]


async def failed(tx: Transaction, *, after: int, limit: int) -> list[Record]:
    """Deliveries that failed for good, behind a position, oldest first."""
    return [Record(*row) for row in await tx.fetch(_FAILED, after, limit)]


async def replay(tx: Transaction, delivery: UUID) -> Record:
    """Make a failed delivery due again, with all attempts before it. Raises NoSuchDelivery or NotFailed."""
    states = await tx.fetch("SELECT state FROM delivery WHERE id = $1 FOR UPDATE", delivery)
    if not states:
        raise NoSuchDelivery(delivery)
    if states[0][0] != "failed":
        raise NotFailed(states[0][0])
    return Record(*(await tx.fetch(_REPLAY, delivery))[0])
