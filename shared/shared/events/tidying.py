"""support.work: how issues are kept in order. Tags, links between issues, and issues made of a part of another."""

from typing import Annotated, ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.events.work import WorkFact
from shared.vocabulary import Text, Title, Word

SPLIT_LIMIT_BYTES: Final = 88 * 1024
"""Of a split: what it says can always be submitted, together with the customer of the issue it comes from."""
SPLIT_ENTRIES_LIMIT: Final = 50
"""Entries of the timeline that a split names."""


class TagsChanged(WorkFact, type="tierdesk.tags-changed.v1"):
    """Somebody put tags on the issue or took some off. tags: all that it has now."""

    tags: tuple[Word, ...]


class LinkFact(WorkFact):
    """Common to facts about a link; the other issue has one of its own. number: the other issue's."""

    other: UUID
    number: int
    relation: Word
    """What the other is to this one: related, blocks, blocked_by, duplicate_of, duplicate, split_from, split_into,
    child_of, child."""


class IssueLinked(LinkFact, type="tierdesk.issue-linked.v1"):
    """Another issue belongs to this one; with `duplicate` it was merged into this one."""


class IssueUnlinked(LinkFact, type="tierdesk.issue-unlinked.v1"):
    """Another issue no longer belongs to this one."""


class IssueMerged(LinkFact, type="tierdesk.issue-merged.v1"):
    """This issue is a duplicate of another one, whose answer its customer gets too; it is resolved with it."""


class IssueSplit(WorkFact, type="tierdesk.issue-split.v1"):
    """A part of the issue becomes an issue of its own, which intake submits for the same customer.

    issue: the new one's id, the same whenever this is heard. entries: versions of the timeline's entries it comes from.
    """

    LIMIT_BYTES: ClassVar[int] = SPLIT_LIMIT_BYTES

    issue: UUID
    title: Title
    text: Text
    category: Word | None = None
    entries: Annotated[tuple[int, ...], Field(max_length=SPLIT_ENTRIES_LIMIT)] = ()
