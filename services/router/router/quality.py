"""How decisions fare: counted with them, judged by the audit, shown as metrics and as alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from router import auditing, quality_store
from router.models import Models
from router.policies import Policies
from shared.db import Database, Transaction
from shared.operations import Alarms
from shared.telemetry import AUDIT_PRECISION, COVERAGE


@dataclass(frozen=True)
class Watch:
    """Tells metrics how decisions fare."""

    db: Database

    async def look(self) -> bool:
        """Set the gauges of this process."""
        async with self.db.transaction() as tx:
            found = await quality_store.quality(tx)
        AUDIT_PRECISION.set(nan if found.precision is None else found.precision)
        COVERAGE.set(found.day.share if found.day.decided else nan)
        return False


def alarms(policies: Policies, models: Models) -> Alarms:
    """What an operator must look at."""

    async def told(tx: Transaction) -> Sequence[str]:
        return [*policies.alarms, *models.alarms, *auditing.alarms(await quality_store.quality(tx))]

    return told
