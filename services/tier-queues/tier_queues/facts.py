"""What customers, vendors, the router and the mail say. Facts are never refused: each has an effect in every state."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from shared.events import Fact, collaboration, deliveries, issues, routing, vendor, work
from shared.events.form_parts import answered_words
from shared.vocabulary import IssueState, WaitingFor
from tier_queues import classification, ending, forms, remote_sessions, vendors
from tier_queues.conversation import as_json
from tier_queues.custody import kept
from tier_queues.policies import Policies
from tier_queues.promises import announced, asked, followed
from tier_queues.record import TIERDESK, Decision, Issue
from tier_queues.waiting import resumed

States = tuple[IssueState, ...]
Spoken = issues.CustomerReplied | issues.ReopenRequested | issues.FormAnswered

QUEUED, ASSIGNED, WAITING, RESOLVED, CLOSED = IssueState
_SAME: Final = {state: (state,) for state in IssueState}
_SPOKE: Final = _SAME | {
    WAITING: (WAITING, ASSIGNED, QUEUED),
    RESOLVED: (ASSIGNED, QUEUED),
    CLOSED: (ASSIGNED, QUEUED),
}
_GAVE_UP: Final = _SAME | {QUEUED: (RESOLVED,), ASSIGNED: (RESOLVED,), WAITING: (RESOLVED,)}
_NEEDS_PEOPLE: Final = _SAME | {WAITING: (WAITING, ASSIGNED, QUEUED)}

_HEARD: Final[Mapping[type[Fact], Mapping[IssueState, States]]] = MappingProxyType(
    {
        issues.CustomerReplied: _SPOKE,
        issues.ReopenRequested: _SPOKE,
        issues.FormAnswered: _SPOKE,
        issues.IssueWithdrawn: _GAVE_UP,
        issues.ConsentGiven: _SAME,
        issues.SatisfactionRated: _SAME,
        routing.IssueRouted: _SAME,
        vendor.VendorCaseOpened: _SAME,
        vendor.VendorCaseDelivered: _SAME,
        vendor.VendorCaseAcknowledged: _SAME,
        vendor.VendorCaseUpdated: _NEEDS_PEOPLE,
        vendor.VendorCaseResolved: _NEEDS_PEOPLE,
        vendor.VendorCaseRejected: _NEEDS_PEOPLE,
        vendor.VendorDeliveryExhausted: _NEEDS_PEOPLE,
        deliveries.NotificationFailed: _SAME,
    }
)
EFFECTS: Final[Mapping[tuple[IssueState, type[Fact]], States]] = MappingProxyType(
    {(state, fact): follow for fact, by_state in _HEARD.items() for state, follow in by_state.items()}
)
"""State and fact to the states that may follow. The whole of it: no fact is without an effect in any state."""


def heard(issue: Issue, fact: Fact, *, now: datetime, policies: Policies) -> Decision:
    """What a fact does to an issue: at least one entry, whatever the state.

    fact: of a type that EFFECTS holds; others say nothing about the life of an issue and raise KeyError.
    """
    now = max(now, issue.last_at)
    decision = announced(Decision(issue), now=now, policies=policies)
    decision = HANDLERS[type(fact)](decision, fact, now=now, policies=policies)
    decision = kept(issue, decision, now=now, policies=policies)
    decision = followed(decision, now=now, policies=policies)
    assert decision.issue.state in EFFECTS[issue.state, type(fact)], (issue.state, type(fact), decision.issue.state)
    return decision


def _spoke(
    decision: Decision,
    fact: Spoken,
    *,
    now: datetime,
    policies: Policies,
) -> Decision:
    """The customer's words or answers reach the timeline, and bring back what waits for them or was over."""
    issue, actor = decision.issue, decision.issue.customer_actor
    decision = decision.then(
        work.CustomerHeard,
        actor=actor,
        at=now,
        change=_unseen(fact) | _filled_in(issue, fact, now) | {"clocks": asked(issue, at=now, policies=policies)},
        private=_words(fact),
        message=fact.message,
    )
    if issue.is_over:
        return ending.reopened(decision, cause="customer", actor=actor, at=now, policies=policies)
    if _waits_for_words(issue):
        return resumed(decision, cause="customer", actor=actor, at=now, policies=policies)
    return decision


def _waits_for_words(issue: Issue) -> bool:
    """Whether a customer's message ends the wait: they were asked, or nobody but them would look at it."""
    return issue.state is WAITING and (issue.waiting_for is WaitingFor.CUSTOMER or issue.owner is None)


def _unseen(fact: Spoken) -> dict[str, Any]:
    return {} if fact.message is None else {"unseen": True, "newest_message": fact.message}


def _filled_in(issue: Issue, fact: Spoken, now: datetime) -> dict[str, Any]:
    return forms.filled_in(issue, fact, now=now) if isinstance(fact, issues.FormAnswered) else {}


def _words(fact: Spoken) -> dict[str, Any]:
    if isinstance(fact, issues.FormAnswered):
        answers = [answer.model_dump() for answer in fact.answers]
        return {"text": answered_words(fact.answers), "attachments": [], "form": str(fact.form), "answers": answers}
    attachments = fact.attachments if isinstance(fact, issues.CustomerReplied) else ()
    return {"text": fact.text, "attachments": as_json(attachments)}


def _rated(decision: Decision, fact: issues.SatisfactionRated, *, now: datetime, policies: Policies) -> Decision:
    """What the customer thinks of the answer; it is no message, so that nothing is owed and nothing comes back."""
    private = {} if fact.comment is None else {"comment": fact.comment}
    actor = decision.issue.customer_actor
    return decision.then(collaboration.CustomerRated, actor=actor, at=now, private=private, score=fact.score)


def _undelivered(
    decision: Decision, fact: deliveries.NotificationFailed, *, now: datetime, policies: Policies
) -> Decision:
    """A message about the issue did not arrive; whoever works it should know."""
    private = {"about": fact.about, "reason": fact.reason, "attempts": fact.attempts}
    return decision.then(
        work.DeliveryNoted, actor=TIERDESK, at=now, private=private, delivery=fact.delivery, channel=fact.channel
    )


HANDLERS: Final[Mapping[type[Fact], Callable[..., Decision]]] = MappingProxyType(
    {
        issues.CustomerReplied: _spoke,
        issues.ReopenRequested: _spoke,
        issues.FormAnswered: _spoke,
        issues.IssueWithdrawn: ending.withdrawn,
        issues.ConsentGiven: remote_sessions.consented,
        issues.SatisfactionRated: _rated,
        routing.IssueRouted: classification.rerouted,
        **dict.fromkeys(vendors.WORD_FOR, vendors.heard),
        deliveries.NotificationFailed: _undelivered,
    }
)
