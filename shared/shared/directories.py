"""Copies of other services' slow-changing data, kept from compacted topics; the higher version wins."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import Transaction
from shared.events.directory import Entry


def directory_table(schema: MetaData) -> Table:
    """One row per entry; `body` is the newest snapshot."""
    return Table(
        "directory",
        schema,
        Column("kind", Text, primary_key=True),
        Column("entity", Text, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("body", JSONB, nullable=False),
    )


_KEEP: Final = """
INSERT INTO directory AS kept (kind, entity, version, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::jsonb[])
ON CONFLICT (kind, entity) DO UPDATE SET version = excluded.version, body = excluded.body
WHERE kept.version < excluded.version
"""


async def keep(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Remember the newest snapshot of each entry."""
    newest: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        place = (entry.KIND, entry.entity)
        if place not in newest or newest[place].version < entry.version:
            newest[place] = entry
    if not newest:
        return
    places = sorted(newest)
    await tx.fetch(
        _KEEP,
        [kind for kind, _ in places],
        [entity for _, entity in places],
        [newest[place].version for place in places],
        [newest[place].model_dump_json() for place in places],
    )


async def find(tx: Transaction, kind: str, entity: str) -> dict[str, Any] | None:
    """The newest snapshot of one entry, or None."""
    rows = await tx.fetch("SELECT body FROM directory WHERE kind = $1 AND entity = $2", kind, entity)
    return rows[0][0] if rows else None


async def everything(tx: Transaction, kind: str) -> list[dict[str, Any]]:
    """All snapshots of a kind, by entity."""
    rows = await tx.fetch("SELECT body FROM directory WHERE kind = $1 ORDER BY entity", kind)
    return [row[0] for row in rows]
