"""What forms are made of: fields as they are asked, and answers as people read them. Parts of events, no events."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from shared.events.base import Value
from shared.vocabulary import TEXT_LIMIT, Title, Word

FIELDS_LIMIT: Final = 20
"""Fields of one form."""
CHOICES_LIMIT: Final = 20
"""Choices of one field."""
HELP_LIMIT: Final = 500
"""Characters that help with one field."""

NOTHING_ANSWERED: Final = "(No question was answered.)"

Help = Annotated[str, StringConstraints(min_length=1, max_length=HELP_LIMIT, strip_whitespace=True)]


class FieldType(StrEnum):
    """What may be answered."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes-no"


class FormField(Value):
    """A question of a form. name: by which it is answered; label: as it is asked; choices: of a choice."""

    name: Word
    label: Title
    type: FieldType | str = FieldType.TEXT
    required: bool = True
    choices: Annotated[tuple[Word, ...], Field(max_length=CHOICES_LIMIT)] = ()
    help: Help | None = None


class FormAnswer(Value):
    """An answered question: a number in digits, a date as 2026-12-24, yes or no. label: as it was asked."""

    name: Word
    label: Title
    answer: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LIMIT)]


def asked_words(title: str, fields: Iterable[FormField]) -> str:
    """A form as somebody reads it who cannot fill it in where it is read."""
    return "\n".join([title, "", *(line for field in fields for line in _asked(field))])


def _asked(field: FormField) -> Iterator[str]:
    choices = f" ({' / '.join(field.choices)})" if field.choices else ""
    yield f"- {field.label}{choices}{'' if field.required else ' (optional)'}"
    if field.help is not None:
        yield f"  {field.help}"


def answered_words(answers: Iterable[FormAnswer]) -> str:
    """Answers as somebody reads them in a conversation, which says so too when there are none."""
    return "\n".join(f"{one.label}: {one.answer}" for one in answers) or NOTHING_ANSWERED
