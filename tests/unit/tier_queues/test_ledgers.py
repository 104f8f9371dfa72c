"""Any life a clock can have, in any calendar, compared with a reference that looks at every minute."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from support.minutes import MINUTE, any_calendar, any_start, minutes_used
from tier_queues import clocks
from tier_queues.calendars import ALWAYS, Calendar
from tier_queues.clocks import BREACH, MARKS, Clock
from tier_queues.goals import Goal

HORIZON = timedelta(days=8)
"""How far the reference counts."""
STEPS = ("pause", "resume", "retarget", "meet", "reopen", "end", "start", "wait")
Walk = list[tuple[str, int]]

any_calendars = st.fixed_dictionaries({"always": st.just(ALWAYS), "here": any_calendar(), "there": any_calendar()})
any_goal = st.builds(
    lambda quarters, calendar: Goal(4 * quarters * MINUTE, calendar),
    st.integers(1, 60),
    st.sampled_from(["always", "here", "there"]),
)
any_walk = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 400)), max_size=10)


@dataclass
class Life:
    """A clock on its way, the time, and what was told of each promise it made."""

    clock: Clock
    now: datetime
    calendars: dict[str, Calendar]
    goals: list[Goal | None]
    told: list[list[int]]

    def step(self, step: str, minutes: int) -> None:
        """So much time passes, then something happens; marks that have passed are told before it, as in real life."""
        self.now += minutes * MINUTE
        self.tell()
        at, calendars = self.now, self.calendars
        match step:
            case "pause":
                self.clock = clocks.paused(self.clock, at=at, reason="customer", calendars=calendars)
            case "resume":
                self.clock = clocks.resumed(self.clock, at=at, calendars=calendars)
            case "meet":
                self.clock = clocks.met(self.clock, at=at, calendars=calendars)
            case "end":
                self.clock = clocks.ended(self.clock, at=at, reason="left", calendars=calendars)
            case "reopen":
                self.clock = clocks.reopened(self.clock, at=at, calendars=calendars)
            case "start" if self.clock.is_over:
                self.clock = clocks.started("any", self.goals[0], at=at, calendars=calendars, before=self.clock)
                self.told.append([])
            case "retarget":
                goal = self.goals[minutes % len(self.goals)]
                self.clock = clocks.retargeted(self.clock, goal, at=at, reason="policy 2", calendars=calendars)

    def tell(self) -> None:
        """Announce what has passed."""
        self.clock, shares = clocks.announced(self.clock, now=self.now, calendars=self.calendars)
        self.told[-1].extend(shares)


def lived(walk: Walk, start: datetime, goals: list[Goal | None], calendars: dict[str, Calendar]) -> Life:
    life = Life(clocks.started("any", goals[0], at=start, calendars=calendars), start, calendars, goals, [[]])
    for step, minutes in walk:
        life.step(step, minutes)
    return life


any_goals = st.lists(st.one_of(any_goal, st.none()), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(any_walk, any_start, any_goals, any_calendars)
def test_used_time_is_what_counting_every_minute_gives(
    walk: Walk, start: datetime, goals: list[Goal | None], calendars: dict[str, Calendar]
) -> None:
    life = lived(walk, start, goals, calendars)
    if life.clock.goal is not None:
        expected = minutes_used(life.clock, life.now, calendars) * MINUTE
        assert clocks.used(life.clock, now=life.now, calendars=calendars) == expected


@settings(max_examples=60, deadline=None)
@given(any_walk, any_start, any_goals, any_calendars)
def test_due_and_mark_times_are_the_first_minutes_at_which_their_share_was_used(
    walk: Walk, start: datetime, goals: list[Goal | None], calendars: dict[str, Calendar]
) -> None:
    clock = lived(walk, start, goals, calendars).clock
    if clock.due_at is None or clock.due_at - start > HORIZON:
        return
    assert clock.goal is not None
    moments = [(BREACH, clock.due_at)] + ([(clock.next_mark.percent, clock.next_mark.at)] if clock.next_mark else [])
    for share, moment in moments:
        needed = clock.goal.span * share / BREACH
        assert minutes_used(clock, moment, calendars) * MINUTE == needed
        assert minutes_used(clock, moment - MINUTE, calendars) * MINUTE < needed


@settings(max_examples=150, deadline=None)
@given(any_walk, any_start, any_goals, any_calendars)
def test_replaying_a_ledger_gives_the_same_due_and_mark_times(
    walk: Walk, start: datetime, goals: list[Goal | None], calendars: dict[str, Calendar]
) -> None:
    clock = lived(walk, start, goals, calendars).clock
    assert clocks.replayed(Clock(clock.name, clock.ledger), calendars) == clock


@settings(max_examples=150, deadline=None)
@given(any_walk, any_start, any_goals, any_calendars)
def test_every_share_of_a_promise_is_told_at_most_once_and_in_order(
    walk: Walk, start: datetime, goals: list[Goal | None], calendars: dict[str, Calendar]
) -> None:
    life = lived(walk, start, goals, calendars)
    life.tell()
    assert clocks.announced(life.clock, now=life.now, calendars=calendars)[1] == ()
    for told in life.told:
        assert told == sorted(set(told))
        assert set(told) <= set(MARKS)
    breaches = [line.kind for line in life.clock.ledger if line.kind == "breached"]
    assert len(breaches) == sum(BREACH in told for told in life.told)


@settings(max_examples=150, deadline=None)
@given(any_walk, any_start, any_goals, any_calendars, any_goal)
def test_another_promise_keeps_what_was_used_and_what_was_rested(
    walk: Walk, start: datetime, goals: list[Goal | None], calendars: dict[str, Calendar], other: Goal
) -> None:
    life = lived(walk, start, goals, calendars)
    if life.clock.goal is None:
        return
    before = clocks.used(life.clock, now=life.now, calendars=calendars)
    changed = clocks.retargeted(life.clock, other, at=life.now, reason="policy 2", calendars=calendars)
    assert clocks.used(changed, now=life.now, calendars=calendars) == before
    if changed.is_running and before < other.span:
        left = other.span - before
        assert changed.due_at == calendars[other.calendar].add(life.now, left)
