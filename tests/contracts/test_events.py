"""Every event has an example, a schema and a reader that can still read what is on the topics."""

import json
from typing import Any

import jsonschema_rs
import pytest

from shared.contracts import EXAMPLES, SCHEMAS, schema_of, written
from shared.events import EVENT_LIMIT_BYTES, FACTS, decode
from support.committed import committed
from support.compatibility import gap

EVERY_TYPE = sorted(FACTS)


def example(of: str) -> bytes:
    return (EXAMPLES / f"{of}.json").read_bytes()


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_the_example_of_an_event_can_be_read(type_: str) -> None:
    event = decode(type_, example(type_))
    assert type(event.data) is FACTS[type_]
    assert event.type == type_
    assert len(example(type_)) < EVENT_LIMIT_BYTES


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_the_example_of_an_event_fits_its_schema(type_: str) -> None:
    jsonschema_rs.validate(schema_of(FACTS[type_]), json.loads(example(type_)))


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_the_example_of_an_event_shows_every_field_that_a_writer_could_fill(type_: str) -> None:
    event = decode(type_, example(type_))
    assert json.loads(event.model_dump_json()) == json.loads(example(type_))


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_an_example_is_never_edited(type_: str) -> None:
    file = EXAMPLES / f"{type_}.json"
    assert file.read_text(encoding="utf-8") == committed(file)


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_a_field_that_a_reader_does_not_know_is_ignored(type_: str) -> None:
    event = json.loads(example(type_))
    newer = event | {"future": 1, "data": event["data"] | {"future": {"deep": [1]}}}
    assert decode(type_, json.dumps(newer).encode()) == decode(type_, example(type_))


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_the_committed_schema_is_that_of_the_code(type_: str) -> None:
    file = SCHEMAS / f"{type_}.json"
    assert file.read_text(encoding="utf-8") == written(schema_of(FACTS[type_])), "run: python -m shared.contracts"


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_today_s_reader_reads_what_yesterday_s_writer_wrote(type_: str) -> None:
    before = json.loads(committed(SCHEMAS / f"{type_}.json"))
    assert gap(writer=before, reader=schema_of(FACTS[type_])) is None


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_yesterday_s_reader_reads_what_today_s_writer_writes(type_: str) -> None:
    before = json.loads(committed(SCHEMAS / f"{type_}.json"))
    assert gap(writer=schema_of(FACTS[type_]), reader=before) is None


def test_there_is_no_example_or_schema_of_an_event_that_does_not_exist() -> None:
    assert sorted(file.stem for file in EXAMPLES.iterdir()) == EVERY_TYPE
    assert sorted(file.stem for file in SCHEMAS.iterdir()) == EVERY_TYPE


def test_an_event_of_a_type_nobody_knows_is_told_apart_from_a_malformed_one() -> None:
    with pytest.raises(KeyError):
        decode("tierdesk.never-heard-of.v1", b"{}")
    with pytest.raises(ValueError, match="validation error"):
        decode("tierdesk.issue-submitted.v1", b"{}")


def test_an_enumeration_s_unknown_value_stays_a_string() -> None:
    event: dict[str, Any] = json.loads(example("tierdesk.issue-claimed.v1"))
    event["data"]["standing"]["state"] = "hibernating"
    assert decode(event["type"], json.dumps(event).encode()).data.standing.state == "hibernating"
