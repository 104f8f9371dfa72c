"""Cases, deliveries and callbacks: the only file that knows their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.db import NOW, Transaction
from shared.events.work import IssueForwarded
from shared.ids import new_id
from shared.inbox import Overtaken
from shared.outbox import Outgoing, publish
from vendor_bridge.case import Case, CaseState, Decision
from vendor_bridge.settings import Settings
from vendor_bridge.tables import ATTEMPT, CASE, DELIVERY

COLUMNS: Final = "id, issue, vendor, vendor_name, state, reference, attempts, opened_at, updated_at, version"


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message that is due at once."""

    id: UUID
    case_id: UUID
    vendor: str
    body: bytes
    next_attempt_at: datetime
    state: str = "due"
    attempts: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Attempted:
    """What became of one attempt. wait: until the next, None when it was the last planned; reason: why it failed."""

    delivery: UUID
    case_id: UUID
    vendor: str
    lease: UUID
    number: int
    delivered: bool
    status: int | None
    reply: str | None
    reason: str | None
    reference: str | None
    took: timedelta
    wait: timedelta | None

    @property
    def state(self) -> str:
        """The delivery's state after this attempt."""
        if self.delivered:
            return "delivered"
        return "exhausted" if self.wait is None else "due"


def case_of(row: Any) -> Case:
    """A case from a row of `COLUMNS`."""
    return Case(row[0], row[1], row[2], row[3], CaseState(row[4]), *row[5:10])


async def known(tx: Transaction, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that are cases already."""
    return {row[0] for row in await tx.fetch("SELECT id FROM vendor_case WHERE id = ANY($1)", ids)}


async def open_cases(
    tx: Transaction, opened: Sequence[tuple[Decision, IssueForwarded]], deliveries: Sequence[NewDelivery]
) -> None:
    """Write new cases with their first deliveries and publish what is said about them."""
    rows = [_row(decision.case) | {"forwarded": forwarded.model_dump_json()} for decision, forwarded in opened]
    await tx.insert(CASE, rows)
    await add_deliveries(tx, deliveries)
    await _publish(tx, [decision for decision, _ in opened])


def _row(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in COLUMNS.split(", ")}


async def add_deliveries(tx: Transaction, deliveries: Sequence[NewDelivery]) -> None:
    """Write new deliveries."""
    names = NewDelivery.__slots__
    await tx.insert(DELIVERY, [{name: getattr(delivery, name) for name in names} for delivery in deliveries])


async def lock(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Case]:
    """The cases that exist, by id, locked until the transaction ends."""
    rows = await tx.fetch(
        f"SELECT {COLUMNS} FROM vendor_case WHERE id = ANY($1) ORDER BY id FOR UPDATE",  # noqa: S608
        sorted(set(ids)),
    )
    return {row[0]: case_of(row) for row in rows}


async def save(tx: Transaction, decisions: Sequence[Decision]) -> None:
    """Write locked cases as decided, settle what a callback proved delivered, and publish."""
    names = ("id", "state", "reference", "attempts", "updated_at", "version")
    last = {decision.case.id: decision.case for decision in decisions}
    await tx.update(CASE, [{name: getattr(case, name) for name in names} for case in last.values()])
    proven = [decision.case.id for decision in decisions if decision.proven]
    if proven:
        await tx.fetch(_PROVEN, proven)
    await _publish(tx, decisions)


_PROVEN: Final = """
UPDATE delivery SET state = 'delivered', lease = NULL, lease_until = NULL
WHERE case_id = ANY($1) AND state IN ('due', 'exhausted')
"""
"""The lease goes too: whoever is still sending finds, by its token, that there is nothing left to record."""


async def _publish(tx: Transaction, decisions: Sequence[Decision]) -> None:
    outgoing = [
        Outgoing(str(decision.case.issue), fact, time=fact.at) for decision in decisions for fact in decision.facts
    ]
    await publish(tx, outgoing, source=Settings.SERVICE)


async def settle(tx: Transaction, attempts: Sequence[Attempted]) -> set[UUID]:
    """Record attempts and move on the deliveries that are still leased to them. Returns those deliveries' ids."""
    now = await tx.now()
    await tx.insert(ATTEMPT, [_attempt(attempt, at=now) for attempt in attempts])
    rows = await tx.fetch(
        _SETTLE,
        [attempt.delivery for attempt in attempts],
        [attempt.lease for attempt in attempts],
        [attempt.state for attempt in attempts],
        [attempt.wait or timedelta() for attempt in attempts],
    )
    return {row[0] for row in rows}


_SETTLE: Final = f"""
UPDATE delivery SET state = new.state, attempts = attempts + 1, lease = NULL, lease_until = NULL,
    failures = failures + (new.state <> 'delivered')::int, next_attempt_at = {NOW} + new.wait
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::interval[]) AS new (id, lease, state, wait)
WHERE delivery.id = new.id AND delivery.lease = new.lease RETURNING delivery.id
"""  # noqa: S608


def _attempt(attempt: Attempted, *, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "delivery": attempt.delivery,
        "number": attempt.number,
        "at": at - attempt.took,
        "took_milliseconds": round(attempt.took.total_seconds() * 1000),
        "status": attempt.status,
        "reply": attempt.reply,
        "reason": attempt.reason,
    }


async def rearm(tx: Transaction, case_id: UUID) -> int:
    """Make the case's undelivered messages due at once, with the whole schedule before them. Returns how many."""
    rows = await tx.fetch(
        f"UPDATE delivery SET state = 'due', failures = 0, next_attempt_at = {NOW} "  # noqa: S608
        "WHERE case_id = $1 AND state <> 'delivered' RETURNING id",
        case_id,
    )
    return len(rows)


async def forwarded(tx: Transaction, case_id: UUID) -> IssueForwarded:
    """The fact that opened a case."""
    rows = await tx.fetch("SELECT forwarded::text FROM vendor_case WHERE id = $1", case_id)
    return IssueForwarded.model_validate_json(rows[0][0])


async def remember_callback(
    tx: Transaction, vendor: str, case_id: UUID, ids: Sequence[str], digest: bytes
) -> Mapping[str, bytes]:
    """Keep a callback's ids, or return those that were known already, with the digest of their body.

    Ask with the case locked, so that a twin has committed or not begun. Raises Overtaken when an id is at work in
    another case.
    """
    rows = await tx.fetch("SELECT id, digest FROM callback WHERE vendor = $1 AND id = ANY($2)", vendor, ids)
    if not rows and len(await tx.fetch(_REMEMBER, vendor, sorted(ids), digest, case_id)) != len(ids):
        raise Overtaken("this id is at work in another case")
    return {row[0]: bytes(row[1]) for row in rows}


_REMEMBER: Final = f"""
INSERT INTO callback (vendor, id, digest, case_id, received_at)
SELECT $1, id, $3, $4, {NOW} FROM unnest($2::text[]) AS id ON CONFLICT (vendor, id) DO NOTHING RETURNING id
"""  # noqa: S608


async def count_conflict(tx: Transaction, vendor: str, ids: Sequence[str]) -> None:
    """Note that an id came again with another body."""
    await tx.fetch("UPDATE callback SET conflicts = conflicts + 1 WHERE vendor = $1 AND id = ANY($2)", vendor, ids)


async def forget_callbacks(tx: Transaction, memory: timedelta) -> None:
    """Delete ids of callbacks older than the memory."""
    await tx.fetch(f"DELETE FROM callback WHERE received_at < {NOW} - $1::interval", memory)  # noqa: S608


async def alarms(tx: Transaction, late_after: timedelta) -> list[str]:
    """What a person should look at, as sentences."""
    exhausted, late, conflicts, resting = (await tx.fetch(_ALARMS, late_after))[0]
    found = [
        (exhausted, f"{exhausted} vendor cases could not be delivered; replay them when the vendor is back."),
        (late, f"{late} deliveries to vendors are due and nobody has tried them."),
        (conflicts, f"{conflicts} callbacks came again with the same id and another body."),
        (resting, f"These vendors fail most deliveries and are only probed: {resting}."),
    ]
    return [sentence for count, sentence in found if count]


_ALARMS: Final = f"""
SELECT (SELECT count(*) FROM vendor_case WHERE state = 'exhausted'),
    (SELECT count(*) FROM delivery LEFT JOIN breaker USING (vendor)
     WHERE state = 'due' AND next_attempt_at < {NOW} - $1::interval AND probe_at IS NULL),
    (SELECT coalesce(sum(conflicts), 0) FROM callback WHERE received_at > {NOW} - interval '1 day'),
    (SELECT string_agg(vendor, ', ' ORDER BY vendor) FROM breaker WHERE probe_at IS NOT NULL)
"""  # noqa: S608
