"""What an agent can ask for. Each is also the body of its request: frozen, and an unknown field is an error."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.events.issues import Attachment
from shared.vocabulary import (
    HandoverMode,
    HandoverReason,
    Level,
    Moment,
    Resolution,
    Text,
    Tier,
    WaitingFor,
    Word,
)

ATTACHMENTS_LIMIT: Final = 20
"""Files with one message."""
INT64_LIMIT: Final = 2**63 - 1


def no_number(moment: object) -> object:
    """The moment itself. Raises ValueError for a number, which would count as seconds since 1970."""
    if isinstance(moment, (int, float)):
        raise ValueError("must be a time, as in 2026-12-24T18:00:00Z")
    return moment


class Part(BaseModel):
    """Part of a command."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Command(Part):
    """Something an agent wants done with one issue."""


class AttachedFile(Attachment):
    """A file that was uploaded before, named by its id."""

    model_config = ConfigDict(extra="forbid")

    size_bytes: Annotated[int, Field(ge=0, le=INT64_LIMIT)]

    def attachment(self) -> Attachment:
        """As facts carry it."""
        return Attachment.model_validate(self.model_dump())


AttachedFiles = Annotated[tuple[AttachedFile, ...], Field(max_length=ATTACHMENTS_LIMIT)]


class Destination(Part):
    """Where an offer goes: a tier, a team at a tier, or a named agent (then tier and team are that agent's)."""

    tier: Tier | None = None
    team: Word | None = None
    agent: Word | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.tier is None and self.agent is None:
            raise ValueError("name a tier, a team with its tier, or an agent")
        return self


class Claim(Command):
    """Take the issue from a queue, or accept its pending offer."""


class PutBack(Command):
    """Give the issue back to the queue; with a pending offer, to the offer's target."""

    reason: Text


class Reply(Command):
    """Write to the customer. seen: the newest message of the customer that was read; confirm: send whatever came."""

    text: Text
    attachments: AttachedFiles = ()
    seen: UUID | None = None
    confirm: bool = False


class Note(Command):
    """Leave an internal note; its text never leaves tier-queues."""

    text: Text


class OfferHandover(Command):
    """Offer the issue to somebody else, with the five parts that spare the customer a second asking."""

    target: Destination
    mode: HandoverMode = HandoverMode.COLD
    reason: HandoverReason
    impact: Text
    findings: Text
    tried: Text
    ask: Text
    promised: Text
    lower_tier_could: bool = False
    """A lower tier could have solved this; for the knowledge base."""


class WithdrawOffer(Command):
    """Take the pending offer back."""


class AcceptHandover(Command):
    """Take the issue that is offered; the same as Claim."""


class ReturnHandover(Command):
    """Send the offer back to the owner, with a question."""

    question: Text


class Wait(Command):
    """Let the issue rest. until: when it wakes by itself; required when waiting for nothing but time."""

    waiting_for: Annotated[WaitingFor, Field(alias="for")]
    until: Annotated[Moment | None, BeforeValidator(no_number)] = None
    reason: Text

    @model_validator(mode="after")
    def _time_has_an_end(self) -> Self:
        if self.waiting_for is WaitingFor.TIME and self.until is None:
            raise ValueError("say until when")
        return self


class Resume(Command):
    """End the wait."""


class Forward(Command):
    """Ask a vendor to work on the issue; the owner stays. attachments: the files the vendor may see."""

    vendor: Word
    ask: Text
    attachments: AttachedFiles = ()


class Reclassify(Command):
    """Choose another category; the router decides again, for this category."""

    category: Word
    reason: Text


class SetPriority(Command):
    """Say how strongly the issue hits and presses; its priority follows."""

    impact: Level
    urgency: Level
    reason: Text


class Resolve(Command):
    """Answer the issue. text: what the customer is told."""

    resolution: Resolution
    text: Text


class Reopen(Command):
    """Take a resolved issue up again."""

    reason: Text


class Close(Command):
    """End a resolved issue before its time."""

    reason: Text


COMMANDS: Final[dict[str, type[Command]]] = {
    "claim": Claim,
    "put-back": PutBack,
    "reply": Reply,
    "note": Note,
    "offer": OfferHandover,
    "withdraw-offer": WithdrawOffer,
    "accept": AcceptHandover,
    "return": ReturnHandover,
    "wait": Wait,
    "resume": Resume,
    "forward": Forward,
    "reclassify": Reclassify,
    "set-priority": SetPriority,
    "resolve": Resolve,
    "reopen": Reopen,
    "close": Close,
}
"""Name, as in URLs, to command."""
NAME_OF: Final = {command: name for name, command in COMMANDS.items()}
