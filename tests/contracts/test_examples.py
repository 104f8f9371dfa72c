"""Every body in the OpenAPI documents has an example that fits, and every operation says how it may be refused."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, Final

import jsonschema_rs
import pytest

import router.examples
import tier_queues.examples
from router import policies
from router.dry_run_files import EXAMPLES_OF, READERS
from shared.located import located
from shared.problems import MEDIA_TYPE
from support.operations import Operation, operations
from tier_queues.automation_api import plan_in
from tier_queues.commands import COMMANDS
from tier_queues.promise_policy import PromisePolicy, faults_of

JSON: Final = "application/json"
ANY: Final = {"type": "string"}
"""What a body is of which the document tells the media type only."""
TIMES: Final = {"time": lambda said: datetime.time.fromisoformat(said) is not None}
"""Times on a wall have no zone of their own."""
every_operation = pytest.mark.parametrize("operation", operations(), ids=str)


def bodies(operation: Operation) -> dict[str, Any]:
    """What the document says of bodies, by where they are and of which media type, as far as it says anything."""
    found = {f"request {kind}": body for kind, body in contents(operation.described.get("requestBody", {}))}
    for status, response in operation.described["responses"].items():
        if status.startswith("2"):
            found |= {f"{status} {kind}": body for kind, body in contents(response)}
    return {where: body for where, body in found.items() if body.get("schema", ANY).keys() - {"title"}}


def contents(described: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    found: Mapping[str, Any] = described.get("content", {})
    return found.items()


@every_operation
def test_every_body_has_an_example_that_fits(operation: Operation) -> None:
    for where, body in bodies(operation).items():
        schema = body.get("schema", ANY) | {"components": operation.document["components"]}
        validator = jsonschema_rs.validator_for(schema, validate_formats=True, formats=TIMES)
        faults = [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(body["example"])]
        assert not faults, (where, body["example"], faults)


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.model_fields])
def test_every_command_can_be_given_as_its_example_says(name: str) -> None:
    (operation,) = [one for one in operations() if str(one) == f"POST /tier-queues/issues/{{issue}}/{name}"]
    example = bodies(operation)[f"request {JSON}"]["example"]
    assert isinstance(COMMANDS[name].model_validate(example), COMMANDS[name])


@every_operation
def test_every_operation_says_how_it_may_be_refused(operation: Operation) -> None:
    told = {status for status in operation.described["responses"] if status[0] in "45"}
    anyone = "anyone" in operation.declared
    assert told >= {"4XX", "503"} | ({"404"} if operation.places else set()) | (set() if anyone else {"401", "403"})
    for status in told - {"4XX"}:
        refusal = operation.document["components"]["responses"][status]["content"][MEDIA_TYPE]
        jsonschema_rs.validate(refusal["schema"], refusal["example"])


def test_the_examples_of_files_are_read_by_their_services() -> None:
    assert policies.read(router.examples.POLICY, "example")[0].version == 2
    for kind, read in READERS.items():
        ((trial, confirmed),) = read(EXAMPLES_OF[kind])
        assert (trial.plan, confirmed) == ("premium", "import_export")
    said = tier_queues.examples.EXAMPLES
    assert plan_in(said["AutomationFile.yaml"], "example").rules[0].name == "tag-outages"
    assert located(said["PromisesFile.yaml"], "example", PromisePolicy, faults_of).goals[0].plan == "premium"


@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        ("POST /router/models", {"409"}),
        ("POST /router/models/{version}/activate", {"409"}),
        ("POST /router/models/roll-back", {"409", "412", "428"}),
        ("POST /router/policies/{version}/activate", {"409", "412", "428"}),
        ("POST /router/policies/{version}/dry-run", {"409"}),
        ("POST /tier-queues/session", {"401", "429"}),
        ("PUT /tier-queues/promises", {"412", "428"}),
    ],
)
def test_what_depends_on_what_was_done_before_names_its_refusals(operation: str, statuses: set[str]) -> None:
    (found,) = [one for one in operations() if str(one) == operation]
    assert found.described["responses"].keys() >= statuses
