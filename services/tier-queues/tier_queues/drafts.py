"""What an agent has begun to write to a customer, kept until it is sent or thrown away."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.db import NOW, Transaction
from shared.problems import stale

_COLUMNS: Final = "version, text, attachments, seen, updated_at"


@dataclass(frozen=True, slots=True)
class Draft:
    """An agent's draft for one issue. version: grows with every change.

    attachments: as JSON values. seen: the customer's newest message that the agent had read.
    """

    version: int
    text: str
    attachments: Sequence[dict[str, Any]]
    seen: UUID | None
    updated_at: datetime


async def find(tx: Transaction, issue: UUID, agent: str) -> Draft | None:
    """An agent's draft for an issue."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM drafts WHERE issue_id = $1 AND agent = $2",  # noqa: S608
        issue,
        agent,
    )
    return Draft(*rows[0]) if rows else None


_KEEP: Final = f"""
INSERT INTO drafts (issue_id, agent, version, text, attachments, seen, updated_at)
SELECT id, $2, 1, $3, $4, $5, {NOW} FROM issues WHERE id = $1
ON CONFLICT (issue_id, agent) DO UPDATE SET version = drafts.version + 1, text = excluded.text,
    attachments = excluded.attachments, seen = excluded.seen, updated_at = excluded.updated_at
WHERE $6::int IS NULL OR drafts.version = $6
RETURNING {_COLUMNS}
"""  # noqa: S608


async def keep(
    tx: Transaction,
    issue: UUID,
    agent: str,
    *,
    text: str,
    attachments: Sequence[dict[str, Any]],
    seen: UUID | None,
    expected: int | None,
) -> Draft | None:
    """Write a draft. expected: the version to be replaced, 0 for a new one.

    None when there is no such issue, or nothing to be replaced. Raises Problem 412 when another window has written it.
    """
    before = await _locked(tx, issue, agent)
    if expected and not before:
        return None
    if expected is not None and expected != before:
        raise stale(before)
    rows = await tx.fetch(_KEEP, issue, agent, text, json.dumps(list(attachments)), seen, expected)
    if not rows and (newer := await _locked(tx, issue, agent)):
        # A first draft of two windows at once: the row that was not there could not be locked.
        raise stale(newer)
    return Draft(*rows[0]) if rows else None


async def throw_away(tx: Transaction, issue: UUID, agent: str, *, expected: int | None) -> bool:
    """Forget a draft; False when there is none. Raises Problem 412 for another version than expected."""
    before = await _locked(tx, issue, agent)
    if not before:
        return False
    if expected is not None and expected != before:
        raise stale(before)
    await tx.fetch("DELETE FROM drafts WHERE issue_id = $1 AND agent = $2", issue, agent)
    return True


_SENT: Final = """
drafts_rows AS (
    DELETE FROM drafts USING unnest($1::uuid[], $2::text[]) AS sent (issue, agent)
    WHERE issue_id = sent.issue AND drafts.agent = sent.agent
)
"""


async def sent(tx: Transaction, replies: Sequence[tuple[UUID, str]]) -> None:
    """Forget, soon, what these agents had begun to write about these issues: it was sent."""
    if replies:
        await tx.write("drafts", _SENT, [issue for issue, _ in replies], [agent for _, agent in replies])


async def forget(tx: Transaction, kept: timedelta, *, limit: int) -> None:
    """Delete at most `limit` drafts that nobody has touched for so long."""
    await tx.fetch(
        "DELETE FROM drafts WHERE (issue_id, agent) IN (SELECT issue_id, agent FROM drafts "  # noqa: S608
        f"WHERE updated_at < (SELECT {NOW} - $1::interval) ORDER BY updated_at LIMIT $2)",
        kept,
        limit,
    )


async def _locked(tx: Transaction, issue: UUID, agent: str) -> int:
    """The version of a draft that cannot change now; 0 when there is none."""
    rows = await tx.fetch("SELECT version FROM drafts WHERE issue_id = $1 AND agent = $2 FOR UPDATE", issue, agent)
    return int(rows[0][0]) if rows else 0
