"""What people can do to a problem. Each is also the body of its request: frozen, and an unknown field is an error."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from shared.vocabulary import Text, Title, Word
from tier_queues.command_parts import Part
from tier_queues.side_commands import Link

REFERENCES_LIMIT: Final = 50


class Change(Part):
    """Something that is done to one problem."""


class ReferenceBody(Part):
    """A link to what belongs to a problem; https only."""

    what: Literal["code", "design", "release", "other"]
    title: Title
    url: Link


class Describe(Change):
    """Say what it is; takes the place of what was said before."""

    title: Title
    description: Text
    product: Word | None = None
    root_cause: Text | None = None
    references: Annotated[tuple[ReferenceBody, ...], Field(max_length=REFERENCES_LIMIT)] = ()


class RecordReproduction(Change):
    """Record an attempt to make it happen again. version: of the product."""

    steps: Text
    environment: Text
    version: Word
    outcome: Literal["reproduced", "not-reproduced", "intermittent"]
    findings: Text | None = None


class Decide(Change):
    """Decide whether it will be fixed, or the feature made."""

    fix: bool
    reason: Text


class PublishWorkaround(Change):
    """Give a way around it, in words for customers; it is a known error from then on, and linked issues hear of it."""

    text: Text


class Fix(Change):
    """It is fixed in a registered release: every customer who is concerned is told `text`.

    then: whether their open issues are resolved by it or go back to their owners.
    """

    release: UUID
    text: Text
    then: Literal["resolve", "return"]


class Reopen(Change):
    """The fix did not help."""

    reason: Text


class Merge(Change):
    """Another one of the same kind stands for it from now on, and gets its issues."""

    into: UUID


class Tell(Change):
    """Tell everybody who is concerned how it stands."""

    text: Text


CHANGES: Final[dict[str, type[Change]]] = {
    "describe": Describe,
    "record-reproduction": RecordReproduction,
    "decide": Decide,
    "publish-workaround": PublishWorkaround,
    "fix": Fix,
    "reopen": Reopen,
    "merge": Merge,
    "tell": Tell,
}
"""Name, as in URLs and histories, to change."""
NAME_OF: Final = {change: name for name, change in CHANGES.items()}
