"""Who is not at work: whose issues do not come back to them when a customer brings one back."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from shared.db import NOW, Transaction
from tier_queues.policies import Policies
from tier_queues.roster import Availability
from tier_queues.shifts import Shifts

# Who has never said whether they are there is taken to be: small installations do without.
_ABSENT: Final = f"""
SELECT id, NOT active OR (availability <> '{Availability.ONLINE}' AND available_since IS NOT NULL) AS said,
    shifts::text AS shifts, (SELECT {NOW}) AS now
FROM agents WHERE NOT active OR shifts IS NOT NULL OR (availability <> '{Availability.ONLINE}'
    AND available_since IS NOT NULL)
"""  # noqa: S608


async def absences(tx: Transaction, policies: Policies) -> Policies:
    """A layer of the rules: the policies with those who are inactive, said away or offline, or are off shift."""
    rows = await tx.fetch(_ABSENT)
    return replace(
        policies,
        absent=frozenset(row.id for row in rows if row.said or not _shifts(row.shifts).are_on(row.now)),
    )


@lru_cache(maxsize=1000)
def _shifts(written: str) -> Shifts:
    """Read once: who works shifts is looked at every second."""
    return Shifts.model_validate_json(written)
