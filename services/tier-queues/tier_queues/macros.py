"""Macros: several commands as one, all or nothing."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from shared.db import Transaction
from shared.idempotency import Answer, Key
from shared.problems import Problem, invalid, not_found
from shared.requests import CommandHeaders
from shared.vocabulary import IssueId, Word
from tier_queues import handlers, store
from tier_queues.command_parts import Part
from tier_queues.commands import COMMANDS, Command
from tier_queues.handlers import Order
from tier_queues.placeholders import filled_all, values_of
from tier_queues.policies import Policies

STEPS_LIMIT: Final = 10


class Step(Part):
    """A command of a macro. content: the body of its request; texts may hold placeholders."""

    command: Word
    content: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_a_command(self) -> Self:
        if self.command not in COMMANDS:
            raise ValueError(f"there is no command {self.command}")
        COMMANDS[self.command].model_validate(self.content)
        return self


Steps = Annotated[tuple[Step, ...], Field(min_length=1, max_length=STEPS_LIMIT)]


async def run(
    tx: Transaction, issue: IssueId, steps: Sequence[Step], headers: CommandHeaders, *, policies: Policies
) -> Answer:
    """Give a macro's commands to an issue, in order. Returns the last one's answer.

    Raises Problem when one of them is refused, with its place (`step`, from 1) and name; then none has any effect.
    """
    found = await store.find(tx, issue)
    if found is None:
        raise not_found()
    commands = _commands(steps, values_of(found, headers.caller.name))
    orders = [_order(issue, command, headers, place) for place, command in enumerate(commands)]
    outcomes = await handlers.carry_out(tx, orders, policies=policies)
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Problem):
            outcome.more |= {"step": place + 1, "command": steps[place].command}
            raise outcome
    last = outcomes[-1]
    assert isinstance(last, Answer), "refusals were raised"
    return last


def _commands(steps: Sequence[Step], values: Mapping[str, str]) -> list[Command]:
    try:
        return [COMMANDS[step.command].model_validate(filled_all(step.content, values)) for step in steps]
    except ValidationError as error:
        raise invalid("Filled in for this issue, a text of the macro is too long.") from error


def _order(issue: IssueId, command: Command, headers: CommandHeaders, place: int) -> Order:
    # A line break cannot be in a client's key, so that no client's key is one of these.
    key = Key(headers.key.caller, f"{headers.key.key}\n{place}", headers.key.digest)
    return Order(issue, command, headers.caller, key, headers.expected if place == 0 else None)
