"""What staff see of what goes beside an issue's course."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from shared.events import work


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
    """Another issue, and what it is to this one: related, blocks, blocked_by, duplicate_of, duplicate."""

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


V = TypeVar("V", bound=BaseModel)


def shown(view: type[V], value: object) -> V:
    """A value's fields as a view has them."""
    return view(**{name: getattr(value, name) for name in view.model_fields})
