"""What rules are to do, in rows: written with the fact that set it off, taken in order, and kept as what they did."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from shared.db import NOW, Transaction
from shared.events import work
from shared.paging import cursor_of, key_in
from shared.problems import Problem
from tier_queues.automation import Due, Stay
from tier_queues.automation_tables import AUTOMATION_DUE, AUTOMATION_RUNS

Outcome = Literal["done", "refused", "stopped"]
DONE: Final = "done"
REFUSED: Final = "refused"
STOPPED: Final = "stopped"
DAY: Final = timedelta(days=1)
ACTING_LOCK: Final = 7_201_008
"""Number of the advisory lock that keeps what rules do in order: one process at a time."""

_KEY: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=2**63)]])
NEXT: Final = f"""
SELECT issue_id, fact_version, rule, version, chain, due_at, stay, id FROM automation_due
WHERE due_at <= (SELECT {NOW}) ORDER BY due_at, id LIMIT $1
"""  # noqa: S608
_LASTED: Final = f"""
SELECT due.id FROM automation_due AS due
JOIN timeline AS began ON began.issue_id = due.issue_id AND began.version = due.fact_version
WHERE due.id = ANY($1) AND (
    SELECT true FROM timeline AS later WHERE later.issue_id = due.issue_id AND later.version > due.fact_version
    AND CASE due.stay
        WHEN '{Stay.STATE}' THEN later.fact->'standing'->'state' <> began.fact->'standing'->'state'
        WHEN '{Stay.QUEUED}' THEN (
            later.fact->'standing'->'state', later.fact->'standing'->'tier', later.fact->'standing'->'team'
        ) IS DISTINCT FROM (
            began.fact->'standing'->'state', began.fact->'standing'->'tier', began.fact->'standing'->'team'
        )
        ELSE later.type = '{work.CustomerHeard.TYPE}'
    END LIMIT 1
) IS NULL
"""  # noqa: S608
_ACTED: Final = f"""
SELECT issue_id, count(*), bool_or(outcome = '{STOPPED}') FROM automation_runs
WHERE issue_id = ANY($1) AND at > (SELECT {NOW}) - $2::interval GROUP BY issue_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Acted:
    """What rules did to an issue within a day. stopped: one of them was stopped, of which the lead has heard."""

    times: int = 0
    stopped: bool = False


async def add(tx: Transaction, dues: Sequence[Due]) -> None:
    """Write what is due, soon."""
    rows = [
        {
            "issue_id": due.issue,
            "fact_version": due.fact_version,
            "rule": due.rule,
            "version": due.version,
            "chain": json.dumps(due.chain),
            "stay": due.stay,
            "due_at": due.at,
        }
        for due in dues
    ]
    await tx.insert(AUTOMATION_DUE, rows)


async def begin(tx: Transaction) -> bool:
    """Whether nobody else lets rules act until this transaction ends."""
    rows = await tx.fetch("SELECT pg_try_advisory_xact_lock($1)", ACTING_LOCK)
    return bool(rows[0][0])


async def following(tx: Transaction, limit: int) -> list[Due]:
    """What is due, longest due first."""
    rows = await tx.fetch(NEXT, limit)
    return [
        Due(
            issue=row.issue_id,
            fact_version=row.fact_version,
            rule=row.rule,
            version=row.version,
            chain=tuple(row.chain),
            at=row.due_at,
            stay=Stay(row.stay) if row.stay else None,
            id=row.id,
        )
        for row in rows
    ]


async def lasting(tx: Transaction, dues: Sequence[Due]) -> frozenset[int]:
    """Ids of those rules of time for which everything has lasted that must."""
    timed = [due.id for due in dues if due.stay is not None]
    return frozenset(row[0] for row in await tx.fetch(_LASTED, timed)) if timed else frozenset()


async def acted(tx: Transaction, issues: Collection[UUID]) -> dict[UUID, Acted]:
    """What rules did to these issues within a day."""
    rows = await tx.fetch(_ACTED, sorted(issues), DAY)
    return {row[0]: Acted(row[1], row[2]) for row in rows}


async def end(tx: Transaction, dues: Sequence[Due], runs: Sequence[tuple[Due, Outcome, Problem | None]]) -> None:
    """Strike off what is over, and keep what became of it."""
    now = await tx.now()
    rows = [
        {
            "issue_id": due.issue,
            "fact_version": due.fact_version,
            "rule": due.rule,
            "version": due.version,
            "chain": json.dumps(due.chain),
            "at": now,
            "outcome": outcome,
            "problem": None if problem is None else problem.body().decode(),
        }
        for due, outcome, problem in runs
    ]
    await tx.insert(AUTOMATION_RUNS, rows)
    await tx.fetch("DELETE FROM automation_due WHERE id = ANY($1)", [due.id for due in dues])


def runs(
    *, rule: str | None, issue: UUID | None, outcome: Outcome | None, after: str | None, limit: int
) -> tuple[str, list[Any]]:
    """The statement for a page of what rules did, newest first, one row longer. Raises Problem 422."""
    parameters: list[Any] = []
    conditions = ["true"]
    behind = key_in(after, _KEY)[0] if after else None
    for condition, value in (("rule =", rule), ("issue_id =", issue), ("outcome =", outcome), ("id <", behind)):
        if value is not None:
            parameters.append(value)
            conditions.append(f"{condition} ${len(parameters)}")
    sql = (
        "SELECT id, issue_id, fact_version, rule, version, chain, at, outcome, problem FROM automation_runs "  # noqa: S608
        f"WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT {limit + 1}"
    )
    return sql, parameters


def more_than(rows: Sequence[Any], limit: int) -> str | None:
    """Where the next page begins."""
    return cursor_of([rows[limit - 1].id]) if len(rows) > limit else None


async def forget(tx: Transaction, kept: timedelta, *, limit: int) -> None:
    """Delete at most `limit` runs that are so old."""
    await tx.fetch(
        "DELETE FROM automation_runs WHERE id IN (SELECT id FROM automation_runs "  # noqa: S608
        f"WHERE at < (SELECT {NOW} - $1::interval) ORDER BY at LIMIT $2)",
        kept,
        limit,
    )
