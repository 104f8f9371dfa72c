"""Whether a reader of one version of an event understands every event that a writer of another version can write."""

from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import Satisfiability

Schema = dict[str, Any]


def gap(*, writer: Schema, reader: Schema) -> Schema | None:
    """What the writer may write and the reader refuses, as a schema; None when there is provably nothing."""
    written = jsonschema_rs.canonicalize(closed(writer))
    lost = written.subtract(jsonschema_rs.canonicalize(_named(reader)))
    if lost.satisfiability() is Satisfiability.NO:
        return None
    return {"lost": lost.to_json_schema()}


def closed(schema: Schema) -> Schema:
    """The schema of what a writer really writes: nothing but the fields it declares.

    A reader ignores unknown fields, so its schema is open; taken as a writer's, it would promise to write anything.
    """
    return {name: _closed(value) for name, value in _named(schema).items()}


def _closed(value: Any) -> Any:
    match value:
        case {"properties": dict(fields), **others}:
            inside = {name: _closed(field) for name, field in fields.items()}
            return (
                {"additionalProperties": False}
                | {key: _closed(other) for key, other in others.items()}
                | {"properties": inside}
            )
        case dict():
            return {key: _closed(inner) for key, inner in value.items()}
        case list():
            return [_closed(inner) for inner in value]
        case _:
            return value


def _named(schema: Schema) -> Schema:
    """Without `$id`: two versions of an event have the same."""
    return {key: value for key, value in schema.items() if key != "$id"}
