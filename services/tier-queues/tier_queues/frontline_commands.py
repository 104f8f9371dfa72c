"""What the frontline does with a customer, as commands."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from shared.vocabulary import Moment, Text, Word
from tier_queues.command_parts import Command, no_number

CALL_LIMIT_MINUTES = 24 * 60


class Verify(Command):
    """Record whether the account or the licence is what the customer says; how it was checked stays with staff."""

    subject: Literal["account", "licence"]
    how: Text
    result: Literal["verified", "failed"]


class Redirect(Command):
    """End the issue because it belongs to another channel; the customer's words go along on the timeline.

    text: what the customer is told. seen, confirm: as of a reply.
    """

    channel: Word
    reason: Text
    text: Text
    seen: UUID | None = None
    confirm: bool = False


class LogCall(Command):
    """Record that somebody spoke with the customer; what was said stays with staff."""

    direction: Literal["in", "out"]
    text: Text
    minutes: Annotated[int, Field(ge=0, le=CALL_LIMIT_MINUTES)] = 0
    call_back: UUID | None = None
    """The booked call-back that this was."""


class BookCallBack(Command):
    """Promise to call the customer at a time; it is told when it comes."""

    at: Annotated[Moment, BeforeValidator(no_number)]
    reason: Text


class RecordGuideStep(Command):
    """Record what a step of a guide showed; it is prefilled into a handover's findings."""

    guide: Word
    step: Word
    result: Literal["passed", "failed", "skipped"]
    text: Text | None = None


class AskForm(Command):
    """Ask the customer to fill in a form, as it is now; it is a message to them like a reply.

    seen, confirm: as of a reply. wait: the issue waits for the answers; until: no longer than this.
    """

    form: Word
    wait: bool = False
    until: Annotated[Moment | None, BeforeValidator(no_number)] = None
    seen: UUID | None = None
    confirm: bool = False

    @model_validator(mode="after")
    def _only_a_wait_has_an_end(self) -> Self:
        if self.until is not None and not self.wait:
            raise ValueError("`until` goes with `wait`")
        return self
