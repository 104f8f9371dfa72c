"""What customers may answer to the fields of a form."""

from typing import Any

import pytest

from intake.answers import NUMBER_LIMIT, Unanswerable, answered
from shared.events.form_parts import NOTHING_ANSWERED, FormField, answered_words
from shared.vocabulary import TEXT_LIMIT

FIELDS = (
    FormField(name="model", label="Which model is it?"),
    FormField(name="where", label="Where?", type="choice", choices=("home", "office"), required=False),
    FormField(name="age", label="How old is it?", type="number", required=False),
    FormField(name="since", label="Since when?", type="date", required=False),
    FormField(name="paper", label="Is there paper?", type="yes-no", required=False),
    FormField(name="mood", label="How do you feel?", type="colour", required=False),
)


def test_answers_come_in_the_forms_order_as_people_read_them() -> None:
    given: dict[str, Any] = {"paper": False, "since": "2026-12-24", "age": 2.5, "where": "home", "mood": "blue"}
    found = answered(FIELDS, given | {"model": " LX-300 "})
    assert [one.answer for one in found] == ["LX-300", "home", "2.5", "2026-12-24", "no", "blue"]
    assert found[0].label == "Which model is it?"


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_what_is_not_required_may_be_left_out(nothing: str | None) -> None:
    assert [one.name for one in answered(FIELDS, {"model": "x", "age": nothing})] == ["model"]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, {"model"}),
        ({"model": "  "}, {"model"}),
        ({"model": 3}, {"model"}),
        ({"model": "a\0b"}, {"model"}),
        ({"model": "x", "where": "moon"}, {"where"}),
        ({"model": "x", "where": True}, {"where"}),
        ({"model": "x", "age": "3"}, {"age"}),
        ({"model": "x", "age": True}, {"age"}),
        ({"model": "x", "age": NUMBER_LIMIT * 10}, {"age"}),
        ({"model": "x", "age": float("nan")}, {"age"}),
        ({"model": "x", "since": "24.12.2026"}, {"since"}),
        ({"model": "x", "since": 20261224}, {"since"}),
        ({"model": "x", "paper": "yes"}, {"paper"}),
        ({"model": "x", "colour": "red"}, {"colour"}),
        ({"where": "moon", "age": "3", "colour": "red"}, {"model", "where", "age", "colour"}),
    ],
)
def test_every_field_at_fault_is_named(given: dict[str, Any], faults: set[str]) -> None:
    with pytest.raises(Unanswerable) as refused:
        answered(FIELDS, given)
    assert set(refused.value.fields) == faults


def test_answers_fit_one_message_together() -> None:
    fields = (*FIELDS, FormField(name="more", label="What else?"))
    with pytest.raises(Unanswerable) as refused:
        answered(fields, {"model": "x" * 9_000, "more": "y" * (TEXT_LIMIT - 9_000)})
    assert set(refused.value.fields) == {"more"}


def test_a_form_that_asks_nothing_for_sure_may_be_sent_back_empty() -> None:
    found = answered(FIELDS[1:], {})
    assert (found, answered_words(found)) == ((), NOTHING_ANSWERED)
