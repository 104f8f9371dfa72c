"""Take effect once, in order: per key and producer, the last `seq` whose effect is committed."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from shared.db import Transaction, Unavailable
from shared.dead_letters import OPEN
from shared.events import Envelope


def inbox_table(schema: MetaData) -> Table:
    """One row per (key, producer), advanced in the transaction of the effect."""
    return Table(
        "inbox",
        schema,
        Column("key", Text, primary_key=True),
        Column("producer", Text, primary_key=True),
        Column("seq", BigInteger, nullable=False),
        postgresql_with={"fillfactor": "70"},
    )


class Overtaken(Unavailable):
    """Another member of the group handled the same events meanwhile; roll back and look again."""


Seen = dict[tuple[str, str], int]

_GUARD: Final = """
WITH guard AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(place) FROM (
        SELECT DISTINCT hashtextextended(key, 0) AS place FROM unnest($1::text[]) AS key ORDER BY place
    ) AS places
), handled AS (
    SELECT key, producer, seq FROM inbox WHERE key = ANY($1) AND (SELECT count(*) FROM guard) > 0
    ORDER BY key, producer FOR UPDATE
)
"""
"""A key's facts are handled by one transaction at a time, whatever their topics and whether it has a row yet or not.

What another had just committed when the guard was got may be missing here; `advance` finds that out.
"""
_SEEN: Final = f"{_GUARD} SELECT key, producer, seq FROM handled"  # noqa: S608
_LOOK: Final = f"""
{_GUARD}, blocking AS (
    SELECT key FROM dead_letter WHERE key = ANY($1) AND state IN {OPEN} AND (SELECT count(*) FROM guard) > 0
    ORDER BY position FOR UPDATE
)
SELECT key, producer, seq FROM handled UNION ALL SELECT key, NULL, NULL FROM blocking
"""  # noqa: S608

_ADVANCE: Final = """
INSERT INTO inbox (key, producer, seq)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (key, producer) DO UPDATE SET seq = excluded.seq
RETURNING (xmax = 0) AS inserted
"""


async def seen(tx: Transaction, keys: Sequence[str]) -> Seen:
    """The last handled `seq` per (key, producer), locked, for who holds the keys' dead letters already."""
    return {(key, producer): seq for key, producer, seq in await tx.fetch(_SEEN, sorted(set(keys)))}


async def look(tx: Transaction, keys: Sequence[str]) -> tuple[Seen, set[str]]:
    """The last handled `seq` per (key, producer), and the keys that wait behind a dead letter.

    All of it is locked: a concurrent duplicate waits and then loses, and a replay cannot slip by. Until the
    transaction ends no other handles facts of these keys.
    """
    rows = await tx.fetch(_LOOK, sorted(set(keys)))
    seen = {(key, producer): seq for key, producer, seq in rows if producer is not None}
    return seen, {key for key, producer, _ in rows if producer is None}


def fresh(events: Sequence[Envelope[Any]], before: Seen) -> list[Envelope[Any]]:
    """The events above what was seen, in the order given; repeats within `events` are dropped too."""
    last = dict(before)
    unseen = []
    for event in events:
        place = (event.subject, event.source)
        if event.seq > last.get(place, 0):
            last[place] = event.seq
            unseen.append(event)
    return unseen


async def advance(tx: Transaction, events: Sequence[Envelope[Any]], before: Seen) -> None:
    """Record the events as handled. Raises Overtaken when a key that was new to us is no longer new."""
    last = {(event.subject, event.source): event.seq for event in events}
    if not last:
        return
    places = sorted(last)
    rows = await tx.carry(
        _ADVANCE, [key for key, _ in places], [producer for _, producer in places], [last[place] for place in places]
    )
    if sum(row[0] for row in rows) != sum(place not in before for place in places):
        raise Overtaken("the same events were handled elsewhere")
