"""The queue of due deliveries: claimed by lease, a few per vendor, the oldest message of a case first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from shared.db import NOW, Transaction
from vendor_bridge import breaker
from vendor_bridge.store import Attempted


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease ends. attempts: made before this one; failures: since armed."""

    id: UUID
    case_id: UUID
    vendor: str
    url: str
    body: bytes
    attempts: int
    failures: int
    lease: UUID


async def claim(
    tx: Transaction, *, lease: UUID, span: timedelta, at_once: int, busy: Mapping[str, int], probe_every: timedelta
) -> list[Claimed]:
    """Lease deliveries that are due; none waits for another process.

    at_once: on their way to one vendor at the same time; busy: how many are already, by vendor. A vendor whose
    circuit is open gets one delivery each `probe_every`.
    """
    rows = await tx.fetch(_CLAIM, list(busy), list(busy.values()), at_once, lease, span)
    claimed = [Claimed(row[0], row[1], row[2], row[3], bytes(row[4]), row[5], row[6], lease) for row in rows]
    if claimed:
        await tx.fetch(_PROBED, sorted({delivery.vendor for delivery in claimed}), probe_every)
    return claimed


_CLAIM: Final = f"""
WITH present AS MATERIALIZED (SELECT {NOW} AS at),
free AS (
    SELECT vendor.id AS vendor, vendor.url, present.at, greatest(0,
        CASE WHEN probe_at IS NULL THEN $3 WHEN probe_at <= present.at THEN 1 ELSE 0 END - coalesce(busy.sending, 0)
    ) AS slots
    FROM present CROSS JOIN vendor LEFT JOIN breaker ON breaker.vendor = vendor.id
    LEFT JOIN unnest($1::text[], $2::int[]) AS busy (vendor, sending) ON busy.vendor = vendor.id
), picked AS (
    SELECT due.id, free.url, free.at FROM free CROSS JOIN LATERAL (
        SELECT id FROM delivery
        WHERE vendor = free.vendor AND state = 'due' AND next_attempt_at <= free.at
            AND (lease_until IS NULL OR lease_until <= free.at)
            AND NOT EXISTS (
                SELECT 1 FROM delivery AS earlier WHERE earlier.case_id = delivery.case_id
                AND earlier.position < delivery.position AND earlier.state = 'due'
            )
        ORDER BY next_attempt_at LIMIT free.slots FOR UPDATE SKIP LOCKED
    ) AS due
)
UPDATE delivery SET lease = $4, lease_until = picked.at + $5 FROM picked WHERE delivery.id = picked.id
RETURNING delivery.id, case_id, vendor, picked.url, body, attempts, failures
"""  # noqa: S608
_PROBED: Final = f"UPDATE breaker SET probe_at = {NOW} + $2 WHERE vendor = ANY($1) AND probe_at IS NOT NULL"  # noqa: S608


async def probe_now(tx: Transaction, vendor: str) -> None:
    """Let a vendor whose circuit is open have its next delivery at once: a person says that it is back."""
    await tx.fetch(f"UPDATE breaker SET probe_at = {NOW} WHERE vendor = $1 AND probe_at IS NOT NULL", vendor)  # noqa: S608


async def learn(tx: Transaction, attempts: Sequence[Attempted], *, probe_every: timedelta) -> None:
    """Remember how vendors fared; opens and closes their circuits."""
    vendors = sorted({attempt.vendor for attempt in attempts})
    await tx.fetch("INSERT INTO breaker (vendor) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING", vendors)
    rows = await tx.fetch("SELECT vendor, outcomes FROM breaker WHERE vendor = ANY($1) ORDER BY 1 FOR UPDATE", vendors)
    outcomes = {
        vendor: breaker.after(
            before,
            "".join(breaker.WELL if one.delivered else breaker.FAILED for one in attempts if one.vendor == vendor),
        )
        for vendor, before in rows
    }
    await tx.fetch(
        _LEARN,
        list(outcomes),
        list(outcomes.values()),
        [breaker.is_open(latest) for latest in outcomes.values()],
        probe_every,
    )


_LEARN: Final = f"""
UPDATE breaker SET outcomes = new.outcomes,
    probe_at = CASE WHEN new.open THEN coalesce(probe_at, {NOW} + $4) END
FROM unnest($1::text[], $2::text[], $3::boolean[]) AS new (vendor, outcomes, open) WHERE breaker.vendor = new.vendor
"""  # noqa: S608
