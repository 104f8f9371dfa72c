"""The check of compatibility finds the changes that it exists for, and lets pass those that are harmless."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts import schema_of
from shared.events.issues import IssueSubmitted
from support.compatibility import gap

Schema = dict[str, Any]


def submission(schema: Schema) -> Schema:
    found: Schema = schema["$defs"]["Submission"]
    return found


def changed(change: Callable[[Schema], object]) -> tuple[Schema, Schema]:
    """The schema of a rich event before and after a change."""
    before = schema_of(IssueSubmitted)
    after = copy.deepcopy(before)
    change(after)
    return before, after


def add_optional_field(schema: Schema) -> None:
    submission(schema)["properties"]["mood"] = {"type": "string", "default": "calm"}


def add_required_field(schema: Schema) -> None:
    submission(schema)["properties"]["mood"] = {"type": "string"}
    submission(schema)["required"].append("mood")


def remove_required_field(schema: Schema) -> None:
    del submission(schema)["properties"]["title"]
    submission(schema)["required"].remove("title")


def change_type(schema: Schema) -> None:
    submission(schema)["properties"]["number"] = {"type": "string"}


def allow_longer_text(schema: Schema) -> None:
    submission(schema)["properties"]["text"]["maxLength"] += 1


def allow_shorter_text_only(schema: Schema) -> None:
    submission(schema)["properties"]["text"]["maxLength"] -= 1


def allow_null(schema: Schema) -> None:
    submission(schema)["properties"]["number"] = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def remove_optional_field(schema: Schema) -> None:
    del submission(schema)["properties"]["reference"]


def retype_the_envelope(schema: Schema) -> None:
    schema["properties"]["seq"] = {"type": "string"}


HARMLESS = [add_optional_field, remove_optional_field]
BREAKS_NEW_READERS = [add_required_field, change_type, allow_shorter_text_only, retype_the_envelope]
BREAKS_OLD_READERS = [remove_required_field, change_type, allow_longer_text, allow_null, retype_the_envelope]


@pytest.mark.parametrize("change", HARMLESS)
def test_a_harmless_change_passes_in_both_directions(change: Callable[[Schema], object]) -> None:
    before, after = changed(change)
    assert gap(writer=before, reader=after) is None
    assert gap(writer=after, reader=before) is None


@pytest.mark.parametrize("change", BREAKS_NEW_READERS)
def test_a_change_after_which_old_events_cannot_be_read_is_found(change: Callable[[Schema], object]) -> None:
    before, after = changed(change)
    assert gap(writer=before, reader=after) is not None


@pytest.mark.parametrize("change", BREAKS_OLD_READERS)
def test_a_change_after_which_old_readers_fail_is_found(change: Callable[[Schema], object]) -> None:
    before, after = changed(change)
    assert gap(writer=after, reader=before) is not None
