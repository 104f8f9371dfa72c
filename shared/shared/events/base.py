"""What every event has in common: a frozen payload with a type, in a CloudEvents 1.0 envelope."""

from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

EVENT_LIMIT_BYTES: Final = 128 * 1024
"""The largest envelope; a larger one is refused before the commit of what caused it."""

FACTS: Final[dict[str, type["Fact"]]] = {}
"""Event type to payload class; filled by the classes below as they are defined."""


class Value(BaseModel):
    """A part of an event: frozen; a reader ignores fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Fact(Value):
    """Something that happened. Subclasses name their type: `class IssueClosed(Fact, type="…v1")`.

    Additive change only: a new field has a default, a changed meaning is a new version.
    """

    TYPE: ClassVar[str]
    LIMIT_BYTES: ClassVar[int] = EVENT_LIMIT_BYTES
    """The largest envelope of this fact; smaller where another fact carries it on and adds to it."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, *, type: str | None = None, **keywords: Any) -> None:  # noqa: A002
        if type is not None:
            cls.TYPE = type
            FACTS[type] = cls


F = TypeVar("F", bound=Fact)


class Envelope(Value, Generic[F]):
    """CloudEvents 1.0, structured JSON, with the extensions `seq` and `traceparent`.

    subject: the issue's id, or a directory entry's key. seq: 1, 2, … per subject and source.
    """

    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    seq: int
    traceparent: str | None = None
    datacontenttype: str = "application/json"
    data: F


ENVELOPES: Final[dict[str, type[Envelope[Any]]]] = {}


def decode(kind: str, body: bytes) -> Envelope[Any]:
    """The event in a record's body. kind: its type. Raises KeyError, ValidationError."""
    envelope = ENVELOPES.get(kind)
    if envelope is None:
        envelope = ENVELOPES[kind] = Envelope[FACTS[kind]]  # type: ignore[valid-type]
    return envelope.model_validate_json(body)
