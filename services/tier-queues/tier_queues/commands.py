"""What an agent can ask for. Each is also the body of its request: frozen, and an unknown field is an error."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from shared.vocabulary import (
    HandoverMode,
    HandoverReason,
    Level,
    Moment,
    Resolution,
    Text,
    WaitingFor,
    Word,
)
from tier_queues import escalation_commands as escalation
from tier_queues import frontline_commands as first
from tier_queues import incident_commands as major
from tier_queues import problem_commands as about
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.command_parts import AttachedFile as AttachedFile
from tier_queues.command_parts import AttachedFiles, no_number
from tier_queues.command_parts import Command as Command
from tier_queues.command_parts import Destination as Destination


class Claim(Command):
    """Take the issue from a queue, or accept its pending offer."""


class PutBack(Command):
    """Give the issue back to the queue; with a pending offer, to the offer's target."""

    reason: Text


class Skip(Command):
    """Pass the issue by: claim next does not give it to you again for a while; who owns it puts it back."""

    reason: Text


class Reply(Command):
    """Write to the customer. seen: the newest message of the customer that was read; confirm: send whatever came.

    to_duplicates: the customers of its duplicates get the text too.
    exception_reason: why somebody writes who does not own the issue, or whose team works behind the scenes only.
    """

    text: Text
    attachments: AttachedFiles = ()
    seen: UUID | None = None
    confirm: bool = False
    to_duplicates: bool = False
    exception_reason: Text | None = None


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


class PromiseUpdate(Command):
    """Promise the customer to write until a time, which they see; the next reply keeps the promise."""

    until: Annotated[Moment, BeforeValidator(no_number)]
    reason: Text


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
    """Answer the issue. text: what the customer is told.

    children: of a major incident, what the answer does to the issues that follow it. seen, confirm: as of a reply.
    """

    resolution: Resolution
    text: Text
    children: Literal["resolve", "return"] | None = None
    seen: UUID | None = None
    confirm: bool = False


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
    "consult": side.Consult,
    "answer-consult": side.AnswerConsult,
    "close-consult": side.CloseConsult,
    "add-participant": side.AddParticipant,
    "leave": side.Leave,
    "offer-remote-session": side.OfferRemoteSession,
    "record-remote-findings": side.RecordRemoteFindings,
    "verify": first.Verify,
    "redirect": first.Redirect,
    "log-call": first.LogCall,
    "book-call-back": first.BookCallBack,
    "record-guide-step": first.RecordGuideStep,
    "promise-update": PromiseUpdate,
    "skip": Skip,
    "link-problem": about.LinkProblem,
    "unlink-problem": about.UnlinkProblem,
    "insert-workaround": about.InsertWorkaround,
    "tag": tidy.Tag,
    "untag": tidy.Untag,
    "link": tidy.LinkTo,
    "unlink": tidy.Unlink,
    "merge": tidy.Merge,
    "snooze": tidy.Snooze,
    "ask-form": first.AskForm,
    "split": tidy.Split,
    "escalate": escalation.Escalate,
    "declare-major-incident": major.DeclareMajorIncident,
    "join-incident": major.JoinIncident,
    "leave-incident": major.LeaveIncident,
    "update-incident": major.UpdateIncident,
    "end-major-incident": major.EndMajorIncident,
}
"""Name, as in URLs, to command."""
NAME_OF: Final = {command: name for name, command in COMMANDS.items()}
