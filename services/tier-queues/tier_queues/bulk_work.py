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
from tier_queues import bulk_store, handlers, roster, store
from tier_queues.bulk_store import INFORM, Job
from tier_queues.commands import COMMANDS
from tier_queues.handlers import Order
from tier_queues.isolation import attempted
from tier_queues.policies import Policies
from tier_queues.store import Drafts
from tier_queues.tellings import told

ALONE: Final = 1


async def work(db: Database, *, policies: Policies, limit: int) -> bool:
    """Work at most `limit` parts of the job whose turn it is. Returns whether there may be more to do.

    The effects of a batch and how far the job is are one transaction. Two processes never work on the same job, and
    jobs take turns, so that a long one does not keep a short one waiting.
    """
    for size in (limit, ALONE):
        try:
            async with db.transaction() as tx:
                return await batch(tx, size, policies)
        except EventTooLarge:
            # One of them is too long to be told: they go one by one, until it is the first.
            continue
    async with db.transaction() as tx:
        return await _refuse_first(tx)


async def batch(tx: Transaction, limit: int, policies: Policies) -> bool:
    """Work at most `limit` parts in one transaction. Returns whether there was a job. Raises EventTooLarge."""
    job = await bulk_store.lock_next(tx)
    if job is None:
        return False
    issues = await bulk_store.parts(tx, job, limit)
    act = _inform if job.command == INFORM else _command
    await bulk_store.advance(tx, job, await act(tx, job, issues, policies))
    return True


async def _refuse_first(tx: Transaction) -> bool:
    job = await bulk_store.lock_next(tx)
    if job is not None:
        await bulk_store.advance(tx, job, [invalid("Together this is too long to be passed on.")])
    return job is not None


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
