"""What a customer may answer to a form: each field by its type. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from shared.events.form_parts import FieldType, FormAnswer, FormField, answered_words
from shared.vocabulary import TEXT_LIMIT

Given = str | int | float | bool | None
"""An answer as JSON; null or an empty text is none."""
NUMBER_LIMIT: Final = 10**15
"""The largest number, whatever its sign: floating point knows all whole ones up to here."""


class Unanswerable(ValueError):
    """The answers do not fit the form. fields: name of each field at fault to what is wrong."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("answers do not fit the form")
        self.fields = dict(fields)


def answered(fields: Sequence[FormField], given: Mapping[str, Given]) -> tuple[FormAnswer, ...]:
    """The answers as people read them, in the form's order. Raises Unanswerable."""
    faults = {name: "The form has no such field." for name in given if name not in {field.name for field in fields}}
    answers = []
    for field in fields:
        try:
            answer = _answer(field, given.get(field.name))
        except ValueError as error:
            faults[field.name] = str(error)
            continue
        if answer is not None:
            answers.append(FormAnswer(name=field.name, label=field.label, answer=answer))
    faults |= {} if faults else dict(_too_long(answers))
    if faults:
        raise Unanswerable(faults)
    return tuple(answers)


def _answer(field: FormField, given: Given) -> str | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        if field.required:
            raise ValueError("Required.")
        return None
    # A type that this release does not know is asked for as a text.
    return _READERS.get(str(field.type), _text)(field, given)


def _text(_field: FormField, given: Given) -> str:
    if not isinstance(given, str) or "\x00" in given:
        raise ValueError("Must be a text.")
    return given.strip()


def _choice(field: FormField, given: Given) -> str:
    if given not in field.choices:
        raise ValueError(f"Must be one of: {', '.join(field.choices)}.")
    return str(given)


def _number(_field: FormField, given: Given) -> str:
    if isinstance(given, (str, bool)) or given is None or not -NUMBER_LIMIT <= given <= NUMBER_LIMIT:
        raise ValueError(f"Must be a number between {-NUMBER_LIMIT} and {NUMBER_LIMIT}.")
    return str(given)


def _date(_field: FormField, given: Given) -> str:
    try:
        return date.fromisoformat(given if isinstance(given, str) else "").isoformat()
    except ValueError:
        raise ValueError("Must be a date as 2026-12-24.") from None


def _yes_no(_field: FormField, given: Given) -> str:
    if not isinstance(given, bool):
        raise ValueError("Must be true or false.")
    return "yes" if given else "no"


_READERS: Final[Mapping[str, Callable[[FormField, Given], str]]] = MappingProxyType(
    {
        FieldType.TEXT: _text,
        FieldType.CHOICE: _choice,
        FieldType.NUMBER: _number,
        FieldType.DATE: _date,
        FieldType.YES_NO: _yes_no,
    }
)


def _too_long(answers: Sequence[FormAnswer]) -> Iterator[tuple[str, str]]:
    """The longest answer, when all together are more than one message may hold."""
    if len(answered_words(answers)) > TEXT_LIMIT:
        longest = max(answers, key=lambda one: len(one.answer))
        yield longest.name, f"Together, the answers are longer than {TEXT_LIMIT} characters."
