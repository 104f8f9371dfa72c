"""How each worker's consumer fares, told to the database, so that any process can answer operators."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, func

from shared.bus import Consumer
from shared.db import Transaction

ANNOUNCE_EVERY: Final = timedelta(seconds=2)
GONE_AFTER: Final = timedelta(seconds=15)
"""A member not heard of for so long counts no more."""


def member_table(schema: MetaData) -> Table:
    """One row per worker of the service."""
    return Table(
        "member",
        schema,
        Column("instance", Text, primary_key=True),
        Column("lag", BigInteger, nullable=False),
        Column("halted", Text),
        Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """All members of a service's consumer group together. lag: records not handled yet; None when nobody consumes."""

    lag: int | None
    halted: str | None


_ANNOUNCE: Final = """
INSERT INTO member (instance, lag, halted) VALUES ($1, $2, $3)
ON CONFLICT (instance) DO UPDATE SET lag = excluded.lag, halted = excluded.halted, seen_at = clock_timestamp()
"""


async def announce(tx: Transaction, instance: str, consumer: Consumer) -> None:
    """Say how this process's consumer fares."""
    await tx.fetch(_ANNOUNCE, instance, consumer.lag, consumer.halted)


async def group(tx: Transaction) -> Group:
    """How the members heard of lately fare."""
    rows = await tx.fetch(
        "SELECT sum(lag)::bigint, max(halted) FROM member WHERE seen_at > clock_timestamp() - $1::interval", GONE_AFTER
    )
    return Group(*rows[0])
