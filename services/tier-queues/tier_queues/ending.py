"""How an issue ends, and how it comes back."""

from datetime import datetime
from typing import Any, Final

from shared.events import incidents, issues, work
from shared.vocabulary import IssueState, Resolution
from tier_queues import consulting, handover, promises
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Close, Reopen, Resolve
from tier_queues.conversation import read
from tier_queues.custody import alerted
from tier_queues.links import Relation
from tier_queues.places import queued_at
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue
from tier_queues.refusals import Unacceptable

WITHDRAWN_TEXT: Final = "Withdrawn by the customer."
UNANSWERED: Final = "incident-unanswered"
"""Cause of the leads' alert when a major incident ends and nobody has answered those who follow it."""


def resolve(decision: Decision, command: Resolve, given: Circumstances) -> Decision:
    """The owner answers the issue, which leaves their hands. Raises Unacceptable, UnseenMessages."""
    decision = read(decision, given, seen=command.seen, confirm=command.confirm)
    if command.children is None:
        check_unfollowed(decision.issue)
    return resolved(
        decision,
        command.resolution,
        command.text,
        actor=given.actor,
        at=given.now,
        policies=given.policies,
        followers_hear=command.children is not None,
    )


def check_unfollowed(issue: Issue) -> None:
    """Raises Unacceptable when others follow the issue and it would end without a word on what becomes of them."""
    if issue.major and _followers(issue):
        detail = (
            "Say by `resolve` whether the answer resolves the issues that follow it or returns them to their owners."
        )
        raise Unacceptable("children-undecided", detail)


def _followers(issue: Issue) -> int:
    return sum(link.relation is Relation.CHILD for link in issue.links)


def withdrawn(decision: Decision, fact: issues.IssueWithdrawn, *, now: datetime, policies: Policies) -> Decision:
    """The customer needs no answer any more: a pending offer ends and the issue is resolved; one that is over stays."""
    actor = decision.issue.customer_actor
    if decision.issue.is_over:
        return decision.then(work.CustomerHeard, actor=actor, at=now, private={"withdrawn": fact.reason})
    decision = handover.ended(decision, cause="customer", actor=actor, at=now)
    text = fact.reason or WITHDRAWN_TEXT
    return resolved(decision, Resolution.WITHDRAWN, text, actor=actor, at=now, policies=policies)


def resolved(
    decision: Decision,
    resolution: Resolution,
    text: str,
    *,
    actor: work.Actor,
    at: datetime,
    policies: Policies,
    private: dict[str, Any] | None = None,
    followers_hear: bool = False,
) -> Decision:
    """The issue answered: every clock is met, open questions end, and the time until it closes begins.

    followers_hear: the answer is also that of the issues that follow it; else its leads hear that they wait for one.
    """
    decision = consulting.ended(decision, cause="resolved", actor=actor, at=at)
    if decision.issue.major:
        decision = _incident_over(decision, actor=actor, at=at, policies=policies, followers_hear=followers_hear)
    issue = decision.issue
    change = {
        "state": IssueState.RESOLVED,
        "waiting_for": None,
        "wait_until": None,
        "owner": None,
        "owner_name": None,
        "last_owner": issue.owner,
        "last_owner_name": issue.owner_name,
        "triage": False,
        "remote": None,
        "call_backs": (),
        "resolution": resolution,
        "resolved_at": at,
        "solved_tier": issue.tier,
        "closes_at": at + policies.close_after,
        "clocks": promises.resolved(issue, at=at, policies=policies),
    }
    return decision.then(
        work.IssueResolved, actor=actor, at=at, change=change, private=private, resolution=resolution, text=text
    )


def _incident_over(
    decision: Decision, *, actor: work.Actor, at: datetime, policies: Policies, followers_hear: bool
) -> Decision:
    decision = decision.then(
        incidents.MajorIncidentEnded, actor=actor, at=at, change={"major": False}, cause="resolved"
    )
    issue = decision.issue
    waiting = _followers(issue)
    if followers_hear or not waiting:
        return decision
    return alerted(decision, UNANSWERED, tier=issue.minding_tier, team=issue.team, policies=policies, followers=waiting)


def reopen(decision: Decision, command: Reopen, given: Circumstances) -> Decision:
    """Whoever solved it, or the lead, takes it up again."""
    cause = "owner" if given.agent.id == decision.issue.last_owner else "lead"
    private = {"reason": command.reason}
    return reopened(decision, cause=cause, actor=given.actor, at=given.now, policies=given.policies, private=private)


def reopened(
    decision: Decision,
    *,
    cause: str,
    actor: work.Actor,
    at: datetime,
    policies: Policies,
    private: dict[str, Any] | None = None,
) -> Decision:
    """Work again, with its age: for its last owner if they are there, else queued at the tier it was solved on."""
    issue = decision.issue
    change = _hands(issue, actor, policies) | {
        "resolution": None,
        "resolved_at": None,
        "solved_tier": None,
        "closes_at": None,
        "clocks": promises.reopened(issue, at=at, policies=policies),
    }
    return decision.then(work.IssueReopened, actor=actor, at=at, change=change, private=private, cause=cause)


def _hands(issue: Issue, actor: work.Actor, policies: Policies) -> dict[str, Any]:
    # Whoever takes it up again is there, whatever they said.
    if issue.last_owner is not None and (issue.last_owner == actor.id or issue.last_owner not in policies.absent):
        return {"state": IssueState.ASSIGNED, "owner": issue.last_owner, "owner_name": issue.last_owner_name}
    return queued_at(issue, issue.tier, policies, team=issue.team)


def close(decision: Decision, command: Close, given: Circumstances) -> Decision:
    """A resolved issue ends before its time."""
    return closed(decision, cause="owner", actor=given.actor, at=given.now, private={"reason": command.reason})


def expire(decision: Decision, *, now: datetime) -> Decision:
    """A resolved issue closes because its time has passed; unchanged when it has not."""
    closes_at = decision.issue.closes_at
    if closes_at is None or closes_at > now:
        return decision
    return closed(decision, cause="time", actor=TIERDESK, at=now)


def closed(
    decision: Decision, *, cause: str, actor: work.Actor, at: datetime, private: dict[str, Any] | None = None
) -> Decision:
    """The issue over; nothing happens to it by itself any more."""
    change = {"state": IssueState.CLOSED, "closes_at": None}
    return decision.then(work.IssueClosed, actor=actor, at=at, change=change, private=private, cause=cause)
