"""The only file that knows the table of policies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from router.policy import Policy
from shared.db import NOW, Transaction


class State(StrEnum):
    """Where a version stands. At most one is active."""

    KEPT = "kept"
    """Accepted, and never active so far."""
    ACTIVE = "active"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Kept:
    """A version without its content. author: who added it; changed_by: who activated it last, or another after it."""

    version: int
    state: State
    author: str
    note: str
    added_at: datetime
    changed_at: datetime
    changed_by: str


_COLUMNS: Final = "version, state, author, note, added_at, changed_at, changed_by"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('policy', 0))"
_FIRST: Final = f"""
INSERT INTO policy (version, state, author, note, content, added_at, changed_at, changed_by)
SELECT $1, 'active', $2, $3, $4, {NOW}, {NOW}, $2 WHERE NOT EXISTS (SELECT FROM policy)
ON CONFLICT DO NOTHING
"""  # noqa: S608
_ADD: Final = f"""
INSERT INTO policy (version, state, author, note, content, added_at, changed_at, changed_by)
VALUES ($1, 'kept', $2, $3, $4, {NOW}, {NOW}, $2) ON CONFLICT (version) DO NOTHING RETURNING version
"""  # noqa: S608
PAGE: Final = f"SELECT {_COLUMNS} FROM policy WHERE version < $1 ORDER BY version DESC LIMIT $2"  # noqa: S608
_FIND: Final = f"SELECT {_COLUMNS} FROM policy WHERE version = $1"  # noqa: S608
_CONTENT: Final = "SELECT content FROM policy WHERE version = $1"
_ACTIVE: Final = "SELECT version FROM policy WHERE state = 'active'"
_NEWEST: Final = "SELECT max(version) FROM policy"
_PUT: Final = f"UPDATE policy SET state = $2, changed_at = {NOW}, changed_by = $3 WHERE version = $1"  # noqa: S608


async def lock(tx: Transaction) -> None:
    """Let nobody else change which policy is active until the transaction ends."""
    await tx.fetch(_LOCK)


async def add_first(tx: Transaction, policy: Policy, content: str) -> None:
    """Make this the active version of an installation that has none."""
    await tx.fetch(_FIRST, policy.version, policy.author, policy.note, content)


async def add(tx: Transaction, policy: Policy, content: str, by: str) -> bool:
    """Keep a version. False when there is one of this number already."""
    return bool(await tx.fetch(_ADD, policy.version, by, policy.note, content))


async def page(tx: Transaction, *, before: int, limit: int) -> list[Kept]:
    """At most `limit` versions with smaller numbers, newest first."""
    return [_kept(row) for row in await tx.fetch(PAGE, before, limit)]


async def find(tx: Transaction, version: int) -> Kept | None:
    """A version by its number."""
    rows = await tx.fetch(_FIND, version)
    return _kept(rows[0]) if rows else None


async def content(tx: Transaction, version: int) -> str | None:
    """A version as it was written."""
    rows = await tx.fetch(_CONTENT, version)
    return str(rows[0][0]) if rows else None


async def active(tx: Transaction) -> int | None:
    """The version that decides; None before the first process has started."""
    rows = await tx.fetch(_ACTIVE)
    return int(rows[0][0]) if rows else None


async def newest(tx: Transaction) -> int:
    """The greatest number; 0 without any."""
    rows = await tx.fetch(_NEWEST)
    return int(rows[0][0] or 0)


async def put(tx: Transaction, version: int, state: State, by: str) -> None:
    """Bring a version into a state."""
    await tx.fetch(_PUT, version, state, by)


def _kept(row: Sequence[Any]) -> Kept:
    return Kept(row[0], State(row[1]), *row[2:])
