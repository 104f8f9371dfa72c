"""Problems in rows: loaded, saved with their history, and what they have to tell laid out for every linked issue."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from shared.db import Transaction
from shared.ids import new_id
from tier_queues.problem import News, Outcome, Person, Problem, State, Topic
from tier_queues.problem_links import Heard
from tier_queues.problem_tables import PROBLEM_HISTORY, PROBLEM_NEWS

_PROBLEM: Final = TypeAdapter(Problem)

_WORDS: Final = "to_tsvector('simple', $3 || ' ' || $4)"
_ADD: Final = f"""
INSERT INTO problems (id, version, kind, state, title, words, product, updated_at, body)
VALUES ($1, 0, $2, 'open', $3, {_WORDS}, $5, $6, '{{}}') RETURNING number
"""  # noqa: S608
_KEEP: Final = f"""
UPDATE problems SET version = $2, title = $3, words = {_WORDS}, product = $5, updated_at = $6, state = $7,
    release_id = $8, body = $9 WHERE id = $1
"""  # noqa: S608
_LAY_OUT: Final = """
INSERT INTO problem_news_untold (news_id, issue_id)
SELECT $1, issue_id FROM problem_links WHERE problem_id = $2 ORDER BY issue_id
"""
_HAND_OVER: Final = """
WITH taken AS (DELETE FROM problem_links WHERE problem_id = $1 RETURNING issue_id, account, customer, at)
INSERT INTO problem_links (problem_id, issue_id, account, customer, at)
SELECT $2, issue_id, account, customer, at FROM taken ON CONFLICT DO NOTHING
"""
_UNTOLD: Final = """
SELECT position, issue_id, problem_id, topic, text, resolve, release, target_id
FROM (SELECT * FROM problem_news_untold ORDER BY position LIMIT $1) AS untold
JOIN problem_news ON problem_news.id = news_id ORDER BY position
"""
TELLING_LOCK: Final = 7_201_004
"""Number of the advisory lock that keeps news in their order: one process tells at a time."""


@dataclass(frozen=True, slots=True)
class Untold:
    """News that an issue has not heard of yet. target: what stands for a merged problem."""

    position: int
    issue: UUID
    news: Heard


async def find(tx: Transaction, problem: UUID) -> Problem | None:
    """One problem, not locked."""
    rows = await tx.fetch("SELECT body::text FROM problems WHERE id = $1", problem)
    return _PROBLEM.validate_json(rows[0][0]) if rows else None


async def kept(tx: Transaction, problems: Collection[UUID]) -> dict[UUID, Problem]:
    """Those of these problems that there are, as nobody else can change them until the transaction ends.

    Whoever links an issue to a problem meanwhile is seen by its next news, or the news by them.
    """
    sql = "SELECT body::text FROM problems WHERE id = ANY($1) ORDER BY id FOR SHARE"
    return _by_id(await tx.fetch(sql, sorted(set(problems))))


async def lock(tx: Transaction, problems: Collection[UUID]) -> tuple[dict[UUID, Problem], datetime]:
    """Those of these problems that there are, locked in id order, and the present."""
    sql = "SELECT body::text FROM problems WHERE id = ANY($1) ORDER BY id FOR UPDATE"
    return _by_id(await tx.fetch(sql, sorted(set(problems)))), await tx.now()


def _by_id(rows: Sequence[Any]) -> dict[UUID, Problem]:
    found = [_PROBLEM.validate_json(row[0]) for row in rows]
    return {problem.id: problem for problem in found}


async def add(tx: Transaction, problem: Problem) -> int:
    """Begin a problem; its row stays empty until `keep`. Returns its number."""
    rows = await tx.fetch(
        _ADD, problem.id, problem.kind, problem.title, problem.description, problem.product, problem.made_at
    )
    return int(rows[0][0])


async def keep(tx: Transaction, problem: Problem, what: str, content: dict[str, Any], by: Person) -> None:
    """Write a locked problem, and what was done to it on its history."""
    await tx.fetch(
        _KEEP,
        problem.id,
        problem.version,
        problem.title,
        problem.description,
        problem.product,
        problem.updated_at,
        problem.state,
        problem.release,
        _PROBLEM.dump_json(problem).decode(),
    )
    entry = {
        "problem_id": problem.id,
        "version": problem.version,
        "at": problem.updated_at,
        "actor": by.id,
        "actor_name": by.name,
        "what": what,
        "content": json.dumps(content),
    }
    await tx.insert(PROBLEM_HISTORY, [entry])


async def announce(tx: Transaction, outcome: Outcome) -> UUID | None:
    """Lay the news out for every linked issue. Returns their id, None when there are none."""
    problem, news = outcome.problem, outcome.news
    if news is None:
        return None
    made = new_id()
    await tx.insert(PROBLEM_NEWS, [_news_row(made, problem, news)])
    await tx.fetch(_LAY_OUT, made, problem.id)
    if problem.state is State.MERGED:
        await tx.fetch(_HAND_OVER, problem.id, problem.merged_into)
    return made


def _news_row(made: UUID, problem: Problem, news: News) -> dict[str, Any]:
    return {
        "id": made,
        "problem_id": problem.id,
        "topic": news.topic.value,
        "text": news.text,
        "resolve": news.resolve,
        "release": problem.release_name,
        "target_id": problem.merged_into,
        "at": problem.updated_at,
    }


async def begin_to_tell(tx: Transaction) -> bool:
    """Whether nobody else tells news until this transaction ends."""
    rows = await tx.fetch("SELECT pg_try_advisory_xact_lock($1)", TELLING_LOCK)
    return bool(rows[0][0])


async def untold(tx: Transaction, limit: int) -> list[Untold]:
    """What is to be told next, oldest first."""
    rows = await tx.fetch(_UNTOLD, limit)
    targets = await kept(tx, {row.target_id for row in rows if row.target_id}) if rows else {}
    return [
        Untold(
            row.position,
            row.issue_id,
            Heard(row.problem_id, Topic(row.topic), row.text, row.resolve, row.release, targets.get(row.target_id)),
        )
        for row in rows
    ]


async def told(tx: Transaction, positions: Sequence[int]) -> None:
    """These were told."""
    await tx.fetch("DELETE FROM problem_news_untold WHERE position = ANY($1)", list(positions))
