"""support.work: what people do beside an issue's course. Questions, answers, notes and findings are never here."""

from uuid import UUID

from shared.events.work import Target, WorkFact
from shared.vocabulary import Text, Word


class ConsultFact(WorkFact):
    """Common to facts about a question to somebody else, asked while the owner keeps the issue."""

    consult: UUID
    target: Target


class ConsultAsked(ConsultFact, type="tierdesk.consult-asked.v1"):
    """The owner asks a tier, a team or an agent. on_hold: the customer sees that the issue rests meanwhile."""

    on_hold: bool = False


class ConsultAnswered(ConsultFact, type="tierdesk.consult-answered.v1"):
    """Somebody of the target answered; the question is no longer open."""


class ConsultClosed(ConsultFact, type="tierdesk.consult-closed.v1"):
    """The question ended without an answer. cause: owner, lead, resolved."""

    cause: Word


class ConsultOverdue(ConsultFact, type="tierdesk.consult-overdue.v1"):
    """Nobody answered in time; the lead of the target is told, once, and the question stays open."""


class AgentMentioned(WorkFact, type="tierdesk.agent-mentioned.v1"):
    """A note names an agent, who should read it."""

    note: UUID
    agent: Word
    agent_name: str


class ParticipantJoined(WorkFact, type="tierdesk.participant-joined.v1"):
    """An agent follows the conversation from now on, by their own wish or somebody else's."""

    agent: Word
    agent_name: str


class ParticipantLeft(WorkFact, type="tierdesk.participant-left.v1"):
    """An agent follows the conversation no longer."""

    agent: Word
    agent_name: str


class RemoteSessionOffered(WorkFact, type="tierdesk.remote-session-offered.v1"):
    """The owner asks the customer's leave to look at their machine. link: https, for the customer."""

    session: UUID
    purpose: Text
    link: str

    @property
    def words(self) -> str:
        """What the customer reads."""
        return f"{self.purpose}\n\nMay we look at your screen? If you agree, tell us, then open: {self.link}"


class RemoteSessionEnded(WorkFact, type="tierdesk.remote-session-ended.v1"):
    """What was found in a remote session is on the timeline."""

    session: UUID


class CustomerRated(WorkFact, type="tierdesk.customer-rated.v1"):
    """What the customer thinks of the answer reached the timeline; of several, the newest stands. score: 1 to 5."""

    score: int


class CustomerConsented(WorkFact, type="tierdesk.customer-consented.v1"):
    """The customer's word about an offered remote session reached the timeline."""

    session: UUID
    granted: bool
