"""What commands are made of."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.issues import Attachment
from shared.vocabulary import Tier, Word

ATTACHMENTS_LIMIT: Final = 20
"""Files with one message."""
INT64_LIMIT: Final = 2**63 - 1


def no_number(moment: object) -> object:
    """The moment itself. Raises ValueError for a number, which would count as seconds since 1970."""
    if isinstance(moment, (int, float)):
        raise ValueError("must be a time, as in 2026-12-24T18:00:00Z")
    return moment


def no_bare_number(span: object) -> object:
    """The span itself. Raises ValueError for a number, of which nobody knows what it counts."""
    if isinstance(span, (int, float)):
        raise ValueError("must be a duration, as PT30M")
    return span


class Part(BaseModel):
    """Part of a command."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Command(Part):
    """Something an agent wants done with one issue."""


class AttachedFile(Attachment):
    """A file that was uploaded before, named by its id."""

    model_config = ConfigDict(extra="forbid")

    size_bytes: Annotated[int, Field(ge=0, le=INT64_LIMIT)]

    def attachment(self) -> Attachment:
        """As facts carry it."""
        return Attachment.model_validate(self.model_dump())


AttachedFiles = Annotated[tuple[AttachedFile, ...], Field(max_length=ATTACHMENTS_LIMIT)]


class Destination(Part):
    """Where an offer or a question goes: a tier, a team at a tier, or a named agent (then both are that agent's)."""

    tier: Tier | None = None
    team: Word | None = None
    agent: Word | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.tier is None and self.agent is None:
            raise ValueError("name a tier, a team with its tier, or an agent")
        return self
