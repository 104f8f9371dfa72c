"""What goes beside an issue's course: open questions to others, who takes part, calls to come, checks. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.events import work
from shared.events.form_parts import FormAnswer, FormField

OPEN_CONSULTS_LIMIT: Final = 10
"""Questions of one issue that may be open at the same time."""
CALL_BACKS_LIMIT: Final = 10
"""Call-backs of one issue that are booked at the same time."""
PROBLEMS_LIMIT: Final = 20
"""Problems that one issue may be linked to."""
OPEN_FORMS_LIMIT: Final = 5
"""Forms of one issue that may wait for the customer's answers at the same time."""
FORMS_LIMIT: Final = 10
"""Forms that an issue holds; of more, the oldest answered ones are on the timeline only."""
PARTICIPANTS_LIMIT: Final = 50
"""Who writes beyond it is on the timeline only."""


@dataclass(frozen=True, slots=True)
class OpenConsult:
    """A question that nobody has answered yet; its text is in the table of consults.

    on_hold: the customer sees the issue at rest meanwhile. overdue: nobody answered in time, which was said once.
    """

    id: UUID
    target: work.Target
    asked_by: str
    due_at: datetime
    on_hold: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Participant:
    """An agent who follows the conversation. how: wrote, added, introduced (the issue to its receiver)."""

    id: str
    name: str
    how: str


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """A look at the customer's machine, offered to them. granted: their word, None until they gave it."""

    id: UUID
    purpose: str
    link: str
    offered_at: datetime
    granted: bool | None = None


@dataclass(frozen=True, slots=True)
class CallBack:
    """A time at which the customer is to be called. told: that it has come, which was said once."""

    id: UUID
    due_at: datetime
    reason: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the account or the licence is what the customer says. by: a sign-in name."""

    subject: str
    result: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it lies on the shelf."""

    name: str
    title: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class AskedForm:
    """A form as the customer was asked it. name: the shelf's; answered_at: None while it is open."""

    id: UUID
    name: str
    title: str
    fields: tuple[FormField, ...]
    asked_by: str
    asked_at: datetime
    answered_at: datetime | None = None
    answers: tuple[FormAnswer, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether an answer may still come."""
        return self.answered_at is None


@dataclass(frozen=True, slots=True)
class LinkedProblem:
    """A problem or feature request that the issue belongs to. workaround: there is one; fixed_in: a release's name."""

    id: UUID
    number: int
    kind: str
    title: str
    workaround: bool = False
    fixed_in: str | None = None


def joined(participants: tuple[Participant, ...], agent: str, name: str, *, how: str) -> tuple[Participant, ...]:
    """The participants with this agent among them; how they came to be one stays as it was."""
    if any(one.id == agent for one in participants) or len(participants) >= PARTICIPANTS_LIMIT:
        return participants
    return (*participants, Participant(agent, name, how))
