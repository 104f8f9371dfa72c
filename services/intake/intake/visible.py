"""How an issue looks to its customer: words without tiers, teams, vendors or agents' ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.events import Envelope
from shared.events.issues import Attachment
from shared.events.work import IssueReplied, IssueResolved, Standing, WorkFact
from shared.vocabulary import IssueState, WaitingFor

SUPPORT: Final = "Support"
"""The name under which everything speaks that is no agent."""


class CustomerState(StrEnum):
    """Where an issue stands, in the customer's words."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_YOU = "waiting_for_you"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"


_STATES: Final[Mapping[tuple[str, str | None], CustomerState]] = {
    (IssueState.ASSIGNED, None): CustomerState.IN_PROGRESS,
    (IssueState.WAITING, WaitingFor.CUSTOMER): CustomerState.WAITING_FOR_YOU,
    (IssueState.WAITING, WaitingFor.VENDOR): CustomerState.IN_PROGRESS,
    (IssueState.WAITING, WaitingFor.FIX): CustomerState.ON_HOLD,
    (IssueState.WAITING, WaitingFor.TIME): CustomerState.ON_HOLD,
    (IssueState.RESOLVED, None): CustomerState.SOLVED,
    (IssueState.CLOSED, None): CustomerState.CLOSED,
}


def state_after(before: CustomerState, standing: Standing) -> CustomerState:
    """The customer's word for a standing. A queued issue is *received* until somebody has begun with it.

    A state that this release does not know counts as work in progress.
    """
    if standing.state == IssueState.QUEUED and before is CustomerState.RECEIVED:
        return before
    waiting_for = standing.waiting_for if standing.state == IssueState.WAITING else None
    return _STATES.get((standing.state, waiting_for), CustomerState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said between customer and support. author: customer or support."""

    id: UUID
    issue_id: UUID
    author: str
    author_name: str
    text: str
    attachments: tuple[Attachment, ...]
    at: datetime


def message_in(event: Envelope[Any]) -> Message | None:
    """What support says to the customer with a fact, or None when it says nothing."""
    match event.data:
        case IssueReplied(message=message, text=text, attachments=attachments):
            return _from_support(event, message, text, attachments)
        case IssueResolved(text=text, actor=actor) if actor.kind != "customer":
            return _from_support(event, event.id, text, ())
    return None


def _from_support(event: Envelope[Any], message: UUID, text: str, attachments: tuple[Attachment, ...]) -> Message:
    fact: WorkFact = event.data
    name = fact.actor.name if fact.actor.kind == "agent" else SUPPORT
    return Message(message, UUID(event.subject), "support", name, text, attachments, fact.at)
