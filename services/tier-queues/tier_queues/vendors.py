"""Tier 4: asking a vendor, and hearing from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from shared.events import Fact, vendor, work
from shared.events.issues import Attachment
from shared.vocabulary import WaitingFor
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Forward
from tier_queues.conversation import MESSAGES_LIMIT_BYTES, as_json, newest
from tier_queues.policies import Policies
from tier_queues.record import Case, Decision, Issue
from tier_queues.waiting import resumed, waiting

FORWARD_LIMIT_BYTES: Final = 112 * 1024
"""A forward's own content; the rest of the largest event is left for the envelope."""
MESSAGES_FLOOR_BYTES: Final = 2 * 1024
"""Room for messages beside even the longest question."""

WORD_FOR: Final[Mapping[type[Fact], str]] = MappingProxyType(
    {
        vendor.VendorCaseOpened: "opened",
        vendor.VendorCaseDelivered: "delivered",
        vendor.VendorCaseAcknowledged: "acknowledged",
        vendor.VendorCaseUpdated: "updated",
        vendor.VendorCaseResolved: "resolved",
        vendor.VendorCaseRejected: "rejected",
        vendor.VendorDeliveryExhausted: "exhausted",
    }
)
"""Vendor's fact to the word for it, on the timeline and as the case's state."""
QUESTION: Final = "question"
"""The word for an update that needs an answer."""
NEEDS_PEOPLE: Final = frozenset({QUESTION, "resolved", "rejected", "exhausted"})
"""What ends the wait for a vendor."""


def forward(decision: Decision, command: Forward, given: Circumstances) -> Decision:
    """The owner asks a vendor and stays; the issue waits for the vendor."""
    issue = decision.issue
    case = Case(issue.made_id("case"), command.vendor, "forwarded")
    change = waiting(issue, WaitingFor.VENDOR, at=given.now, policies=given.policies)
    files = tuple(file.attachment() for file in command.attachments)
    return decision.then(
        work.IssueForwarded,
        actor=given.actor,
        at=given.now,
        change=change | {"cases": (*issue.cases, case)},
        **forwarded(issue, case, command.ask, given.messages, files),
    )


def forwarded(
    issue: Issue, case: Case, ask: str, messages: Sequence[work.PublicMessage], attachments: Sequence[Attachment]
) -> dict[str, Any]:
    """What a vendor is sent: the question, and as much of the conversation as fits beside it."""
    taken = len(ask.encode()) + sum(len(file.model_dump_json().encode()) for file in attachments)
    room = max(min(MESSAGES_LIMIT_BYTES, FORWARD_LIMIT_BYTES - taken), MESSAGES_FLOOR_BYTES)
    kept, truncated = newest(messages, room)
    return {
        "case": case.id,
        "vendor": case.vendor,
        "number": issue.number,
        "title": issue.title,
        "product": issue.product,
        "category": issue.category,
        "account": issue.account,
        "ask": ask,
        "messages": kept,
        "attachments": tuple(attachments),
        "truncated": truncated,
    }


def heard(decision: Decision, fact: vendor.VendorFact, *, now: datetime, policies: Policies) -> Decision:
    """A vendor's fact: always an entry; what needs people, about an open case, ends the wait for the vendor."""
    issue = decision.issue
    case = next((one for one in issue.cases if one.id == fact.case), None)
    what = _word(fact)
    actor = work.Actor(kind="vendor", id=fact.vendor, name=fact.vendor_name)
    decision = decision.then(
        work.VendorHeard,
        actor=actor,
        at=now,
        change={"cases": tuple(_told(one, fact, what) if one is case else one for one in issue.cases)},
        private=_private(fact),
        case=fact.case,
        vendor=fact.vendor,
        what=what,
    )
    if issue.waiting_for is WaitingFor.VENDOR and case is not None and case.is_open and what in NEEDS_PEOPLE:
        return resumed(decision, cause="vendor", actor=actor, at=now, policies=policies)
    return decision


def _word(fact: vendor.VendorFact) -> str:
    return QUESTION if isinstance(fact, vendor.VendorCaseUpdated) and fact.question else WORD_FOR[type(fact)]


def _told(case: Case, fact: vendor.VendorFact, what: str) -> Case:
    # An answer is final: a late "delivered" of the same case must not make it look open again.
    state = what if case.is_open else case.state
    return replace(case, state=state, reference=fact.reference or case.reference)


def _private(fact: vendor.VendorFact) -> dict[str, Any]:
    private: dict[str, Any] = {"vendor_name": fact.vendor_name, "reference": fact.reference}
    match fact:
        case vendor.VendorCaseUpdated() | vendor.VendorCaseResolved():
            private |= {"text": fact.text, "attachments": as_json(fact.attachments)}
        case vendor.VendorCaseRejected():
            private |= {"text": fact.text}
        case vendor.VendorDeliveryExhausted():
            private |= {"reason": fact.reason, "attempts": fact.attempts}
    return private
