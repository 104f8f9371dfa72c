"""What staff see of what goes beside an issue's course."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.events import work
from shared.events.form_parts import FormAnswer, FormField


class OpenConsultView(BaseModel):
    """A question that is open. asked_by: a sign-in name; the texts are with the issue's consults."""

    id: UUID
    target: work.Target
    asked_by: str
    due_at: datetime
    on_hold: bool
    overdue: bool


class ParticipantView(BaseModel):
    """Who follows the conversation. how: wrote, added, introduced."""

    id: str
    name: str
    how: str


class CallBackView(BaseModel):
    """A time at which the customer is to be called. told: that it has come."""

    id: UUID
    due_at: datetime
    reason: str
    told: bool


class LinkView(BaseModel):
    """Another issue, and what it is to this one.

    relation: related, blocks, blocked_by, duplicate_of, duplicate, split_from, split_into, child_of, child.
    """

    issue: UUID
    number: int
    relation: str


class VerificationView(BaseModel):
    """Whether the account or the licence is what the customer says. by: a sign-in name."""

    subject: str
    result: str
    by: str
    at: datetime


class RemoteSessionView(BaseModel):
    """A look at the customer's machine. granted: their word, null until they gave it."""

    id: UUID
    purpose: str
    link: str
    offered_at: datetime
    granted: bool | None


class LinkedProblemView(BaseModel):
    """A problem or feature request that the issue belongs to. workaround: there is one; fixed_in: a release's name."""

    id: UUID
    number: int
    kind: str
    title: str
    workaround: bool
    fixed_in: str | None


class AskedFormView(BaseModel):
    """A form that the customer was asked. asked_by: a sign-in name; answered_at: null while it is open."""

    id: UUID
    name: str
    title: str
    fields: tuple[FormField, ...]
    asked_by: str
    asked_at: datetime
    answered_at: datetime | None
    answers: tuple[FormAnswer, ...]


V = TypeVar("V", bound=BaseModel)


def shown(view: type[V], value: object) -> V:
    """A value's fields as a view has them."""
    return view(**{name: getattr(value, name) for name in view.model_fields})
