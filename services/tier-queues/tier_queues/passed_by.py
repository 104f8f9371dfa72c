"""Issues that agents passed by: claim next does not give them the same again for a while."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import NOW, Transaction
from shared.events.attention import IssueSkipped
from tier_queues.organisation_tables import SKIPS
from tier_queues.record import Entry


async def write(tx: Transaction, entries: Sequence[tuple[UUID, Entry]]) -> None:
    """Remember what these entries say was passed by."""
    rows = {
        (entry.fact.actor.id, issue): {"agent": entry.fact.actor.id, "issue_id": issue, "until": entry.fact.until}
        for issue, entry in entries
        if isinstance(entry.fact, IssueSkipped)
    }
    tail = "ON CONFLICT (agent, issue_id) DO UPDATE SET until = excluded.until"
    await tx.insert(SKIPS, list(rows.values()), tail=tail)


async def forget(tx: Transaction) -> None:
    """Forget what may be given again."""
    await tx.fetch(f"DELETE FROM skips WHERE until < {NOW}")  # noqa: S608
