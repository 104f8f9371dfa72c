"""Macros: several commands as one, all or nothing."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from shared.db import Transaction
from shared.idempotency import Answer, Key
from shared.problems import Problem, invalid, not_found
from shared.requests import CommandHeaders
from shared.vocabulary import IssueId
from tier_queues import handlers, store
from tier_queues.commands import COMMANDS, Command
from tier_queues.handlers import Order
from tier_queues.placeholders import filled_all, values_of
from tier_queues.policies import Policies
from tier_queues.steps import Step


async def run(
    tx: Transaction, issue: IssueId, steps: Sequence[Step], headers: CommandHeaders, *, policies: Policies
) -> Answer:
    """Give a macro's commands to an issue, in order. Returns the last one's answer.

    Raises Problem when one of them is refused, with its place (`step`, from 1) and name; then none has any effect.
    """
    found = await store.find(tx, issue)
    if found is None:
        raise not_found()
    commands = commands_of(steps, values_of(found, headers.caller.name))
    orders = [_order(issue, command, headers, place) for place, command in enumerate(commands)]
    outcomes = await handlers.carry_out(tx, orders, policies=policies)
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Problem):
            raise at_step(outcome, steps, place)
    last = outcomes[-1]
    assert isinstance(last, Answer), "refusals were raised"
    return last


def commands_of(steps: Sequence[Step], values: Mapping[str, str]) -> list[Command]:
    """The commands with what their placeholders stand for. Raises Problem 422 when a text becomes too long by it."""
    try:
        return [COMMANDS[step.command].model_validate(filled_all(step.content, values)) for step in steps]
    except ValidationError as error:
        raise invalid("Filled in for this issue, a text is too long.") from error


def at_step(problem: Problem, steps: Sequence[Step], place: int) -> Problem:
    """The refusal of one of several commands, with its place (`step`, from 1) and name."""
    problem.more |= {"step": place + 1, "command": steps[place].command}
    return problem


def _order(issue: IssueId, command: Command, headers: CommandHeaders, place: int) -> Order:
    # A line break cannot be in a client's key, so that no client's key is one of these.
    key = Key(headers.key.caller, f"{headers.key.key}\n{place}", headers.key.digest)
    return Order(issue, command, headers.caller, key, headers.expected if place == 0 else None)
