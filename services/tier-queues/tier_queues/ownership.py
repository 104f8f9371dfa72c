"""Claiming an issue and giving it back."""

from datetime import datetime
from typing import Any, Final

from shared.events import attention, work
from tier_queues import custody, handover, pushing, skills
from tier_queues.circumstances import Circumstances
from tier_queues.commands import AcceptHandover, Claim, PutBack, Skip
from tier_queues.places import owned_by, queued_at, team_at
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision
from tier_queues.refusals import OverCapacity
from tier_queues.waiting import rested

IDLE: Final = "Its owner did nothing on it for too long."
LEFT: Final = "Its owner works here no longer."


def claim(decision: Decision, command: Claim | AcceptHandover, given: Circumstances) -> Decision:
    """The agent takes it: from the queue, or from the owner who offers it. Raises OverCapacity."""
    weight = decision.issue.weight
    if given.load + weight > given.agent.capacity:
        detail = f"You own {given.load} units and this is {weight} more; your capacity is {given.agent.capacity}."
        raise OverCapacity("over-capacity", detail, capacity=given.agent.capacity)
    if decision.issue.offer is not None:
        return handover.accepted(decision, given)
    return decision.then(
        work.IssueClaimed,
        actor=given.actor,
        at=given.now,
        change=owned_by(given.agent),
        private=_taken_although(decision, given),
    )


def _taken_although(decision: Decision, given: Circumstances) -> dict[str, Any]:
    """What was given up for the claim, as the timeline keeps it: skills that the agent lacks, another tier's rest."""
    dropped = skills.missing(decision.issue.asked_skills, given.agent.skills)
    return ({"dropped_skills": dropped} if dropped else {}) | ({"overflow": given.helping} if given.helping else {})


def skip(decision: Decision, command: Skip, given: Circumstances) -> Decision:
    """Passed by: not given to this agent again for a while; from its owner it goes back to the queue."""
    if decision.issue.owner == given.agent.id:
        decision = released(decision, command.reason, actor=given.actor, at=given.now, policies=given.policies)
    decision = pushing.ended(decision, cause="skipped", at=given.now)
    return decision.then(
        attention.IssueSkipped,
        actor=given.actor,
        at=given.now,
        private={"reason": command.reason},
        until=given.now + given.policies.skip_for,
    )


def put_back(decision: Decision, command: PutBack, given: Circumstances) -> Decision:
    """Back into the queue with its age; where an offer is pending, into the queue of its target."""
    return released(decision, command.reason, actor=given.actor, at=given.now, policies=given.policies)


def released(decision: Decision, reason: str, *, actor: work.Actor, at: datetime, policies: Policies) -> Decision:
    """`put_back`, whoever does it."""
    offered = decision.issue.offer
    decision = handover.ended(decision, cause="released", actor=actor, at=at)
    issue = decision.issue
    change = rested(issue, at=at, policies=policies)
    change |= queued_at(issue, issue.tier, policies, team=issue.team)
    decision = decision.then(work.IssueReleased, actor=actor, at=at, change=change, reason=reason)
    if offered is None:
        return decision
    target = offered.target
    team = target.team or team_at(issue, target.tier, policies)
    moved = queued_at(issue, target.tier, policies, team=team)
    return decision.then(work.IssueQueued, actor=actor, at=at, change=moved, cause="offer")


def idle(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """An owner who does nothing is warned, and later loses the issue to the queue; unchanged before that."""
    issue = decision.issue
    if issue.idle_at is None or issue.idle_at > now:
        return decision
    if not issue.idle_warned:
        return custody.warned(decision, now=now, policies=policies)
    return released(decision, IDLE, actor=TIERDESK, at=now, policies=policies)
