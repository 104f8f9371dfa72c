"""What rules would have done to past issues, by their timelines. Pure.

What a fact does not say of its issue (category, plan, tags, channel, title) is taken as it is now, and no rule is set
off by what another one would have done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.events import FACTS, Fact, work
from shared.vocabulary import IssueState
from tier_queues.automation import Automation, AutomationPlan, Due, Rule, Stay, due, fits, type_of
from tier_queues.record import Decision, Entry, Issue
from tier_queues.vendors import QUESTION, WORD_FOR

_SAID: Final = {word: kind.TYPE for kind, word in WORD_FOR.items()}
_SAID[QUESTION] = _SAID["updated"]


@dataclass(frozen=True, slots=True)
class Touch:
    """A rule that would have acted. version: of the entry that would have set it off; at: when it would have acted."""

    rule: Rule
    version: int
    at: datetime


def untried(plan: AutomationPlan) -> list[str]:
    """Names of rules of which timelines say nothing: they name what others said, and not what became of it."""
    kinds = {rule.name: type_of(rule.when.fact) for rule in plan.rules if rule.when.fact is not None}
    return [name for name, kind in kinds.items() if not _is_told(FACTS[kind])]


def _is_told(fact: type[Fact]) -> bool:
    return issubclass(fact, work.WorkFact) or fact in WORD_FOR


def touches(plan: AutomationPlan, issue: Issue, facts: Sequence[work.WorkFact], *, now: datetime) -> list[Touch]:
    """What rules would have done to an issue, by time. facts: of its timeline, oldest first."""
    automation = Automation.of(0, plan.rules)
    rules = {rule.name: rule for rule in plan.rules}
    found = []
    for entry in _entries(issue, facts):
        found += [
            Touch(rules[one.rule], one.fact_version, one.at)
            for one in due(automation, Decision(issue, (entry,)), _heard(entry.fact))
            if one.stay is None or (one.at <= now and _would_act(one, rules[one.rule], issue, facts))
        ]
    return sorted(found, key=lambda touch: (touch.at, touch.version, touch.rule.name))


def _entries(issue: Issue, facts: Sequence[work.WorkFact]) -> Iterator[Entry]:
    before: Issue | None = None
    for fact in facts:
        yield Entry(fact, {}, before)
        standing = fact.standing
        before = replace(issue, state=IssueState(standing.state), tier=standing.tier, team=standing.team)


def _heard(fact: work.WorkFact) -> Sequence[type[Fact]]:
    return (FACTS[_SAID[fact.what]],) if isinstance(fact, work.VendorHeard) and fact.what in _SAID else ()


def _would_act(one: Due, rule: Rule, issue: Issue, facts: Sequence[work.WorkFact]) -> bool:
    """Whether all had lasted until a rule of time was due, and the issue was then as the rule wants it."""
    began = next(fact for fact in facts if fact.standing.version == one.fact_version)
    later = [fact for fact in facts if fact.standing.version > one.fact_version and fact.at <= one.at]
    ended = any(_ends(one.stay, began.standing, fact) for fact in later)
    return not ended and fits(rule.conditions, (later or [began])[-1].standing, issue)


def _ends(stay: Stay | None, began: work.Standing, fact: work.WorkFact) -> bool:
    standing = fact.standing
    match stay:
        case Stay.STATE:
            return standing.state != began.state
        case Stay.QUEUED:
            return (standing.state, standing.tier, standing.team) != (began.state, began.tier, began.team)
        case _:
            return isinstance(fact, work.CustomerHeard)
