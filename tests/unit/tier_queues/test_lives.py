"""Many issues and a few people, beside a small model of them: who has what, where, and what the reports count."""

from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.events import issues
from support import events, queues
from support.courses import happenings
from support.queues import MINUTE, NOW, agent
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.course import Course, Row, followed
from tier_queues.issue import Decision, Issue, Refused, decide, heard, tick
from tier_queues.measures import Measure

TEAM_OF = {1: "frontline", 2: "technical", 3: "experts"}
TEAMS = frozenset(TEAM_OF.values())
PEOPLE = {
    name: agent(name, tiers=frozenset(tiers), teams=TEAMS, capacity=capacity)
    for name, tiers, capacity in (("ada", (1, 2, 3), 1), ("bob", (1, 2), 2), ("eve", (2, 3), 2))
}
CLOSES_AFTER = queues.POLICIES.close_after
OWNER = "owner"
"""Whoever has the issue or solved it: else hardly any command would be obeyed."""
MEMBER = st.sampled_from([OWNER, OWNER, OWNER, *sorted(PEOPLE)])
TIERS = st.sampled_from(sorted(TEAM_OF))
ISSUE = st.integers(0, 3)


@dataclass
class Model:
    """An issue as somebody would keep it on paper. offered: the tier that it is offered to."""

    tier: int
    state: str = "queued"
    owner: str | None = None
    last_owner: str | None = None
    offered: int | None = None
    cold: bool = False
    ended: datetime | None = None
    taken: int = 0
    answered: int = 0
    reopened: int = 0

    @property
    def weighs(self) -> bool:
        return self.state in ("assigned", "waiting") and not (self.offered is not None and self.cold)

    def back(self) -> None:
        """Work again, for whoever had it."""
        self.reopened += 1
        self.owner, self.ended = self.last_owner, None
        self.state = "assigned" if self.owner else "queued"


@dataclass
class Told:
    """What the product says of the same issue."""

    issue: Issue
    course: Course | None = None
    rows: dict[tuple[Measure, str, int], Row] = field(default_factory=dict)

    def take(self, decision: Decision) -> None:
        self.issue = decision.issue
        self.course, changed = followed(self.course, happenings(decision.entries))
        self.rows |= {(row.measure, row.detail, row.place): row for row in changed}

    def total(self, measure: Measure) -> float:
        return sum(row.value for row in self.rows.values() if row.measure is measure)

    def count(self, measure: Measure) -> int:
        return sum(row.measure is measure for row in self.rows.values())


class Lives(RuleBasedStateMachine):
    """Every rule is tried by anybody at any time: the model says whether it works, and what it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.models: list[Model] = []
        self.told: list[Told] = []

    @initialize(tiers=st.lists(TIERS, min_size=4, max_size=4))
    def open(self, tiers: list[int]) -> None:
        for tier in tiers:
            decision = queues.opened(tier=tier, team=TEAM_OF[tier])
            told = Told(decision.issue)
            told.take(decision)
            self.models.append(Model(tier))
            self.told.append(told)

    @rule(minutes=st.sampled_from([1, 61, 60 * 24 * 4]))
    def pass_time(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        for model, told in zip(self.models, self.told, strict=True):
            told.take(tick(told.issue, now=self.now, policies=queues.POLICIES))
            if model.state == "resolved" and model.ended is not None and model.ended + CLOSES_AFTER <= self.now:
                model.state = "closed"

    @rule(at=ISSUE, by=MEMBER)
    def claim(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model, person = self.models[at], PEOPLE[by]
        here = model.state == "queued" and model.tier in person.tiers
        offered = model.offered is not None and model.offered in person.tiers and model.owner != by
        free = self.load(by) < person.capacity
        if self.give(at, c.Claim(), person, works=(here or offered) and free):
            if offered:
                assert model.offered is not None
                model.tier, model.offered = model.offered, None
                model.taken += 1
            model.state, model.owner = "assigned", by

    @rule(at=ISSUE, by=MEMBER)
    def put_back(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        mine = model.owner == by and model.state in ("assigned", "waiting")
        if self.give(at, c.PutBack(reason="Lunch."), PEOPLE[by], works=mine):
            if model.offered is not None:
                model.tier, model.offered = model.offered, None
                model.taken += 1
            model.state, model.owner = "queued", None

    @rule(at=ISSUE, by=MEMBER, tier=TIERS, mode=st.sampled_from(["cold", "warm"]))
    def offer(self, at: int, by: str, tier: int, mode: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        free = model.state == "assigned" and model.owner == by and model.offered is None
        if self.give(at, queues.offer(target=c.Destination(tier=tier), mode=mode), PEOPLE[by], works=free):
            model.offered, model.cold = tier, mode == "cold"

    @rule(at=ISSUE, by=MEMBER)
    def withdraw(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        if self.give(at, c.WithdrawOffer(), PEOPLE[by], works=model.owner == by and model.offered is not None):
            model.offered = None

    @rule(at=ISSUE, by=MEMBER)
    def send_back(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        asked = model.offered is not None and model.offered in PEOPLE[by].tiers and model.owner != by
        if self.give(at, c.ReturnHandover(question="Which file?"), PEOPLE[by], works=asked):
            model.offered = None

    @rule(at=ISSUE, by=MEMBER)
    def wait(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        free = model.state == "assigned" and model.owner == by and model.offered is None
        if self.give(at, queues.wait("customer"), PEOPLE[by], works=free):
            model.state = "waiting"

    @rule(at=ISSUE, by=MEMBER)
    def resume(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        if self.give(at, c.Resume(), PEOPLE[by], works=model.owner == by and model.state == "waiting"):
            model.state = "assigned"

    @rule(at=ISSUE, by=MEMBER)
    def resolve(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        free = model.state in ("assigned", "waiting") and model.owner == by and model.offered is None
        if self.give(at, queues.resolve(confirm=True), PEOPLE[by], works=free):
            self.ended(model)

    @rule(at=ISSUE)
    def customer_withdraws(self, at: int) -> None:
        self.hear(at, issues.IssueWithdrawn(at=self.now))
        if self.models[at].state not in ("resolved", "closed"):
            self.ended(self.models[at])

    @rule(at=ISSUE)
    def customer_writes(self, at: int) -> None:
        model = self.models[at]
        self.hear(at, events.customer_replied())
        if model.state in ("resolved", "closed"):
            model.back()
        elif model.state == "waiting":
            model.state = "assigned"

    @rule(at=ISSUE, by=MEMBER)
    def reopen(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        solver = model.last_owner == by if model.last_owner else model.tier in PEOPLE[by].tiers
        if self.give(at, c.Reopen(reason="Not yet."), PEOPLE[by], works=model.state == "resolved" and solver):
            model.back()

    @rule(at=ISSUE, by=MEMBER)
    def close(self, at: int, by: str) -> None:
        by = self.somebody(at, by)
        model = self.models[at]
        solver = model.last_owner == by if model.last_owner else model.tier in PEOPLE[by].tiers
        if self.give(at, c.Close(reason="Done."), PEOPLE[by], works=model.state == "resolved" and solver):
            model.state = "closed"

    def ended(self, model: Model) -> None:
        model.state, model.last_owner, model.owner, model.offered = "resolved", model.owner, None, None
        model.ended = self.now
        model.answered += 1

    def hear(self, at: int, fact: issues.IssueWithdrawn | issues.CustomerReplied) -> None:
        told = self.told[at]
        told.take(heard(told.issue, fact, now=self.now, policies=queues.POLICIES))

    def give(self, at: int, command: c.Command, person: Agent, *, works: bool) -> bool:
        """Give a command, which is obeyed when the model says so and refused when not."""
        told = self.told[at]
        load = self.load(person.id)
        try:
            decision = decide(told.issue, command, actor=person, now=self.now, policies=queues.POLICIES, load=load)
        except Refused:
            assert not works, (command, person.id, self.models[at])
            return False
        assert works, (command, person.id, self.models[at])
        told.take(decision)
        return True

    def somebody(self, at: int, by: str) -> str:
        model = self.models[at]
        return by if by != OWNER else model.owner or model.last_owner or min(PEOPLE)

    def load(self, person: str) -> int:
        return sum(model.owner == person and model.weighs for model in self.models)

    @invariant()
    def every_issue_is_where_the_model_has_it(self) -> None:
        for model, told in zip(self.models, self.told, strict=True):
            issue = told.issue
            offered = issue.offer.target.tier if issue.offer else None
            assert (issue.state, issue.tier, issue.owner, offered) == (
                model.state,
                model.tier,
                model.owner,
                model.offered,
            )

    @invariant()
    def the_reports_count_what_the_model_counts(self) -> None:
        for model, told in zip(self.models, self.told, strict=True):
            assert told.count(Measure.REOPEN) == model.answered
            assert told.total(Measure.REOPEN) == model.reopened
            assert told.course is not None
            assert told.course.handovers == model.taken

    @invariant()
    def time_is_counted_once(self) -> None:
        for told in self.told:
            assert told.course is not None
            spent = told.total(Measure.TIME_IN_TIER)
            assert told.total(Measure.WORK_TIME) + told.total(Measure.TIME_IN_WAIT) <= spent + _open_wait(told)
            assert spent <= (self.now - NOW).total_seconds()


def _open_wait(told: Told) -> float:
    """Rests that ended during a stay which has not."""
    assert told.course is not None
    return (told.course.at - told.course.arrived).total_seconds()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
