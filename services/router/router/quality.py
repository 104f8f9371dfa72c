"""How decisions fare: counted where they are made, judged by the audit, shown as metrics and as alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from router import auditing, quality_store
from router.handlers import Desk
from shared.db import Database, Transaction
from shared.telemetry import AUDIT_PRECISION, COVERAGE


@dataclass(frozen=True)
class Watch:
    """Notes what a process decided, and tells metrics how decisions fare."""

    db: Database
    desk: Desk

    async def note(self) -> bool:
        """Note the coverage since the last time. What cannot be noted is lost: it is a statistic, not a fact."""
        counted = self.desk.take_coverage()
        async with self.db.transaction() as tx:
            if counted.decided:
                await quality_store.count(tx, counted)
            found = await quality_store.quality(tx)
        AUDIT_PRECISION.set(nan if found.precision is None else found.precision)
        COVERAGE.set(found.day.share if found.day.decided else nan)
        return False


async def alarms(tx: Transaction) -> Sequence[str]:
    """What an operator must look at."""
    return auditing.alarms(await quality_store.quality(tx))
