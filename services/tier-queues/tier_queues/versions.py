"""Documents that people replace as a whole: every version is a row, with who made it, when and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Table

from shared.db import Transaction
from shared.problems import stale

MADE: Final = ("version", "author", "author_name", "note", "made_at")
BEGAN: Final[Mapping[str, Any]] = MappingProxyType(
    dict(zip(MADE, (0, None, None, "What the installation began with.", None), strict=True))
)
"""What is said of version 0, which nobody made and no table holds."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a version, and why."""

    id: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Made:
    """A version of a document, without its content."""

    version: int
    author: str | None
    author_name: str | None
    note: str
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one document. content: columns that hold it; listed: columns that the list of versions shows."""

    table: Table
    content: tuple[str, ...]
    listed: tuple[str, ...] = MADE

    @property
    def columns(self) -> str:
        """What rows hold, in this order, as SQL."""
        return ", ".join((*self.listed, *self.content))

    @property
    def page(self) -> str:
        """The statement of a page of the list: below a version, and at most so many."""
        return (
            f"SELECT {', '.join(self.listed)} FROM {self.table.name} "  # noqa: S608
            "WHERE version < $1 ORDER BY version DESC LIMIT $2"
        )

    async def lock(self, tx: Transaction) -> int:
        """The number of the newest version, 0 for none; nobody else makes one until the transaction ends."""
        await tx.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", self.table.name)
        return await self.newest_number(tx)

    async def following(self, tx: Transaction, expected: int | None) -> int:
        """The number of the version to be made, locked. expected: the one replaced; None: any. Raises Problem 412."""
        number = await self.lock(tx)
        if expected is not None and expected != number:
            raise stale(number)
        return number + 1

    async def add(self, tx: Transaction, made: Made, **content: Any) -> None:
        """Keep a new version. content: its columns, JSON as text."""
        await tx.insert(self.table, [{name: getattr(made, name) for name in self.listed} | content])

    async def newest_number(self, tx: Transaction) -> int:
        """The number of the newest version; 0 for none."""
        rows = await tx.fetch(f"SELECT coalesce(max(version), 0) FROM {self.table.name}")  # noqa: S608
        return int(rows[0][0])

    async def newest(self, tx: Transaction) -> Any:
        """The row of the newest version, or None."""
        rows = await tx.fetch(f"SELECT {self.columns} FROM {self.table.name} ORDER BY version DESC LIMIT 1")  # noqa: S608
        return rows[0] if rows else None

    async def find(self, tx: Transaction, number: int) -> Any:
        """The row of a version, or None."""
        rows = await tx.fetch(f"SELECT {self.columns} FROM {self.table.name} WHERE version = $1", number)  # noqa: S608
        return rows[0] if rows else None

    async def below(self, tx: Transaction, number: int, limit: int) -> Sequence[Any]:
        """Versions below a number without their content, newest first."""
        return await tx.fetch(self.page, number, limit)
