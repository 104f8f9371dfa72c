"""Every use case that changes a problem, and the telling of its news to its issues."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from shared.auth import Caller
from shared.db import Transaction
from shared.ids import new_id
from shared.problems import forbidden, not_found, stale
from shared.vocabulary import EXPERT_TIER, FRONTLINE_TIER, TECHNICAL_TIER, Role
from tier_queues import bulletins, feature_news, problem_changes, problem_links, problem_store, releases, store
from tier_queues.handlers import agent_of
from tier_queues.isolation import attempted
from tier_queues.issue import decide as decide_issue
from tier_queues.policies import Policies
from tier_queues.problem import Given, Kind, Person, Problem, State, Topic, decide
from tier_queues.problem_commands import LinkProblem
from tier_queues.refusals import Unacceptable
from tier_queues.store import Drafts

BULLETIN_TIERS: Final = (FRONTLINE_TIER, TECHNICAL_TIER)
"""Whose agents are told of a new fix."""


@dataclass(frozen=True, slots=True)
class New:
    """A problem to be made. issues: those it is made from."""

    kind: Kind
    title: str
    description: str
    product: str | None
    issues: Sequence[UUID]


def may_edit(caller: Caller) -> bool:
    """Whether a caller may change problems: experts and leads."""
    return EXPERT_TIER in caller.tiers or caller.role is Role.LEAD


async def create(tx: Transaction, new: New, caller: Caller, *, policies: Policies) -> Problem:
    """Make a problem and link the issues that it is made from. Raises what linking raises."""
    locked = await store.lock(tx, new.issues)
    if missing := set(new.issues) - locked.issues.keys():
        raise Unacceptable("unknown-issue", "There is no such issue.", issues=[str(one) for one in sorted(missing)])
    by = Person(caller.id, caller.name)
    problem = Problem(
        id=new_id(),
        number=0,
        version=1,
        kind=new.kind,
        state=State.OPEN,
        title=new.title,
        description=new.description,
        product=new.product,
        made_at=locked.now,
        made_by=by,
        updated_at=locked.now,
    )
    problem = replace(problem, number=await problem_store.add(tx, problem))
    content = {"title": new.title, "issues": [str(issue) for issue in new.issues]}
    await problem_store.keep(tx, problem, "create", content, by)
    drafts, agent = Drafts(automation=policies.automation), agent_of(caller, policies)
    for issue in locked.issues.values():
        command = LinkProblem(problem=problem.id)
        drafts.take(decide_issue(issue, command, actor=agent, now=locked.now, policies=policies, problem=problem))
    await store.save(tx, drafts)
    await feature_news.tell(tx, problem, "created")
    return problem


async def change(
    tx: Transaction, problem: UUID, wanted: problem_changes.Change, caller: Caller, *, expected: int | None
) -> Problem:
    """Change a problem; its linked issues hear of it soon. Raises Refused, and Problem 403, 404, 412."""
    target = wanted.into if isinstance(wanted, problem_changes.Merge) else None
    found, now = await problem_store.lock(tx, {problem} | ({target} if target else set()))
    if problem not in found:
        raise not_found()
    if not may_edit(caller):
        raise forbidden()
    before, by = found[problem], Person(caller.id, caller.name)
    release = await releases.find(tx, wanted.release) if isinstance(wanted, problem_changes.Fix) else None
    if release is not None and before.product not in (None, release.product):
        release = None
    given = Given(by, now, release.name if release else None, found.get(target) if target else None)
    outcome = decide(before, wanted, given)
    if expected is not None and expected != before.version:
        raise stale(before.version)
    after = outcome.problem
    content: dict[str, Any] = wanted.model_dump(mode="json")
    await problem_store.keep(tx, after, problem_changes.NAME_OF[type(wanted)], content, by)
    if (told := feature_news.TOLD.get(type(wanted))) is not None:
        await feature_news.tell(tx, after, told)
    news = await problem_store.announce(tx, outcome)
    if news is not None and release is not None and outcome.news and outcome.news.topic is Topic.FIXED:
        await bulletins.publish(tx, news, after, release, outcome.news.text, tiers=BULLETIN_TIERS)
    return after


async def tell(tx: Transaction, *, policies: Policies, limit: int) -> bool:
    """Let at most `limit` issues hear what problems have to tell, in order. Returns whether there is more.

    What was told is struck off in the same transaction, so that each issue hears it exactly once; so is what an issue
    could not be told for a fault, which is in the log.
    """
    if not await problem_store.begin_to_tell(tx):
        return False
    waiting = await problem_store.untold(tx, limit)
    if not waiting:
        return False
    locked = await store.lock(tx, {one.issue for one in waiting})
    drafts = Drafts(automation=policies.automation)
    for one in waiting:
        issue = drafts.issues.get(one.issue) or locked.issues.get(one.issue)
        if issue is not None:
            act = partial(problem_links.heard, issue, one.news, now=locked.now, policies=policies)
            decision = attempted(issue.id, "news", act)
            if decision is not None and decision.entries:
                drafts.take(decision)
    await store.save(tx, drafts)
    await problem_store.told(tx, [one.position for one in waiting])
    return len(waiting) == limit
