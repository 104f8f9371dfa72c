"""Jobs over many issues, in rows: written once, worked in the order of their parts, shown with what was refused."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, TypeAdapter

from shared.db import NOW, Transaction
from shared.ids import new_id
from shared.paging import LAST_ID, Page, cursor_of, key_in
from shared.problems import Problem
from tier_queues.tidying_tables import BULK_JOBS, BULK_PARTS, GIVEN

INFORM: Final = "inform"
"""The command of a job that tells a master's word to its duplicates; no agent can give it."""
PARTS_LIMIT: Final = 1000
"""Issues of one job."""

_JOB_KEY: Final = TypeAdapter(tuple[UUID])
_KEY: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, lt=PARTS_LIMIT)]])


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job about to be written. asked_by: a sign-in name; content: of the command, as JSON values."""

    asked_by: str
    asked_by_name: str
    command: str
    content: dict[str, Any]
    issues: Sequence[UUID]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A job and how far it is. done, refused: parts; finished_at: None while some are left to be done.

    cancelled_by: who wanted the rest not done, or None.
    """

    id: UUID
    asked_by: str
    asked_by_name: str
    command: str
    content: dict[str, Any]
    total: int
    done: int
    refused: int
    made_at: datetime
    finished_at: datetime | None
    cancelled_by: str | None = None

    @property
    def reached(self) -> int:
        """The place of the next part."""
        return self.done + self.refused


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that was refused. problem: its members, as a single command would have answered."""

    issue: UUID
    problem: dict[str, Any]


_COLUMNS: Final = (
    "id, asked_by, asked_by_name, command, content, total, done, refused, made_at, finished_at, cancelled_by"
)
_NEXT: Final = f"""
SELECT {_COLUMNS} FROM bulk_jobs AS job WHERE finished_at IS NULL AND NOT (command = '{INFORM}' AND EXISTS (
    SELECT FROM bulk_jobs AS earlier
    WHERE earlier.finished_at IS NULL AND earlier.command = '{INFORM}'
        AND earlier.content->>'master' = job.content->>'master'
        AND coalesce((earlier.content->>'version')::int, 0) < (job.content->>'version')::int
)) ORDER BY turn_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608
"""What is said of one master is said in its order: a later word waits until an earlier one has reached everybody."""
_AGAIN: Final = f"SELECT {_COLUMNS} FROM bulk_jobs WHERE id = $1 AND finished_at IS NULL FOR UPDATE"  # noqa: S608
_REFUSED: Final = """
UPDATE bulk_parts SET problem = refused.problem FROM unnest($2::int[], $3::jsonb[]) AS refused (place, problem)
WHERE job_id = $1 AND bulk_parts.place = refused.place
"""
_ADVANCED: Final = f"""
UPDATE bulk_jobs SET done = done + $2, refused = refused + $3, turn_at = {NOW},
    finished_at = CASE WHEN done + refused + $2 + $3 >= total THEN {NOW} END
WHERE id = $1
"""  # noqa: S608


async def add(tx: Transaction, jobs: Sequence[NewJob]) -> Sequence[UUID]:
    """Write jobs, soon. Returns their ids."""
    made = [(new_id(), job) for job in jobs]
    await tx.insert(BULK_JOBS, [_job_row(key, job) for key, job in made])
    await tx.insert(
        BULK_PARTS,
        [
            {"job_id": key, "place": place, "issue_id": issue}
            for key, job in made
            for place, issue in enumerate(job.issues)
        ],
    )
    return [key for key, _ in made]


async def lock_next(tx: Transaction) -> Job | None:
    """The unfinished job whose turn is longest ago and that nobody else is working on; None when there is none."""
    rows = await tx.fetch(_NEXT)
    return Job(*rows[0]) if rows else None


async def lock_again(tx: Transaction, job: Job) -> Job | None:
    """An unfinished job as it stands now; None when nothing of it is left, or somebody got further with it."""
    rows = await tx.fetch(_AGAIN, job.id)
    found = Job(*rows[0]) if rows else None
    return found if found is not None and found.reached == job.reached else None


async def parts(tx: Transaction, job: Job, limit: int) -> Sequence[UUID]:
    """The next issues of a job, at most `limit`."""
    rows = await tx.fetch(
        "SELECT issue_id FROM bulk_parts WHERE job_id = $1 AND place >= $2 ORDER BY place LIMIT $3",
        job.id,
        job.reached,
        limit,
    )
    return [row[0] for row in rows]


async def advance(tx: Transaction, job: Job, problems: Sequence[Problem | None]) -> None:
    """Write down how the next parts of a locked job went: the problem where one was refused, None where it was done."""
    refused = [(job.reached + place, problem) for place, problem in enumerate(problems) if problem is not None]
    if refused:
        bodies = [problem.body().decode() for _, problem in refused]
        await tx.fetch(_REFUSED, job.id, [place for place, _ in refused], bodies)
    await tx.fetch(_ADVANCED, job.id, len(problems) - len(refused), len(refused))


async def find(tx: Transaction, job: UUID) -> Job | None:
    """A job that an agent gave."""
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM bulk_jobs WHERE id = $1 AND {GIVEN}", job)  # noqa: S608
    return Job(*rows[0]) if rows else None


async def cancel(tx: Transaction, job: UUID, by: str) -> Job | None:
    """End a job that has parts left; what was done stays. None when there is nothing to end."""
    rows = await tx.fetch(
        f"UPDATE bulk_jobs SET finished_at = {NOW}, cancelled_by = $2 "  # noqa: S608
        f"WHERE id = $1 AND finished_at IS NULL RETURNING {_COLUMNS}",
        job,
        by,
    )
    return Job(*rows[0]) if rows else None


def given(by: str | None, after: str | None, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of the jobs that agents gave, newest first, one row longer. Raises Problem 422.

    by: of this agent alone.
    """
    before = key_in(after, _JOB_KEY)[0] if after else LAST_ID
    whose, parameters = ("AND asked_by = $2 ", [before, by]) if by is not None else ("", [before])
    return (
        f"SELECT {_COLUMNS} FROM bulk_jobs WHERE {GIVEN} AND id < $1 {whose}ORDER BY id DESC LIMIT {limit + 1}",  # noqa: S608
        parameters,
    )


async def read_given(tx: Transaction, statement: tuple[str, list[Any]], limit: int) -> Page[Job]:
    """The page of a statement made by `given`."""
    sql, parameters = statement
    jobs = [Job(*row) for row in await tx.fetch(sql, *parameters)]
    more = cursor_of([str(jobs[limit - 1].id)]) if len(jobs) > limit else None
    return Page(items=jobs[:limit], next=more)


def failures(job: UUID, after: str | None, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of what was refused, in the order asked, one row longer. Raises Problem 422."""
    behind = key_in(after, _KEY)[0] if after else -1
    return (
        "SELECT place, issue_id, problem FROM bulk_parts WHERE job_id = $1 AND place > $2 AND problem IS NOT NULL "  # noqa: S608
        f"ORDER BY place LIMIT {limit + 1}",
        [job, behind],
    )


async def read_failures(tx: Transaction, statement: tuple[str, list[Any]], limit: int) -> Page[Failure]:
    """The page of a statement made here."""
    sql, parameters = statement
    rows = await tx.fetch(sql, *parameters)
    more = cursor_of([rows[limit - 1].place]) if len(rows) > limit else None
    return Page(items=[Failure(row.issue_id, row.problem) for row in rows[:limit]], next=more)


async def forget(tx: Transaction, kept: timedelta, *, limit: int) -> None:
    """Delete at most `limit` jobs that were finished so long ago."""
    await tx.fetch(
        "DELETE FROM bulk_jobs WHERE id IN (SELECT id FROM bulk_jobs "  # noqa: S608
        f"WHERE finished_at < (SELECT {NOW} - $1::interval) ORDER BY finished_at LIMIT $2)",
        kept,
        limit,
    )


def _job_row(key: UUID, job: NewJob) -> dict[str, Any]:
    return {
        "id": key,
        "asked_by": job.asked_by,
        "asked_by_name": job.asked_by_name,
        "command": job.command,
        "content": json.dumps(job.content),
        "total": len(job.issues),
        "made_at": job.made_at,
        "turn_at": job.made_at,
    }
