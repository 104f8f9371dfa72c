"""Handover: the owner offers, keeps the issue meanwhile, and somebody accepts it or sends the offer back."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.events import work
from shared.vocabulary import HandoverMode
from tier_queues.agents import Agent
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Destination, OfferHandover, ReturnHandover, WithdrawOffer
from tier_queues.custody import alerted
from tier_queues.participation import introducing
from tier_queues.places import owned_by, team_at
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue, Offered
from tier_queues.refusals import Unacceptable

PARTS: Final = ("impact", "findings", "tried", "ask", "promised")
"""What every handover says, so that the customer is not asked twice; none of it is ever in an event."""


def offer(decision: Decision, command: OfferHandover, given: Circumstances) -> Decision:
    """The owner offers the issue and keeps it until somebody accepts. Raises Unacceptable."""
    return offered_to(decision, target_of(decision.issue, command.target, given), command, given)


def offered_to(
    decision: Decision, target: work.Target, command: OfferHandover, given: Circumstances, *, why: str | None = None
) -> Decision:
    """`offer`, to a target that is known to be one. why: besides the parts, for staff."""
    offered = _offered(decision.issue, target, command, given)
    private = {part: getattr(command, part) for part in PARTS} | {"lower_tier_could": command.lower_tier_could}
    private |= {} if why is None else {"reason": why}
    return decision.then(
        work.HandoverOffered,
        actor=given.actor,
        at=given.now,
        change={"offer": offered},
        private=private,
        offer=offered.offer,
        direction=offered.direction,
    )


def withdraw(decision: Decision, command: WithdrawOffer, given: Circumstances) -> Decision:
    """The owner takes the offer back."""
    return ended(decision, cause="owner", actor=given.actor, at=given.now)


def give_back(decision: Decision, command: ReturnHandover, given: Circumstances) -> Decision:
    """The receiver has a question first; the owner keeps the issue."""
    offered = decision.issue.offer
    assert offered is not None, "the guard asks for an offer"
    return decision.then(
        work.HandoverReturned,
        actor=given.actor,
        at=given.now,
        change={"offer": None},
        private={"question": command.question},
        offer=offered.offer,
    )


def accepted(decision: Decision, given: Circumstances) -> Decision:
    """Ownership, tier and team move to the receiver, all at once."""
    issue = decision.issue
    offered = issue.offer
    assert offered is not None, "the guard asks for an offer"
    target = offered.target
    place = {"tier": target.tier, "team": target.team or team_at(issue, target.tier, given.policies)}
    introducer = introducing(issue) if offered.mode is HandoverMode.WARM else {}
    return decision.then(
        work.HandoverAccepted,
        actor=given.actor,
        at=given.now,
        change=owned_by(given.agent)
        | place
        | introducer
        | {"offer": None, "triage": False, "handovers": issue.handovers + 1},
        offer=offered.offer,
        direction=offered.direction,
    )


def ended(decision: Decision, *, cause: str, actor: work.Actor, at: datetime) -> Decision:
    """The pending offer ends without a receiver; unchanged when none is pending."""
    offered = decision.issue.offer
    if offered is None:
        return decision
    return decision.then(
        work.HandoverWithdrawn, actor=actor, at=at, change={"offer": None}, offer=offered.offer, cause=cause
    )


def overdue(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """Nobody took the offer in time: the lead is told once, and the offer stays open. Unchanged when none is due."""
    offered = decision.issue.offer
    if offered is None or offered.overdue or offered.due_at > now:
        return decision
    change = {"offer": replace(offered, overdue=True)}
    decision = decision.then(work.HandoverOverdue, actor=TIERDESK, at=now, change=change, offer=offered.offer)
    target = offered.target
    return alerted(decision, "offer-overdue", tier=target.tier, team=target.team, policies=policies)


def _offered(issue: Issue, target: work.Target, command: OfferHandover, given: Circumstances) -> Offered:
    return Offered(
        id=issue.made_id("offer"),
        target=target,
        mode=command.mode,
        reason=command.reason,
        direction=_direction(issue.tier, target.tier),
        **{part: getattr(command, part) for part in PARTS},
        offered_at=given.now,
        due_at=given.now + given.policies.offer_timeout,
        lower_tier_could=command.lower_tier_could,
    )


def _direction(here: int, there: int) -> str:
    if there == here:
        return "across"
    return "up" if there > here else "down"


def target_of(issue: Issue, wanted: Destination, given: Circumstances) -> work.Target:
    """Whom a command means: tier, team and agent as far as it names them. Raises Unacceptable."""
    if wanted.agent is not None:
        return _named(issue, wanted, given)
    if wanted.tier not in given.policies.staffed_tiers:
        raise _unknown(f"No people work a queue of tier {wanted.tier}.")
    return work.Target(tier=wanted.tier, team=wanted.team)


def _named(issue: Issue, wanted: Destination, given: Circumstances) -> work.Target:
    receiver = given.receiver
    if receiver is None or receiver.id != wanted.agent:
        raise _unknown(f"There is no agent {wanted.agent}.")
    if receiver.id == issue.owner:
        raise _unknown("The issue is yours already.")
    possible = receiver.tiers & given.policies.staffed_tiers
    if (wanted.tier is not None and wanted.tier not in possible) or not possible:
        raise _unknown(f"{receiver.name} does not work at that tier.")
    if wanted.team is not None and wanted.team not in receiver.teams:
        raise _unknown(f"{receiver.name} is not in team {wanted.team}.")
    tier = wanted.tier if wanted.tier is not None else min(possible, key=lambda one: (abs(one - issue.tier), one))
    team = wanted.team or _team_of(receiver, issue, tier, given.policies)
    return work.Target(tier=tier, team=team, agent=receiver.id)


def _team_of(receiver: Agent, issue: Issue, tier: int, policies: Policies) -> str:
    usual = team_at(issue, tier, policies)
    return usual if usual in receiver.teams else min(receiver.teams, default=usual)


def _unknown(detail: str) -> Unacceptable:
    return Unacceptable("unknown-target", detail)
