"""What operators of the queues should look into."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.db import NOW, Transaction
from tier_queues.settings import Settings

_ALARMS: Final = f"""
SELECT (SELECT count(DISTINCT issue_id) FROM early_facts WHERE received_at < clock_timestamp() - $1::interval),
       (SELECT count(*) FROM issues WHERE next_due < (SELECT {NOW} - $2::interval))
"""  # noqa: S608


def alarms(settings: Settings) -> Callable[[Transaction], Awaitable[Sequence[str]]]:
    """Reads the alarms, as sentences."""

    async def read(tx: Transaction) -> Sequence[str]:
        unrouted, late = (await tx.fetch(_ALARMS, settings.early_after, settings.late_after))[0]
        found = []
        if unrouted:
            found.append(f"{unrouted} issues were heard of and are not routed after {settings.early_after}.")
        if late:
            found.append(f"{late} issues have a due time that was missed by more than {settings.late_after}.")
        return found

    return read
