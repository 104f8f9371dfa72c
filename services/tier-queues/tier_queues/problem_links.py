"""An issue and its problems: linked by agents, and what it hears from them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from shared.events import problems, work
from shared.vocabulary import IssueState, Resolution
from tier_queues import ending, handover, promises
from tier_queues.circumstances import Circumstances
from tier_queues.command_parts import Command
from tier_queues.companions import PROBLEMS_LIMIT, LinkedProblem
from tier_queues.custody import kept
from tier_queues.policies import Policies
from tier_queues.problem import Problem, State, Topic
from tier_queues.problem_commands import InsertWorkaround, LinkProblem, UnlinkProblem
from tier_queues.record import TIERDESK, Decision, Issue
from tier_queues.refusals import Refused, Unacceptable
from tier_queues.waiting import resumed

QUEUED, ASSIGNED, WAITING, RESOLVED, CLOSED = IssueState

TRANSITIONS: Final[Mapping[tuple[IssueState, type[Command]], tuple[IssueState, ...]]] = MappingProxyType(
    {(state, kind): (state,) for state in IssueState for kind in (LinkProblem, UnlinkProblem)}
    | {(state, InsertWorkaround): (state,) for state in (QUEUED, ASSIGNED, WAITING)}
)
"""As `transitions.TRANSITIONS`, which takes them over: what is over can still be counted with its cause."""


@dataclass(frozen=True, slots=True)
class Heard:
    """News of a problem for one of its issues. target: what stands for a merged one. release: a name."""

    problem: UUID
    topic: Topic
    text: str
    resolve: bool = False
    release: str | None = None
    target: Problem | None = None


def linked(problem: Problem) -> LinkedProblem:
    """A problem as its issues know it."""
    has_workaround = problem.workaround is not None
    return LinkedProblem(problem.id, problem.number, problem.kind, problem.title, has_workaround, problem.release_name)


def link(decision: Decision, command: LinkProblem, given: Circumstances) -> Decision:
    """The issue belongs to the problem. Raises Refused, Unacceptable."""
    issue, problem = decision.issue, given.problem
    if problem is None:
        raise Unacceptable("unknown-problem", "There is no such problem.")
    if problem.state is State.MERGED:
        raise Unacceptable("merged-problem", "Another one stands for it.", into=str(problem.merged_into))
    if _found(issue, problem.id) is not None:
        raise Refused("already-linked", "The issue is linked to it already.")
    if len(issue.problems) >= PROBLEMS_LIMIT:
        raise Unacceptable("too-many-problems", f"The issue is linked to {PROBLEMS_LIMIT} problems already.")
    return _linked(decision, linked(problem), issue.problems, actor=given.actor, at=given.now)


def unlink(decision: Decision, command: UnlinkProblem, given: Circumstances) -> Decision:
    """The issue does not belong to the problem after all. Raises Unacceptable."""
    problem = _known(decision.issue, command.problem)
    return _unlinked(decision, problem, cause="agent", actor=given.actor, at=given.now)


def insert_workaround(decision: Decision, command: InsertWorkaround, given: Circumstances) -> Decision:
    """The text goes into the agent's draft, with the entry's row. Raises Unacceptable."""
    problem = _known(decision.issue, command.problem)
    text = given.problem.workaround if given.problem else None
    if text is None:
        raise Unacceptable("no-workaround", "There is no workaround for this problem yet.")
    return decision.then(
        problems.WorkaroundInserted,
        actor=given.actor,
        at=given.now,
        private={"text": text},
        problem=problem.id,
        problem_number=problem.number,
    )


def heard(issue: Issue, news: Heard, *, now: datetime, policies: Policies) -> Decision:
    """What news of a problem does to an issue; no entries when the issue is not linked to it any more."""
    problem = _found(issue, news.problem)
    if problem is None:
        return Decision(issue)
    now = max(now, issue.last_at)
    decision = promises.announced(Decision(issue), now=now, policies=policies)
    match news.topic:
        case Topic.WORKAROUND:
            decision = _workaround(decision, problem, news, now)
        case Topic.FIXED:
            decision = _fixed(decision, problem, news, now, policies)
        case Topic.TOLD:
            decision = told(decision, news.text, now, policies)
        case Topic.MERGED:
            decision = _merged(decision, problem, news, now)
    decision = kept(issue, decision, now=now, policies=policies)
    return promises.followed(decision, now=now, policies=policies)


def _workaround(decision: Decision, problem: LinkedProblem, news: Heard, now: datetime) -> Decision:
    return decision.then(
        problems.WorkaroundPublished,
        actor=TIERDESK,
        at=now,
        change=_with(decision.issue, replace(problem, workaround=True)),
        private={"text": news.text},
        problem=problem.id,
        problem_number=problem.number,
    )


def _fixed(decision: Decision, problem: LinkedProblem, news: Heard, now: datetime, policies: Policies) -> Decision:
    """The customer is told; an open issue is resolved by it, or goes back to its owner."""
    assert news.release is not None, "a fix is in a release"
    decision = decision.then(
        problems.FixReleased,
        actor=TIERDESK,
        at=now,
        change=_with(decision.issue, replace(problem, fixed_in=news.release)),
        problem=problem.id,
        problem_number=problem.number,
        release=news.release,
    )
    return answered(decision, news.text, resolve=news.resolve, cause="fix", now=now, policies=policies)


def answered(
    decision: Decision,
    text: str,
    *,
    resolve: bool,
    cause: str,
    now: datetime,
    policies: Policies,
    private: dict[str, Any] | None = None,
    resolution: Resolution = Resolution.SOLVED,
) -> Decision:
    """The customer is told what solved it; an open issue is resolved by it, or taken out of its wait for its owner."""
    if resolve and not decision.issue.is_over:
        decision = handover.ended(decision, cause=cause, actor=TIERDESK, at=now)
        return ending.resolved(decision, resolution, text, actor=TIERDESK, at=now, policies=policies, private=private)
    decision = told(decision, text, now, policies, private=private)
    if decision.issue.state is WAITING:
        return resumed(decision, cause=cause, actor=TIERDESK, at=now, policies=policies)
    return decision


def told(
    decision: Decision, text: str, now: datetime, policies: Policies, *, private: dict[str, Any] | None = None
) -> Decision:
    """The customer reads it like a reply. It counts as one unless they have written what nobody has read yet."""
    issue = decision.issue
    clocks = issue.clocks if issue.unseen else promises.answered(issue, at=now, policies=policies)
    return decision.then(
        work.IssueReplied,
        actor=TIERDESK,
        at=now,
        change={"clocks": clocks},
        private=private,
        message=issue.made_id("message"),
        text=text,
    )


def _merged(decision: Decision, problem: LinkedProblem, news: Heard, now: datetime) -> Decision:
    assert news.target is not None, "a merged problem has one that stands for it"
    decision = _unlinked(decision, problem, cause="merged", actor=TIERDESK, at=now)
    if _found(decision.issue, news.target.id) is not None:
        return decision
    return _linked(decision, linked(news.target), decision.issue.problems, actor=TIERDESK, at=now)


def _linked(
    decision: Decision, new: LinkedProblem, others: tuple[LinkedProblem, ...], *, actor: work.Actor, at: datetime
) -> Decision:
    return decision.then(
        problems.ProblemLinked,
        actor=actor,
        at=at,
        change={"problems": (*others, new)},
        problem=new.id,
        problem_number=new.number,
        kind=new.kind,
        title=new.title,
    )


def _unlinked(decision: Decision, problem: LinkedProblem, *, cause: str, actor: work.Actor, at: datetime) -> Decision:
    others = tuple(one for one in decision.issue.problems if one.id != problem.id)
    return decision.then(
        problems.ProblemUnlinked,
        actor=actor,
        at=at,
        change={"problems": others},
        problem=problem.id,
        problem_number=problem.number,
        cause=cause,
    )


def _found(issue: Issue, problem: UUID) -> LinkedProblem | None:
    return next((one for one in issue.problems if one.id == problem), None)


def _known(issue: Issue, problem: UUID) -> LinkedProblem:
    found = _found(issue, problem)
    if found is None:
        raise Unacceptable("not-linked", "The issue is not linked to this problem.")
    return found


def _with(issue: Issue, problem: LinkedProblem) -> dict[str, Any]:
    return {"problems": tuple(problem if one.id == problem.id else one for one in issue.problems)}
