"""PURE: which facts members of staff hear of by mail, who they are, and in which words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from shared.events import Value
from shared.events.attention import AccountManagerInformed, EscalationStepTaken, IssuePushed, LeadAlerted, OwnerIdle
from shared.events.collaboration import AgentMentioned, ConsultAnswered, ConsultAsked
from shared.events.frontline import CallBackDue
from shared.events.work import (
    ClockBreached,
    ClockWarned,
    HandoverOffered,
    HandoverReturned,
    HandoverWithdrawn,
    IssueReopened,
    IssueResolved,
    Target,
    WatchedFact,
    WorkFact,
)

PICKUP: Final = "pickup"
PROMISED_UPDATE: Final = "promised-update"
RECEIVER_LEFT: Final = "left"
LATE_PERCENT: Final = 75
"""The share of its time after which a clock's warning is worth a mail."""


class StaffAbout(StrEnum):
    """What a mail to a member of staff is about."""

    ALERT = "lead-alerted"
    GIVEN = "issue-given"
    OFFERED = "issue-offered"
    IDLE = "owner-idle"
    UPDATE = "promised-update"
    PICKUP = "pickup"
    ASKED = "consult-asked"
    ANSWERED = "consult-answered"
    RETURNED = "handover-returned"
    MENTIONED = "agent-mentioned"
    CALL_BACK = "call-back-due"
    WATCHED = "watched-issue"
    STEP = "escalation-step"
    INFORMED = "account-manager-informed"


class StaffNotice(Value):
    """A mail to a member of staff before it has a shape. words: one sentence."""

    about: StaffAbout
    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Summons:
    """Whom a fact calls. agents: sign-in names; team: its leads too, or None."""

    notice: StaffNotice
    agents: tuple[str, ...] = ()
    team: str | None = None


def summons(fact: WorkFact) -> Summons | None:
    """Whom a fact calls, and what they are told; None when nobody."""
    found = CALLS[type(fact)](fact)
    return found if found is not None and (found.agents or found.team) else None


_CAUSES: Final = {
    "offer-overdue": "It was offered to {place} and nobody has taken it in time.",
    "consult-overdue": "A question about it to {place} was not answered in time.",
    "ping-pong": "It has come to {place} {times} times.",
    "major-incident": "It was declared a major incident at {place}.",
    "automation-stopped": "Automation rules set off each other on it at {place} and were stopped.",
    "incident-unanswered": "It ended, and {followers} issues that followed it still wait for an answer.",
    "customer-untold": "Its customer could not be told what that of another issue was told; write to them yourselves.",
    "escalated": "{actor} asks you, who lead {place}, to look at it.",
}
"""Cause of an alert to what is said of it."""
_OTHER_CAUSE: Final = "You are asked to look at it at {place}: {cause}."


def _alerted(fact: LeadAlerted) -> Summons:
    words = _CAUSES.get(fact.cause, _OTHER_CAUSE)
    said = words.format(
        place=_place(fact.tier, fact.team),
        times=fact.times,
        followers=fact.followers,
        cause=fact.cause,
        actor=fact.actor.name,
    )
    return Summons(_notice(StaffAbout.ALERT, fact, said), fact.leads)


def _given(fact: IssuePushed) -> Summons:
    said = f"It is given to you until {_time(fact.until)}; then it is somebody else's turn."
    return Summons(_notice(StaffAbout.GIVEN, fact, said), (fact.agent,))


def _offered(fact: HandoverOffered) -> Summons | None:
    target = fact.offer.target
    if target.agent is None:
        return None
    said = f"{fact.actor.name} offers it to you; accept it, or send it back with a question."
    return Summons(_notice(StaffAbout.OFFERED, fact, said), (target.agent,))


def _idle(fact: OwnerIdle) -> Summons:
    at = _time(fact.returns_at)
    said = f"You have done nothing on it for long; without any work of yours it goes back to the queue at {at}."
    return Summons(_notice(StaffAbout.IDLE, fact, said), _owner(fact))


def _asked(fact: ConsultAsked) -> Summons:
    said = f"{fact.actor.name} asks {_whom(fact.target)} a question about it."
    notice = _notice(StaffAbout.ASKED, fact, said)
    if fact.target.agent is not None:
        return Summons(notice, (fact.target.agent,))
    return Summons(notice, team=fact.target.team)


def _answered(fact: ConsultAnswered) -> Summons:
    said = f"{fact.actor.name} answered the question that went to {_place(fact.target.tier, fact.target.team)}."
    return Summons(_notice(StaffAbout.ANSWERED, fact, said), tuple(set(_owner(fact)) - {fact.actor.id}))


def _returned(fact: HandoverReturned) -> Summons:
    said = f"{fact.actor.name} sends your offer back with a question; it is still yours."
    return Summons(_notice(StaffAbout.RETURNED, fact, said), _owner(fact))


def _mentioned(fact: AgentMentioned) -> Summons:
    said = f"{fact.actor.name} wrote a note that names you; read it there."
    return Summons(_notice(StaffAbout.MENTIONED, fact, said), (fact.agent,))


def _call_back_due(fact: CallBackDue) -> Summons:
    """Its owner; while nobody owns it, the leads of its team."""
    said = f"The customer was promised a call at {_time(fact.due_at)}."
    owner = _owner(fact)
    return Summons(_notice(StaffAbout.CALL_BACK, fact, said), owner, team=None if owner else fact.standing.team)


def _informed(fact: AccountManagerInformed) -> Summons:
    said = f"{fact.actor.name} wants you to know of it, as the customer's account manager."
    return Summons(_notice(StaffAbout.INFORMED, fact, said), (fact.agent,))


def _ended(fact: HandoverWithdrawn) -> Summons | None:
    if fact.cause != RECEIVER_LEFT:
        return None
    said = f"{fact.offer.target.agent}, whom you offered it to, does not work here any more; it is still yours."
    return Summons(_notice(StaffAbout.RETURNED, fact, said), _owner(fact))


def _step(fact: EscalationStepTaken) -> Summons:
    place = _place(fact.standing.tier, fact.standing.team)
    said = f"Nobody has taken it from the queue of {place} for long; this is step {fact.step} of what you agreed on."
    return Summons(_notice(StaffAbout.STEP, fact, said), fact.agents)


def _warned(fact: ClockWarned) -> Summons | None:
    if fact.percent < LATE_PERCENT:
        return None
    due = _time(fact.due_at)
    if fact.clock == PROMISED_UPDATE:
        said = f"The customer was promised an update by {due}."
        return Summons(_notice(StaffAbout.UPDATE, fact, said), _owner(fact))
    if fact.clock == PICKUP:
        return _not_taken(fact, f"it should be taken by {due}")
    return None


def _broken(fact: ClockBreached) -> Summons:
    """Owner or leads, and whoever watches it."""
    if fact.clock == PROMISED_UPDATE:
        said = "The customer was promised an update, and the time has passed."
        return Summons(_notice(StaffAbout.UPDATE, fact, said), (*_owner(fact), *fact.watchers))
    if fact.clock == PICKUP:
        return replace(_not_taken(fact, "the time has passed"), agents=fact.watchers)
    return _to_watchers(fact, f"You watch it: the time of its clock {fact.clock} has passed.")


def _resolved(fact: IssueResolved) -> Summons:
    return _to_watchers(fact, f"You watch it: {fact.actor.name} resolved it ({fact.resolution}).")


def _reopened(fact: IssueReopened) -> Summons:
    return _to_watchers(fact, f"You watch it: it was reopened by {fact.actor.name}.")


def _to_watchers(fact: WatchedFact, words: str) -> Summons:
    """Whoever watches it and did not do it."""
    others = tuple(agent for agent in fact.watchers if agent != fact.actor.id)
    return Summons(_notice(StaffAbout.WATCHED, fact, words), others)


def _not_taken(fact: WorkFact, when: str) -> Summons:
    """The leads of the queue where it can be claimed."""
    standing = fact.standing
    queue = standing.offer.target if standing.offer else Target(tier=standing.tier, team=standing.team)
    said = f"Nobody has taken it from the queue of {_place(queue.tier, queue.team)}; {when}."
    return Summons(_notice(StaffAbout.PICKUP, fact, said), team=queue.team)


CALLS: Final[Mapping[type[WorkFact], Callable[[Any], Summons | None]]] = {
    LeadAlerted: _alerted,
    IssuePushed: _given,
    HandoverOffered: _offered,
    OwnerIdle: _idle,
    ConsultAsked: _asked,
    ConsultAnswered: _answered,
    HandoverReturned: _returned,
    AgentMentioned: _mentioned,
    CallBackDue: _call_back_due,
    AccountManagerInformed: _informed,
    EscalationStepTaken: _step,
    HandoverWithdrawn: _ended,
    ClockWarned: _warned,
    ClockBreached: _broken,
    IssueResolved: _resolved,
    IssueReopened: _reopened,
}
"""Fact to whom it calls."""


def _notice(about: StaffAbout, fact: WorkFact, words: str) -> StaffNotice:
    return StaffNotice(about=about, at=fact.at, words=words)


def _owner(fact: WorkFact) -> tuple[str, ...]:
    return () if fact.standing.owner is None else (fact.standing.owner,)


def _place(tier: int, team: str | None) -> str:
    return f"Tier {tier}" if team is None else f"{team} at Tier {tier}"


def _whom(target: Target) -> str:
    return "you" if target.agent is not None else _place(target.tier, target.team)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
