"""support.issues: what customers and client applications said, as intake accepted it."""

import operator
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.events.base import EVENT_LIMIT_BYTES, Fact, Value
from shared.events.form_parts import FIELDS_LIMIT, FormAnswer
from shared.vocabulary import Channel, Level, Moment, Text, Title, Word

ROUTING_LIMIT_BYTES: Final = 16 * 1024
"""What IssueRouted may add to the submission it carries on: what was accepted can always be routed."""


Score = Annotated[int, Field(ge=1, le=5)]


class Customer(Value):
    """Who asked: the customer with the entitlements that routing and clocks need."""

    id: UUID
    name: Word
    email: str
    account: Word
    plan: Word
    account_manager: str | None = None
    """An agent's sign-in name."""


class Attachment(Value):
    """A file in the object store, by id; its bytes never travel in an event."""

    id: UUID
    name: Word
    media_type: str
    size_bytes: int


class Submission(Value):
    """An issue as it was accepted; carried on by IssueRouted so that later services need no other source."""

    number: int
    accepted_at: Moment
    application: str
    """The client application that posted it."""
    customer: Customer
    channel: Channel | str = Channel.API
    language: Word = "en"
    verified: bool = False
    """Whether the application vouches for the customer's identity."""
    product: Word | None = None
    category: Word | None = None
    impact: Level | str | None = None
    urgency: Level | str | None = None
    source: Word | None = None
    """What raised it, e.g. `monitoring`."""
    form: dict[str, Any] = Field(default_factory=dict)
    title: Title
    text: Text
    attachments: tuple[Attachment, ...] = ()
    reference: Word | None = None
    """The client application's own reference."""
    split_from: Annotated[UUID | None, Field(exclude_if=operator.not_)] = None
    """The issue that this one was a part of; left out of the event when it was none."""


class IssueSubmitted(Fact, type="tierdesk.issue-submitted.v1"):
    """An issue was accepted; published once, first of its issue."""

    LIMIT_BYTES: ClassVar[int] = EVENT_LIMIT_BYTES - ROUTING_LIMIT_BYTES

    submission: Submission


class CustomerReplied(Fact, type="tierdesk.customer-replied.v1"):
    """The customer wrote again; cannot be refused once accepted."""

    message: UUID
    text: Text
    attachments: tuple[Attachment, ...] = ()
    at: Moment


class ReopenRequested(Fact, type="tierdesk.reopen-requested.v1"):
    """The customer says a resolved issue is not solved."""

    text: Text | None = None
    message: UUID | None = None
    at: Moment


class IssueWithdrawn(Fact, type="tierdesk.issue-withdrawn.v1"):
    """The customer no longer needs an answer."""

    reason: Text | None = None
    at: Moment


class ConsentGiven(Fact, type="tierdesk.consent-given.v1"):
    """The customer allows or refuses an offered remote session."""

    session: UUID
    granted: bool = True
    at: Moment


class SatisfactionRated(Fact, type="tierdesk.satisfaction-rated.v1"):
    """How satisfied the customer is with the answer; of several, the newest stands. score: 1, not at all, to 5."""

    score: Score
    comment: Text | None = None
    at: Moment


class FormAnswered(Fact, type="tierdesk.form-answered.v1"):
    """The customer filled in a form; cannot be refused once accepted. message: the answers in the conversation.

    answers: of the fields that were answered, in the form's order.
    """

    form: UUID
    message: UUID
    answers: Annotated[tuple[FormAnswer, ...], Field(max_length=FIELDS_LIMIT)]
    at: Moment
