"""What is wrong with rules that are right by themselves: facts nobody publishes, commands no rule can give. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.events import FACTS, work
from shared.located import Fault
from tier_queues.automation import AutomationPlan, type_of
from tier_queues.commands import COMMANDS, AcceptHandover, Claim, ReturnHandover, Skip
from tier_queues.facts import EFFECTS
from tier_queues.frontline_commands import BookCallBack, LogCall, RecordGuideStep, Verify
from tier_queues.problem_commands import InsertWorkaround
from tier_queues.side_commands import (
    AddParticipant,
    AnswerConsult,
    Consult,
    Leave,
    OfferRemoteSession,
    RecordRemoteFindings,
)

KNOWN_FACTS: Final[frozenset[str]] = frozenset(
    {kind for kind, fact in FACTS.items() if issubclass(fact, work.WorkFact)} | {fact.TYPE for _, fact in EFFECTS}
)
"""Types of facts that a rule may name: of the life of an issue, and what others say of it."""
_TAKING: Final = "a rule never takes an issue"
_PERSONAL: Final = "it is about the agent who gives it, and a rule is none"
_DONE: Final = "it says what a person does"
NEVER: Final[Mapping[type[Any], str]] = {
    **dict.fromkeys((Claim, AcceptHandover, ReturnHandover, Skip), _TAKING),
    **dict.fromkeys((InsertWorkaround, AnswerConsult, Leave), _PERSONAL),
    **dict.fromkeys((Verify, LogCall, BookCallBack, RecordGuideStep), _DONE),
    **dict.fromkeys((Consult, OfferRemoteSession, RecordRemoteFindings), _DONE),
}
"""Commands that no rule can give, and why."""


def faults_of(plan: AutomationPlan) -> Iterator[Fault]:
    """What is wrong, in the order of the file."""
    names: set[str] = set()
    for place, rule in enumerate(plan.rules):
        where = ("rules", place)
        if rule.name in names:
            yield Fault((*where, "name"), f"there are two rules {rule.name}")
        names.add(rule.name)
        if rule.when.fact is not None and type_of(rule.when.fact) not in KNOWN_FACTS:
            yield Fault((*where, "when", "fact"), f"there is no fact {rule.when.fact} about issues")
        for step_place, step in enumerate(rule.then):
            reason = _never(step.command, step.content)
            if reason is not None:
                yield Fault((*where, "then", step_place, "command"), f"no rule can give {step.command}: {reason}")


def _never(name: str, content: Mapping[str, Any]) -> str | None:
    kind = COMMANDS[name]
    if kind is AddParticipant and not content.get("agent"):
        return "it must name the agent"
    return NEVER.get(kind)
