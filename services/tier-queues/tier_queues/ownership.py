"""Claiming an issue and giving it back."""

from shared.events import work
from tier_queues import handover
from tier_queues.circumstances import Circumstances
from tier_queues.commands import AcceptHandover, Claim, PutBack
from tier_queues.places import owned_by, queued_at, team_at
from tier_queues.record import Decision
from tier_queues.refusals import OverCapacity
from tier_queues.waiting import rested


def claim(decision: Decision, command: Claim | AcceptHandover, given: Circumstances) -> Decision:
    """The agent takes it: from the queue, or from the owner who offers it. Raises OverCapacity."""
    if given.load >= given.agent.capacity:
        detail = f"You own {given.load} issues; your capacity is {given.agent.capacity}."
        raise OverCapacity("over-capacity", detail, capacity=given.agent.capacity)
    if decision.issue.offer is not None:
        return handover.accepted(decision, given)
    return decision.then(work.IssueClaimed, actor=given.actor, at=given.now, change=owned_by(given.agent))


def put_back(decision: Decision, command: PutBack, given: Circumstances) -> Decision:
    """Back into the queue with its age; where an offer is pending, into the queue of its target."""
    offered = decision.issue.offer
    decision = handover.ended(decision, cause="released", actor=given.actor, at=given.now)
    issue = decision.issue
    change = rested(issue, at=given.now, policies=given.policies)
    change |= queued_at(issue, issue.tier, given.policies, team=issue.team)
    decision = decision.then(work.IssueReleased, actor=given.actor, at=given.now, change=change, reason=command.reason)
    if offered is None:
        return decision
    target = offered.target
    team = target.team or team_at(issue, target.tier, given.policies)
    moved = queued_at(issue, target.tier, given.policies, team=team)
    return decision.then(work.IssueQueued, actor=given.actor, at=given.now, change=moved, cause="offer")
