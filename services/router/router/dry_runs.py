"""Trying a policy on issues that were decided before, or on those of a file: bounded in number and time."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from router import policies, policy_store, store
from router.classifier import Classifier
from router.comparing import Comparison, Past, compare, place_of
from router.decide import decide
from router.dry_run_files import Reader
from router.handlers import Desk
from router.policies import Unknown
from router.policy import Policy
from router.store import First
from router.trial import DryRun
from shared.db import Database

AT_ONCE: Final = 250
"""Issues that are read, decided and compared together; between two of them others have their turn."""
WITHIN: Final = timedelta(seconds=20)
"""After it what is left is for the next page."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found. next: the issue behind which to go on, when there is more; None at the end.

    untried: issues of a file that the time did not reach.
    """

    found: Comparison
    compared_with: str
    next: UUID | None = None
    untried: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy that is tried, with what finds categories for it."""

    policy: Policy
    classifier: Classifier


async def candidate(db: Database, desk: Desk, version: int) -> Candidate:
    """A kept policy, ready to be tried with the active model. Raises Unknown, PolicyError."""
    async with db.transaction() as tx:
        content = await policy_store.content(tx, version)
    if content is None:
        raise Unknown
    policy, keywords = await asyncio.to_thread(policies.read, content, version)
    return Candidate(policy, desk.active or keywords)


def _active(desk: Desk) -> Candidate:
    return Candidate(desk.policy, desk.active or desk.classifier)


async def on_past_issues(db: Database, tried: Candidate, *, last: int, before: UUID, beside: Desk | None) -> Tried:
    """What the policy would decide about at most `last` issues, newest first.

    beside: what decides now, to compare with that; None: with what was decided then, by other models and policies.
    """
    active = None if beside is None else _active(beside)
    compared_with = "what was decided" if active is None else _named(active)
    found, ends = Comparison(tried.policy.weights), time.monotonic() + WITHIN.total_seconds()
    while found.issues < last and time.monotonic() < ends:
        wanted = min(AT_ONCE, last - found.issues)
        async with db.transaction() as tx:
            rows = await store.first_decisions(tx, before=before, limit=wanted)
        await asyncio.to_thread(_compare_past, rows, tried, active, found)
        if len(rows) < wanted:
            return Tried(found, compared_with)
        before = rows[-1].issue
    return Tried(found, compared_with, next=before)


def _compare_past(rows: Sequence[First], tried: Candidate, active: Candidate | None, found: Comparison) -> None:
    past = []
    for row in rows:
        routing = row.routing if active is None else decide(row.submission, active.policy, active.classifier)
        past.append(Past(str(row.issue), row.submission, place_of(routing), row.confirmed))
    compare(past, tried.policy, tried.classifier, found)


async def on_file(desk: Desk, tried: Candidate, content: str, read: Reader, *, within: timedelta = WITHIN) -> Tried:
    """What the policy would decide about the issues of a file, beside what the active one would. Raises FileRefused.

    Issues are called by their place in the file, from 1; some are tried however short the time is.
    """
    active, ends = _active(desk), time.monotonic() + within.total_seconds()
    rows = await asyncio.to_thread(read, content)
    found = Comparison(tried.policy.weights)
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        await asyncio.to_thread(_compare_rows, start, some, tried, active, found)
        if time.monotonic() >= ends:
            break
    return Tried(found, _named(active), untried=len(rows) - found.issues)


def _named(active: Candidate) -> str:
    return f"policy {active.policy.version}"


def _compare_rows(
    start: int, rows: Sequence[tuple[DryRun, str | None]], tried: Candidate, active: Candidate, found: Comparison
) -> None:
    past = []
    for place, (trial, confirmed) in enumerate(rows, start + 1):
        submission = trial.submission()
        before = place_of(decide(submission, active.policy, active.classifier))
        past.append(Past(str(place), submission, before, confirmed))
    compare(past, tried.policy, tried.classifier, found)
