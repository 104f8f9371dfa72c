"""Cases as staff look at them: SQL that only reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.db import Transaction
from shared.paging import LAST_ID
from vendor_bridge.case import Case, CaseState
from vendor_bridge.contract import message_id
from vendor_bridge.store import COLUMNS, case_of


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a message."""

    number: int
    at: datetime
    took_milliseconds: int
    status: int | None
    reply: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to a vendor, its attempts in order. next_attempt_at: None when it is settled."""

    id: str
    state: str
    next_attempt_at: datetime | None
    attempts: list[Attempt]


async def case(tx: Transaction, case_id: UUID) -> Case | None:
    """One case, or None."""
    rows = await tx.fetch(f"SELECT {COLUMNS} FROM vendor_case WHERE id = $1", case_id)  # noqa: S608
    return case_of(rows[0]) if rows else None


async def page(
    tx: Transaction,
    *,
    issue: UUID | None,
    vendor: str | None,
    state: CaseState | None,
    before: UUID | None,
    limit: int,
) -> list[Case]:
    """Cases that fit, newest first, born before `before`, at most `limit`."""
    wanted = {"issue": issue, "vendor": vendor, "state": state}
    given = {name: value for name, value in wanted.items() if value is not None}
    conditions = "".join(f" AND {name} = ${place}" for place, name in enumerate(given, 3))
    rows = await tx.fetch(
        f"SELECT {COLUMNS} FROM vendor_case WHERE id < $1{conditions} ORDER BY id DESC LIMIT $2",  # noqa: S608
        before or LAST_ID,
        limit,
        *given.values(),
    )
    return [case_of(row) for row in rows]


async def deliveries(tx: Transaction, case_id: UUID) -> Sequence[Delivery]:
    """A case's messages in order, each with its attempts."""
    attempts: dict[UUID, list[Attempt]] = {}
    for delivery, *attempt in await tx.fetch(_ATTEMPTS, case_id):
        attempts.setdefault(delivery, []).append(Attempt(*attempt))
    rows = await tx.fetch(
        "SELECT id, state, next_attempt_at FROM delivery WHERE case_id = $1 ORDER BY position", case_id
    )
    return [
        Delivery(message_id(row[0]), row[1], row[2] if row[1] == "due" else None, attempts.get(row[0], []))
        for row in rows
    ]


_ATTEMPTS: Final = """
SELECT delivery, number, attempt.at, took_milliseconds, status, reply, reason
FROM attempt JOIN delivery ON delivery.id = attempt.delivery WHERE case_id = $1 ORDER BY delivery, attempt.at, number
"""
