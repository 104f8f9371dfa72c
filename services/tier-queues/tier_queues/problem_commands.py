"""What an agent can ask for about an issue and its problems."""

from uuid import UUID

from tier_queues.command_parts import Command


class LinkProblem(Command):
    """Say that the issue has this problem, or asks for this feature."""

    problem: UUID


class UnlinkProblem(Command):
    """Say that the issue does not belong to the problem after all."""

    problem: UUID


class InsertWorkaround(Command):
    """Take the text of a linked problem's workaround into your draft for the customer, behind what it holds."""

    problem: UUID
