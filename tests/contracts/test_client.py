"""The client gives every command that tier-queues and intake document, and proves the webhooks that are sent."""

import inspect
from datetime import UTC, datetime, timedelta

import pytest

from shared import webhooks
from support.client_commands import FILE, commands, python_name, written
from support.operations import Operation, operations
from tier_queues.commands import COMMANDS
from tierdesk_client import Agent, Application, NotGenuine, verify


def test_the_clients_commands_are_those_of_the_document() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "run PYTHONPATH=tests python -m support.client_commands"


def test_every_command_stands_in_the_document() -> None:
    assert commands().keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_given_with_all_it_takes(name: str) -> None:
    (operation,) = [one for one in operations() if one.path == f"/tier-queues/issues/{{issue}}/{name}"]
    taken = inspect.signature(getattr(Agent, python_name(name))).parameters.keys()
    fields = {python_name(field) for field in (operation.schema or {}).get("properties", {})}
    assert taken == fields | {"self", "issue", "expected", "key"}


OF_APPLICATIONS = [one for one in operations() if one.service == "intake" and one.caller == "application"]


@pytest.mark.parametrize("operation", [one for one in OF_APPLICATIONS if one.is_command], ids=str)
def test_an_application_can_do_whatever_intake_lets_it(operation: Operation) -> None:
    name = operation.described["operationId"].partition("_intake_")[0]
    taken = inspect.signature(getattr(Application, name)).parameters
    fields = set((operation.schema or {}).get("properties", {}))
    assert "key" in taken
    assert fields <= taken.keys() or "fields" in taken


NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECRET = webhooks.new_secret()
BODY = '{"text": "gelöst"}'.encode()


def signed(*secrets: str) -> dict[str, str]:
    return webhooks.sign(secrets, "0193f0a1", NOW, BODY)


def test_a_webhook_that_was_signed_is_proven_also_while_secrets_change() -> None:
    headers = {name.title(): value for name, value in signed(webhooks.new_secret(), SECRET).items()}
    assert verify([webhooks.new_secret(), SECRET], headers, BODY, now=NOW + timedelta(minutes=4)) == "0193f0a1"
    assert webhooks.verify([SECRET], [(n.encode(), v.encode()) for n, v in signed(SECRET).items()], BODY, NOW)


@pytest.mark.parametrize(
    ("headers", "body", "now"),
    [
        (signed(SECRET), BODY + b" ", NOW),
        (signed(SECRET), BODY, NOW + timedelta(minutes=6)),
        (signed(webhooks.new_secret()), BODY, NOW),
        (signed(SECRET) | {"webhook-id": "another"}, BODY, NOW),
        (signed(SECRET) | {"webhook-id": "0193f0a1.1"}, BODY, NOW),
        (signed(SECRET) | {"webhook-timestamp": "²"}, BODY, NOW),
        (signed(SECRET) | {"webhook-signature": "v1,é"}, BODY, NOW),
        ({}, BODY, NOW),
    ],
)
def test_any_other_webhook_is_refused(headers: dict[str, str], body: bytes, now: datetime) -> None:
    with pytest.raises(NotGenuine):
        verify([SECRET], headers, body, now=now)
