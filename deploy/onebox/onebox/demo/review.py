"""The audit at work: reads everything again and again until nothing is wrong, or until what is wrong stays wrong."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from onebox.demo.audit import CHECKS, Offender, offenders
from onebox.demo.case import Case
from onebox.demo.database import Databases
from onebox.demo.evidence import Evidence, Reader

REST_WITHIN: Final = timedelta(minutes=3)
"""How long mails, views and inboxes may take to catch up after the last story, as long as they advance."""
ADVANCE_WITHIN: Final = timedelta(seconds=15)
"""What is still wrong after so long without any change is not going to become right."""
LOOK_AGAIN: Final = timedelta(seconds=1)


@dataclass(frozen=True)
class Review:
    """What the audit saw in the end. not_checked: what it could not look at, with the reason."""

    evidence: Sequence[Evidence]
    offenders: Sequence[Offender]
    not_checked: Sequence[str]


async def review(cases: Sequence[Case], reader: Reader, databases: Databases | None) -> Review:
    """Audit these cases once everything about them has come to rest."""
    different = await reader.customers.repeat_some()
    again = [Offender(f"key {intent.key}", "the same post was answered with other bytes") for intent in different]
    evidence, found = await _at_rest(cases, reader, databases)
    not_checked = [] if databases is not None else ["PostgreSQL (no DATABASE_URL, or it could not be reached)"]
    if any(each.mails is None for each in evidence):
        not_checked.append("mails at the sink (it was not reached, or does not keep that many)")
    if any(each.received is None for each in evidence):
        not_checked.append("the vendor's own log")
    return Review(evidence, [*again, *found], not_checked)


async def _at_rest(
    cases: Sequence[Case], reader: Reader, databases: Databases | None
) -> tuple[list[Evidence], list[Offender]]:
    """Mails, views and inboxes follow an issue with some delay: only what stays wrong is wrong."""
    await _until_sent(reader)
    began = changed = time.monotonic()
    known: dict[UUID, Evidence] = {}
    before: list[Offender] = []
    doubtful = list(cases)
    while True:
        known |= {each.id: each for each in await reader.read(doubtful)}
        evidence = [known[case.id] for case in cases]
        found = offenders(evidence)
        if databases is not None:
            found += await databases.offenders([case.id for case in cases])
        now = time.monotonic()
        changed, before = (changed if found == before else now), found
        if not found or now > min(changed + ADVANCE_WITHIN.total_seconds(), began + REST_WITHIN.total_seconds()):
            return evidence, found
        await asyncio.sleep(LOOK_AGAIN.total_seconds())
        doubtful = [case for case in cases if any(True for check in CHECKS for _ in check(known[case.id]))]


async def _until_sent(reader: Reader) -> None:
    """Wait as long as mails are being sent. Reading everything meanwhile would only slow them down."""
    changed, before = time.monotonic(), -1
    while waiting := await reader.mails_waiting():
        now = time.monotonic()
        changed, before = (changed if waiting == before else now), waiting
        if now > changed + ADVANCE_WITHIN.total_seconds():
            return
        await asyncio.sleep(LOOK_AGAIN.total_seconds())
