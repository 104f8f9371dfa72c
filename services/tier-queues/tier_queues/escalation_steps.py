"""Timed escalation: who is told, one after the other, while nobody takes an issue from its queue. Pure."""

from dataclasses import replace
from datetime import datetime

from shared.events import attention
from shared.vocabulary import IssueState
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue
from tier_queues.teams import Step


def begun(before: Issue | None, decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The decision with the steps of the queue that it leads to; out of a queue they stop.

    before: the issue as it was, None for a new one. In another queue, or again in this one, they begin anew; in a
    queue that had no steps before, when anything next happens to the issue.
    """
    issue = decision.issue
    if issue.state is not IssueState.QUEUED:
        return _with(decision, None)
    stays = before is not None and before.state is IssueState.QUEUED and _place(before) == _place(issue)
    if stays and (issue.step_at is not None or issue.steps_taken):
        return decision
    steps = _steps(issue, policies)
    return _with(decision, max(now, issue.last_at) + steps[0].after if steps else None)


def taken(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The step whose time has come, told once; unchanged when none is due."""
    issue = decision.issue
    if issue.step_at is None or issue.step_at > now:
        return decision
    steps, number = _steps(issue, policies), issue.steps_taken
    if number >= len(steps):
        # The team has fewer steps than it had; none is told again.
        return Decision(replace(issue, step_at=None), decision.entries)
    following = number + 1
    step_at = now + steps[following].after if following < len(steps) else None
    return decision.then(
        attention.EscalationStepTaken,
        actor=TIERDESK,
        at=now,
        change={"steps_taken": following, "step_at": step_at},
        step=following,
        tell=steps[number].tell,
        agents=_told(issue, steps[number], policies),
    )


def _told(issue: Issue, step: Step, policies: Policies) -> tuple[str, ...]:
    """Whom a step names; the leads instead of an account manager that the customer does not have."""
    name = step.agent if step.tell == "agent" else issue.account_manager
    if step.tell == "lead" or name is None:
        return policies.leads(issue.tier, issue.team)
    return (name,)


def _steps(issue: Issue, policies: Policies) -> tuple[Step, ...]:
    team = policies.teams.get(issue.team)
    return team.steps if team else ()


def _place(issue: Issue) -> tuple[int, str]:
    return issue.tier, issue.team


def _with(decision: Decision, step_at: datetime | None) -> Decision:
    issue = decision.issue
    if issue.step_at == step_at and not issue.steps_taken:
        return decision
    return Decision(replace(issue, step_at=step_at, steps_taken=0), decision.entries)
