"""What support says to a customer: words without tiers, teams, vendors or agents' ids."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.events import Envelope
from shared.events.collaboration import RemoteSessionOffered
from shared.events.forms import FormAsked
from shared.events.issues import Attachment
from shared.events.promises import UpdatePromised
from shared.events.work import IssueReplied, IssueResolved, WorkFact

SUPPORT: Final = "Support"
"""The name under which everything speaks that is no agent."""


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
            return from_support(event, message, text, attachments)
        case IssueResolved(text=text, actor=actor) if actor.kind != "customer":
            return from_support(event, event.id, text, ())
        case FormAsked(form=form, text=text):
            return from_support(event, form, text, ())
        case RemoteSessionOffered(session=session, words=words):
            return from_support(event, session, words, ())
    return None


def from_support(event: Envelope[Any], message: UUID, text: str, attachments: tuple[Attachment, ...]) -> Message:
    """A message that comes with a fact, under the name of the agent who did it."""
    fact: WorkFact = event.data
    name = fact.actor.name if fact.actor.kind == "agent" else SUPPORT
    return Message(message, UUID(event.subject), "support", name, text, attachments, fact.at)


def promised_after(before: datetime | None, fact: WorkFact) -> datetime | None:
    """Until when support owes the customer a word after a fact: a promise stands until somebody writes."""
    if isinstance(fact, UpdatePromised):
        return fact.until
    return None if isinstance(fact, (IssueReplied, IssueResolved, FormAsked)) else before
