"""Every body in the OpenAPI documents has an example that fits, and every operation says how it may be refused."""

import datetime
from typing import Any, Final

import jsonschema_rs
import pytest

from shared.problems import MEDIA_TYPE
from support.operations import Operation, operations
from tier_queues.commands import COMMANDS

JSON: Final = "application/json"
TIMES: Final = {"time": lambda said: datetime.time.fromisoformat(said) is not None}
"""Times on a wall have no zone of their own."""
every_operation = pytest.mark.parametrize("operation", operations(), ids=str)


def bodies(operation: Operation) -> dict[str, Any]:
    """What the document says of JSON bodies, by where they are, as far as it says anything."""
    found = {"request": operation.described.get("requestBody", {}).get("content", {}).get(JSON)}
    for status, response in operation.described["responses"].items():
        if status.startswith("2"):
            found[status] = response.get("content", {}).get(JSON)
    return {where: body for where, body in found.items() if body and body["schema"].keys() - {"title"}}


@every_operation
def test_every_body_has_an_example_that_fits(operation: Operation) -> None:
    for where, body in bodies(operation).items():
        schema = body["schema"] | {"components": operation.document["components"]}
        validator = jsonschema_rs.validator_for(schema, validate_formats=True, formats=TIMES)
        faults = [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(body["example"])]
        assert not faults, (where, body["example"], faults)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.model_fields])
def test_every_command_can_be_given_as_its_example_says(name: str) -> None:
    (operation,) = [one for one in operations() if str(one) == f"POST /tier-queues/issues/{{issue}}/{name}"]
    example = bodies(operation)["request"]["example"]
    assert isinstance(COMMANDS[name].model_validate(example), COMMANDS[name])


@every_operation
def test_every_operation_says_how_it_may_be_refused(operation: Operation) -> None:
    told = {status for status in operation.described["responses"] if status[0] in "45"}
    anyone = "anyone" in operation.declared
    assert told >= {"4XX", "503"} | ({"404"} if operation.places else set()) | (set() if anyone else {"401", "403"})
    for status in told - {"4XX"}:
        refusal = operation.document["components"]["responses"][status]["content"][MEDIA_TYPE]
        jsonschema_rs.validate(refusal["schema"], refusal["example"])
