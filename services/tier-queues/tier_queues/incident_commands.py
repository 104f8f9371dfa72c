"""What an agent can ask for when one cause makes many issues at once."""

from uuid import UUID

from shared.vocabulary import Text
from tier_queues.command_parts import Command


class DeclareMajorIncident(Command):
    """Let others join this issue and follow it; it becomes a P1, and its leads are told. reason: why."""

    reason: Text


class JoinIncident(Command):
    """Let the issue follow a major incident: its customer hears what that one's updates and answer say."""

    master: UUID


class LeaveIncident(Command):
    """Let the issue follow the major incident no longer."""

    master: UUID


class UpdateIncident(Command):
    """Tell the customers of the incident and of all issues that follow it how it stands."""

    text: Text


class EndMajorIncident(Command):
    """Make it an ordinary issue again; who followed it is told nothing. reason: why, for staff."""

    reason: Text
