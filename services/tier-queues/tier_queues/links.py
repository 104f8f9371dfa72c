"""How issues belong together. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

LINKS_LIMIT: Final = 1000
"""Links of one issue, its duplicates and children included."""
TAGS_LIMIT: Final = 50
"""Tags of one issue."""


class Relation(StrEnum):
    """What another issue is to this one."""

    RELATED = "related"
    BLOCKS = "blocks"
    BLOCKED_BY = "blocked_by"
    DUPLICATE_OF = "duplicate_of"
    """This one was merged into the other."""
    DUPLICATE = "duplicate"
    """The other one was merged into this."""
    SPLIT_FROM = "split_from"
    """This one was a part of the other."""
    SPLIT_INTO = "split_into"
    """The other one was a part of this."""
    CHILD_OF = "child_of"
    """This one follows the other, a major incident."""
    CHILD = "child"
    """The other one follows this major incident."""


FOLLOWING: Final = (Relation.CHILD_OF, Relation.CHILD)
"""Of major incidents."""
INVERSE: Final[Mapping[Relation, Relation]] = MappingProxyType(
    {
        Relation.RELATED: Relation.RELATED,
        Relation.BLOCKS: Relation.BLOCKED_BY,
        Relation.BLOCKED_BY: Relation.BLOCKS,
        Relation.DUPLICATE_OF: Relation.DUPLICATE,
        Relation.DUPLICATE: Relation.DUPLICATE_OF,
        Relation.SPLIT_FROM: Relation.SPLIT_INTO,
        Relation.SPLIT_INTO: Relation.SPLIT_FROM,
        Relation.CHILD_OF: Relation.CHILD,
        Relation.CHILD: Relation.CHILD_OF,
    }
)
"""What this issue is to the other one then."""


@dataclass(frozen=True, slots=True)
class Link:
    """Another issue, and what it is to this one."""

    issue: UUID
    number: int
    relation: Relation
