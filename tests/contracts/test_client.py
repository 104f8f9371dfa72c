"""The client gives every command that tier-queues documents, with the fields that it documents."""

import inspect

import pytest

from support.client_commands import FILE, commands, python_name, written
from support.operations import operations
from tier_queues.commands import COMMANDS
from tierdesk_client import Agent


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
