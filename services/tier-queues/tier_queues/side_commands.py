"""What an agent can ask for beside an issue's course: questions to others, who takes part, a remote session."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.vocabulary import Text, Word
from tier_queues.command_parts import Command, Destination, Part

LINK_LIMIT: Final = 2000
"""Characters of a link."""
Link = Annotated[str, StringConstraints(max_length=LINK_LIMIT, pattern=r"^https://[!-~]+$")]
"""An https address in printable ASCII, as a browser takes it."""


class Briefing(Part):
    """What spares the asked a second asking: who the customer is, what they see, what was tried."""

    customer: Text
    symptoms: Text
    tried: Text


class Consult(Command):
    """Ask a tier, a team or an agent and keep the issue; nothing of it is ever shown to the customer."""

    target: Destination
    question: Text
    briefing: Briefing
    on_hold: bool = False
    """The customer sees that the issue rests until the answer."""


class AnswerConsult(Command):
    """Answer a question that goes to you; the answer stands beside the thread."""

    consult: UUID
    text: Text


class CloseConsult(Command):
    """Take a question back."""

    consult: UUID


class AddParticipant(Command):
    """Let an agent follow the conversation; without a name yourself."""

    agent: Word | None = None


class Leave(Command):
    """Follow the conversation no longer."""


class OfferRemoteSession(Command):
    """Ask the customer's leave to look at their machine; the link is for them."""

    link: Link
    purpose: Text


class RecordRemoteFindings(Command):
    """Say what a remote session showed; only with the customer's consent."""

    findings: Annotated[Text, Field(description="Stays with staff.")]
