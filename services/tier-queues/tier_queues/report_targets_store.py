"""The targets of reports in rows: every version, and the one in force."""

from typing import Final

from shared.db import Transaction
from tier_queues.report_tables import REPORT_TARGETS
from tier_queues.report_targets import ReportTargets
from tier_queues.versions import Versions

VERSIONS: Final = Versions(REPORT_TARGETS, ("targets", "cost_per_hour"))


async def in_force(tx: Transaction, first: ReportTargets) -> ReportTargets:
    """What reports measure by now. first: what the installation began with."""
    row = await VERSIONS.newest(tx)
    return first if row is None else ReportTargets(targets=row.targets, cost_per_hour=row.cost_per_hour)
