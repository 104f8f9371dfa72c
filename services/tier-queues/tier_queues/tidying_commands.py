"""What an agent can ask for to keep issues in order: tags, links, merges, and a rest until a time."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from shared.events.tidying import SPLIT_ENTRIES_LIMIT
from shared.vocabulary import Moment, Text, Title, Word
from tier_queues.command_parts import Command, no_number
from tier_queues.incident_commands import JoinIncident, LeaveIncident
from tier_queues.links import Relation

TAGS_AT_ONCE: Final = 20
"""Tags that one command names."""
MERGED_TEXT: Final = "The same was reported before. We work on it there, and tell you here what comes of it."
"""What the customer of a duplicate is told, unless the agent finds better words."""

EntryVersion = Annotated[int, Field(ge=1, strict=True)]
Tags = Annotated[tuple[Word, ...], Field(min_length=1, max_length=TAGS_AT_ONCE)]


class Tag(Command):
    """Put tags on the issue; those it has already stay."""

    tags: Tags


class Untag(Command):
    """Take tags off the issue."""

    tags: Tags


class LinkTo(Command):
    """Say how another issue belongs to this one; the other's timeline says so too."""

    other: UUID
    relation: Literal[Relation.RELATED, Relation.BLOCKS, Relation.BLOCKED_BY]


class Unlink(Command):
    """Take a link back on both sides; of a duplicate and its master this undoes the merge, and reopens nothing."""

    other: UUID


class Merge(Command):
    """Resolve the issue as a duplicate of another one, whose answer its customer gets too.

    text: what the customer is told now.
    """

    into: UUID
    text: Text = MERGED_TEXT


class Split(Command):
    """Make a part of the issue an issue of its own, for the same customer; both are linked once it is routed.

    text: the part, as it is submitted. category: a person's word, if known; else the router decides.
    messages: versions of the timeline's entries that it comes from.
    """

    title: Title
    text: Text
    category: Word | None = None
    messages: Annotated[tuple[EntryVersion, ...], Field(max_length=SPLIT_ENTRIES_LIMIT)] = ()


class Snooze(Command):
    """Let the issue rest until a time; the same as waiting for time."""

    until: Annotated[Moment, BeforeValidator(no_number)]
    reason: Text


ANYWHERE: Final[tuple[type[Command], ...]] = (Tag, Untag, LinkTo, Unlink, Split)
"""What moves nothing, and is possible until the issue is closed."""
RELATING: Final = (LinkTo, Unlink, Merge, JoinIncident, LeaveIncident)
"""The commands that name a second issue."""


def other_of(command: Command) -> UUID | None:
    """The second issue that a command names, or None."""
    if isinstance(command, Merge):
        return command.into
    if isinstance(command, (JoinIncident, LeaveIncident)):
        return command.master
    return command.other if isinstance(command, (LinkTo, Unlink)) else None
