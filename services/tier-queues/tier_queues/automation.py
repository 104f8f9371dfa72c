"""Rules that act by themselves: a fact or a time, what the issue must be, and commands. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from shared.events import Fact, work
from shared.vocabulary import IssueState, Priority, Role, Tier, WaitingFor, Word
from tier_queues.agents import Agent
from tier_queues.command_parts import Part, no_bare_number
from tier_queues.record import Decision, Entry, Issue
from tier_queues.steps import Steps

RULES_LIMIT: Final = 200
CHOICES_LIMIT: Final = 100
LONGEST_SPAN: Final = timedelta(days=366)
NAME: Final = r"^[a-z0-9][a-z0-9-]{0,59}$"

RuleName = Annotated[str, StringConstraints(pattern=NAME)]


def _spoken(words: str) -> str:
    """The words themselves. Raises ValueError when there is none among them."""
    if not _plain(words).strip():
        raise ValueError("holds no word")
    return words


Span = Annotated[timedelta, BeforeValidator(no_bare_number), Field(gt=timedelta(), le=LONGEST_SPAN)]
Words = Annotated[Word, AfterValidator(_spoken)]
_FEW: Final = Field(max_length=CHOICES_LIMIT)
_WORD: Final = re.compile(r"\w+")


class Stay(StrEnum):
    """What lasts until a rule of time is due."""

    STATE = "state"
    """The issue's state."""
    QUEUED = "queued"
    """Its wait in one queue."""
    CUSTOMER_MESSAGE = "customer-message"
    """The customer's silence after what they wrote last."""


class When(Part):
    """A fact by its name, as `issue-queued`; or `after` a time `in` a state, or `since` it was queued or written to."""

    fact: Word | None = None
    after: Span | None = None
    in_state: IssueState | None = Field(default=None, alias="in")
    since: Literal[Stay.QUEUED, Stay.CUSTOMER_MESSAGE] | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        timed = self.after is not None
        if timed == (self.fact is not None):
            raise ValueError("name a fact, or say after how long")
        if timed != ((self.in_state is None) != (self.since is None)):
            raise ValueError("with `after`, and only then, say `in` a state or `since` what")
        return self

    @property
    def stay(self) -> Stay:
        """What must last, for a rule of time."""
        return Stay.STATE if self.in_state is not None else Stay(self.since or Stay.QUEUED)


class Conditions(Part):
    """What the issue must be: all of these that are given, each any one of its values. words: of the title.

    waiting_for: what it rests for. owner: whether somebody owns it. A text of several words is looked for as it stands.
    """

    tier: Annotated[tuple[Tier, ...], _FEW] = ()
    team: Annotated[tuple[Word, ...], _FEW] = ()
    state: Annotated[tuple[IssueState, ...], _FEW] = ()
    waiting_for: Annotated[tuple[WaitingFor, ...], _FEW] = ()
    priority: Annotated[tuple[Priority, ...], _FEW] = ()
    category: Annotated[tuple[Word, ...], _FEW] = ()
    channel: Annotated[tuple[Word, ...], _FEW] = ()
    plan: Annotated[tuple[Word, ...], _FEW] = ()
    tag: Annotated[tuple[Word, ...], _FEW] = ()
    words: Annotated[tuple[Words, ...], _FEW] = ()
    owner: bool | None = None


class Rule(Part):
    """A rule: its commands are given as one, all or none, with the rights of a lead of the issue and of its owner."""

    name: RuleName
    when: When
    conditions: Conditions = Field(default_factory=Conditions, alias="if")
    then: Steps


class AutomationPlan(Part):
    """All rules. Each that fits acts by itself; their order says nothing."""

    rules: Annotated[tuple[Rule, ...], Field(max_length=RULES_LIMIT)] = ()


@dataclass(frozen=True, slots=True)
class Automation:
    """The rules of a version, laid out so that an issue which none concerns costs next to nothing.

    by_fact: type of a fact to the rules that it may set off. timed: the rules of time.
    """

    version: int = 0
    by_fact: Mapping[str, Sequence[Rule]] = field(default_factory=lambda: MappingProxyType({}))
    timed: Sequence[Rule] = ()

    @classmethod
    def of(cls, version: int, rules: Sequence[Rule]) -> "Automation":
        """These rules, laid out."""
        by_fact: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.when.fact is not None:
                by_fact.setdefault(type_of(rule.when.fact), []).append(rule)
        return cls(version, MappingProxyType(by_fact), tuple(rule for rule in rules if rule.when.after is not None))


NO_RULES: Final = Automation()


@dataclass(frozen=True, slots=True)
class Due:
    """A rule that is to act on an issue. fact_version: of the entry that set it off; chain: rules that led to it.

    at: from when on. stay: what must have lasted until then, for a rule of time. id: of its row, 0 before it has one.
    """

    issue: UUID
    fact_version: int
    rule: str
    version: int
    chain: tuple[str, ...]
    at: datetime
    stay: Stay | None = None
    id: int = 0

    @property
    def by_rule(self) -> work.ByRule:
        """How what it does is marked."""
        return work.ByRule(name=self.rule, version=self.version, chain=(*self.chain, self.rule))


def type_of(name: str) -> str:
    """The type of a fact by the name that rules give it."""
    return f"tierdesk.{name}.v1"


def due(automation: Automation, decision: Decision, heard: Sequence[type[Fact]] = ()) -> Iterator[Due]:
    """The rules that what was decided sets off. heard: types of the facts of others that it was decided on."""
    issue, entries = decision.issue, decision.entries
    if not (automation.by_fact or automation.timed):
        return
    happened = [(entry.fact.TYPE, entry) for entry in entries] + [(fact.TYPE, entries[-1]) for fact in heard if entries]
    for kind, entry in happened:
        for rule in automation.by_fact.get(kind, ()):
            if fits(rule.conditions, entry.fact.standing, issue):
                yield _due(automation, rule, issue, entry, entry.fact.at, None)
    for rule in automation.timed:
        for entry in entries:
            if begins(rule.when, entry):
                assert rule.when.after is not None, "a rule of time says after how long"
                yield _due(automation, rule, issue, entry, entry.fact.at + rule.when.after, rule.when.stay)


def _due(automation: Automation, rule: Rule, issue: Issue, entry: Entry, at: datetime, stay: Stay | None) -> Due:
    mark = entry.fact.actor.by_rule
    chain = () if mark is None else mark.chain
    return Due(issue.id, entry.fact.standing.version, rule.name, automation.version, chain, at, stay)


def begins(when: When, entry: Entry) -> bool:
    """Whether what a rule of time waits for to last begins with this entry."""
    standing, before = entry.fact.standing, entry.before
    match when.stay:
        case Stay.STATE:
            return standing.state == when.in_state and (before is None or before.state != standing.state)
        case Stay.QUEUED:
            here = (IssueState.QUEUED, standing.tier, standing.team)
            return standing.state == here[0] and (before is None or (before.state, before.tier, before.team) != here)
        case Stay.CUSTOMER_MESSAGE:
            return before is None or isinstance(entry.fact, work.CustomerHeard)


def fits(conditions: Conditions, standing: work.Standing, issue: Issue) -> bool:
    """Whether all conditions hold. standing: how the issue stands; what no fact says of it, as `issue` has it."""
    return (
        _is_among(conditions.tier, standing.tier)
        and _is_among(conditions.team, standing.team)
        and _is_among(conditions.state, standing.state)
        and _is_among(conditions.waiting_for, standing.waiting_for)
        and _is_among(conditions.priority, standing.priority)
        and _is_among(conditions.category, issue.category)
        and _is_among(conditions.channel, issue.channel)
        and _is_among(conditions.plan, issue.plan)
        and conditions.owner in (None, standing.owner is not None)
        and (not conditions.tag or not set(conditions.tag).isdisjoint(issue.tags))
        and (not conditions.words or _says(issue.title, conditions.words))
    )


def _is_among(values: Sequence[Any], value: Any) -> bool:
    return not values or value in values


def _says(title: str, wanted: Sequence[str]) -> bool:
    told = _plain(title)
    return any(_plain(words) in told for words in wanted)


def _plain(text: str) -> str:
    """Words in small letters, each between blanks."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def stopped_because(due: Due, *, depth_limit: int, runs: int, runs_limit: int) -> str | None:
    """Why a rule must not act now, or None. runs: how often rules have acted on the issue within a day."""
    if due.rule in due.chain:
        return f"It was set off by itself: {' → '.join((*due.chain, due.rule))}."
    if len(due.chain) >= depth_limit:
        return f"Rules have set off each other {depth_limit} times: {' → '.join((*due.chain, due.rule))}."
    if runs >= runs_limit:
        return f"Rules have acted on this issue {runs_limit} times within a day."
    return None


def lead_by_rule(by_rule: work.ByRule, issue: Issue) -> Agent:
    """The rule as an agent: a lead of the issue's team and tier, who acts in the owner's stead and owns nothing."""
    return Agent(
        id=f"rule:{by_rule.name}",
        name=by_rule.name,
        role=Role.LEAD,
        tiers=frozenset({issue.tier, issue.minding_tier}),
        teams=frozenset({issue.team}),
        capacity=0,
        by_rule=by_rule,
    )


def marked(decision: Decision, by_rule: work.ByRule) -> Decision:
    """The decision with the rule on every entry, those of the system that follow from it included."""
    return Decision(decision.issue, tuple(_marked(entry, by_rule) for entry in decision.entries))


def _marked(entry: Entry, by_rule: work.ByRule) -> Entry:
    actor = entry.fact.actor.model_copy(update={"by_rule": by_rule})
    return Entry(entry.fact.model_copy(update={"actor": actor}), entry.private, entry.before)
