"""support.work: how issues are kept in order. Tags, and links between issues."""

from uuid import UUID

from shared.events.work import WorkFact
from shared.vocabulary import Word


class TagsChanged(WorkFact, type="tierdesk.tags-changed.v1"):
    """Somebody put tags on the issue or took some off. tags: all that it has now."""

    tags: tuple[Word, ...]


class LinkFact(WorkFact):
    """Common to facts about a link; the other issue has one of its own. number: the other issue's."""

    other: UUID
    number: int
    relation: Word
    """What the other is to this one: related, blocks, blocked_by, duplicate_of, duplicate."""


class IssueLinked(LinkFact, type="tierdesk.issue-linked.v1"):
    """Another issue belongs to this one; with `duplicate` it was merged into this one."""


class IssueUnlinked(LinkFact, type="tierdesk.issue-unlinked.v1"):
    """Another issue no longer belongs to this one."""


class IssueMerged(LinkFact, type="tierdesk.issue-merged.v1"):
    """This issue is a duplicate of another one, whose answer its customer gets too; it is resolved with it."""
