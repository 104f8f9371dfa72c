"""Jobs over many issues are worked in bounded batches: each issue's part exactly once, whatever crashes in between."""

from collections.abc import Collection, Sequence
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from shared.auth import AGENTS, Caller
from shared.db import Database, Transaction
from shared.idempotency import Key
from shared.outbox import EventTooLarge
from shared.problems import Problem, forbidden, invalid, not_found, unexpected
from tier_queues import bulk_store, custody, handlers, roster, store
from tier_queues.bulk_store import INFORM, Job
from tier_queues.commands import COMMANDS
from tier_queues.handlers import Order
from tier_queues.isolation import attempted
from tier_queues.policies import Policies
from tier_queues.record import Decision
from tier_queues.store import Drafts
from tier_queues.tellings import told

ALONE: Final = 1
UNTOLD: Final = "customer-untold"
"""Cause of the leads' alert when a customer could not be told what that of another issue was told."""


async def work(db: Database, *, policies: Policies, limit: int) -> bool:
    """Work at most `limit` parts of the job whose turn it is. Returns whether there may be more to do.

    The effects of a batch and how far the job is are one transaction. Two processes never work on the same job, and
    jobs take turns, so that a long one does not keep a short one waiting.
    """
    job: Job | None = None
    for size in (limit, ALONE):
        try:
            async with db.transaction() as tx:
                job = await bulk_store.lock_next(tx)
                return job is not None and await batch(tx, job, size, policies)
        except EventTooLarge:
            # One of them is too long to be told: they go one by one, until it is the first.
            continue
    assert job is not None, "there was something too long"
    async with db.transaction() as tx:
        return await refuse_first(tx, job, policies)


async def batch(tx: Transaction, job: Job, limit: int, policies: Policies) -> bool:
    """Work at most `limit` parts of a locked job in one transaction. Returns True. Raises EventTooLarge."""
    issues = await bulk_store.parts(tx, job, limit)
    act = _inform if job.command == INFORM else _command
    await _advance(tx, job, issues, await act(tx, job, issues, policies), policies)
    return True


async def refuse_first(tx: Transaction, job: Job, policies: Policies) -> bool:
    """Refuse the next part of the job, tried alone before, unless somebody else got further with it. Returns True."""
    found = await bulk_store.lock_again(tx, job)
    if found is not None:
        issues = await bulk_store.parts(tx, found, ALONE)
        await _advance(tx, found, issues, [invalid("Together this is too long to be passed on.")], policies)
    return True


async def _advance(
    tx: Transaction, job: Job, issues: Sequence[UUID], problems: Sequence[Problem | None], policies: Policies
) -> None:
    """How it went; of customers who were not told nobody but their leads would hear."""
    failed = [issue for issue, problem in zip(issues, problems, strict=True) if problem is not None]
    if job.command == INFORM and failed:
        locked = await store.lock(tx, failed)
        drafts = Drafts(automation=policies.automation)
        for issue in locked.issues.values():
            tier, team = issue.minding_tier, issue.team
            drafts.take(
                custody.alerted(Decision(issue), UNTOLD, tier=tier, team=team, policies=policies, at=locked.now)
            )
        await store.save(tx, drafts)
    await bulk_store.advance(tx, job, problems)


async def _command(tx: Transaction, job: Job, issues: Sequence[UUID], policies: Policies) -> Sequence[Problem | None]:
    """Give a job's command to these issues, with the rights that who asked has now."""
    caller = await _caller(tx, job)
    if caller is None:
        return [forbidden() for _ in issues]
    try:
        command = COMMANDS[job.command].model_validate(job.content)
    except ValidationError:
        # The command has changed since it was given, by a newer version of the program.
        return [invalid("This command takes other content now.") for _ in issues]
    orders = [Order(issue, command, caller, _key(job, place, caller)) for place, issue in enumerate(issues)]
    outcomes = await handlers.carry_out(tx, orders, policies=policies)
    return [outcome if isinstance(outcome, Problem) else None for outcome in outcomes]


async def _caller(tx: Transaction, job: Job) -> Caller | None:
    member = (await roster.find_all(tx, [job.asked_by])).get(job.asked_by)
    if member is None or member.role not in AGENTS:
        return None
    return Caller("staff", member.id, member.name, member.role, frozenset(member.tiers), frozenset(member.teams))


def _key(job: Job, place: int, caller: Caller) -> Key:
    # A line break cannot be in a client's key, so that no client's key is one of these.
    name = f"{job.id}\n{job.reached + place}"
    return Key(caller.key, name, sha256(name.encode()).digest())


async def _inform(tx: Transaction, job: Job, issues: Sequence[UUID], policies: Policies) -> Sequence[Problem | None]:
    """Tell the customers of these issues what that of another one was told."""
    locked = await store.lock(tx, issues)
    drafts = Drafts(automation=policies.automation)
    broken = set()
    for issue in locked.issues.values():
        decision = attempted(issue.id, "inform", partial(told, issue, job, now=locked.now, policies=policies))
        if decision is None:
            broken.add(issue.id)
        elif decision.entries:
            drafts.take(decision)
    await store.save(tx, drafts)
    return [_why_not(issue, locked.issues, broken) for issue in issues]


def _why_not(issue: UUID, known: Collection[UUID], broken: Collection[UUID]) -> Problem | None:
    if issue not in known:
        return not_found()
    return unexpected() if issue in broken else None
