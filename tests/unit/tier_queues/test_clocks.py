"""The ledger of a clock, and what follows from it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from support.minutes import minutes_used
from tier_queues import clocks
from tier_queues.clocks import Clock
from tier_queues.goals import BUSINESS_HOURS, Goal
from tier_queues.policies import DEFAULT_CALENDARS

MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FOUR_HOURS = Goal(4 * HOUR)
CALENDARS = DEFAULT_CALENDARS


def started(goal: Goal | None = FOUR_HOURS) -> Clock:
    return clocks.started("resolution", goal, at=MONDAY, calendars=CALENDARS)


def announced(clock: Clock, now: datetime) -> tuple[Clock, tuple[int, ...]]:
    return clocks.announced(clock, now=now, calendars=CALENDARS)


def paused(clock: Clock, at: datetime) -> Clock:
    return clocks.paused(clock, at=at, reason="customer", calendars=CALENDARS)


def resumed(clock: Clock, at: datetime) -> Clock:
    return clocks.resumed(clock, at=at, calendars=CALENDARS)


def retargeted(clock: Clock, goal: Goal | None, at: datetime) -> Clock:
    return clocks.retargeted(clock, goal, at=at, reason="All are down.", calendars=CALENDARS)


def met(clock: Clock, at: datetime) -> Clock:
    return clocks.met(clock, at=at, calendars=CALENDARS)


def test_each_mark_is_announced_when_its_share_has_passed() -> None:
    clock, told = started(), []
    for minutes in range(0, 300, 5):
        clock, shares = announced(clock, MONDAY + minutes * MINUTE)
        told += [(minutes, share) for share in shares]
    assert told == [(120, 50), (180, 75), (240, 100)]
    assert clock.is_breached
    assert clock.next_mark is None


def test_a_late_announcement_tells_the_highest_missed_warning_only() -> None:
    assert announced(started(), MONDAY + 200 * MINUTE)[1] == (75,)


def test_a_very_late_announcement_tells_the_highest_warning_and_the_breach() -> None:
    assert announced(started(), MONDAY + 2000 * MINUTE)[1] == (75, 100)


def test_nothing_is_announced_twice() -> None:
    clock, _ = announced(started(), MONDAY + 200 * MINUTE)
    assert announced(clock, MONDAY + 200 * MINUTE)[1] == ()
    clock, _ = announced(clock, MONDAY + 300 * MINUTE)
    assert announced(clock, MONDAY + 900 * MINUTE)[1] == ()


def test_time_at_rest_moves_the_due_time() -> None:
    resting = paused(started(), MONDAY + HOUR)
    assert (resting.due_at, resting.next_mark) == (None, None)
    assert resumed(resting, MONDAY + 3 * HOUR).due_at == MONDAY + 6 * HOUR


def test_nothing_is_announced_at_rest() -> None:
    assert announced(paused(started(), MONDAY + HOUR), MONDAY + 90 * HOUR)[1] == ()


def test_time_at_rest_survives_another_target() -> None:
    clock = resumed(paused(started(), MONDAY + HOUR), MONDAY + 3 * HOUR)
    assert retargeted(clock, Goal(8 * HOUR), MONDAY + 4 * HOUR).due_at == MONDAY + 10 * HOUR


def test_the_reason_of_another_target_is_in_the_ledger() -> None:
    assert retargeted(started(), Goal(HOUR), MONDAY).ledger[-1].reason == "All are down."


def test_a_shorter_target_that_has_passed_is_breached_at_once() -> None:
    clock = retargeted(started(), Goal(HOUR), MONDAY + 2 * HOUR)
    assert clock.due_at == MONDAY + HOUR
    assert announced(clock, MONDAY + 2 * HOUR)[1] == (75, 100)


def test_a_share_announced_for_one_target_is_not_announced_again_for_another() -> None:
    clock, _ = announced(started(), MONDAY + 2 * HOUR)
    longer = retargeted(clock, Goal(8 * HOUR), MONDAY + 2 * HOUR)
    assert announced(longer, MONDAY + 5 * HOUR)[1] == ()
    assert announced(longer, MONDAY + 6 * HOUR)[1] == (75,)


def test_a_breach_is_told_once_even_when_a_longer_target_passes_too() -> None:
    clock, _ = announced(started(), MONDAY + 5 * HOUR)
    assert announced(retargeted(clock, Goal(8 * HOUR), MONDAY + 5 * HOUR), MONDAY + 9 * HOUR)[1] == ()


def test_a_target_of_business_hours_after_one_around_the_clock_counts_from_the_start() -> None:
    clock = retargeted(started(), Goal(24 * HOUR, BUSINESS_HOURS), MONDAY + 2 * HOUR)
    assert clock.due_at == datetime(2026, 11, 4, 17, 0, tzinfo=UTC)


def test_a_met_clock_has_no_due_time() -> None:
    clock = met(started(), MONDAY + HOUR)
    assert clock.is_met
    assert (clock.due_at, clock.next_mark) == (None, None)
    assert met(clock, MONDAY + 2 * HOUR) is clock


def test_a_reopened_clock_runs_on_from_its_used_time() -> None:
    clock = clocks.reopened(met(started(), MONDAY + HOUR), at=MONDAY + 10 * HOUR, calendars=CALENDARS)
    assert clock.due_at == MONDAY + 13 * HOUR


def test_only_a_clock_at_rest_is_resumed() -> None:
    running, done = started(), met(started(), MONDAY)
    assert resumed(running, MONDAY + HOUR) is running
    assert resumed(done, MONDAY + HOUR) is done


def test_without_a_goal_a_clock_keeps_its_ledger_for_the_day_it_gets_one() -> None:
    clock = resumed(paused(started(None), MONDAY + HOUR), MONDAY + 2 * HOUR)
    assert clock.due_at is None
    assert retargeted(clock, FOUR_HOURS, MONDAY + 3 * HOUR).due_at == MONDAY + 5 * HOUR


steps = st.lists(
    st.tuples(st.sampled_from(["pause", "resume", "meet", "reopen", "retarget", "announce"]), st.integers(0, 600)),
    max_size=14,
)
GOALS = (None, Goal(15 * MINUTE), Goal(4 * HOUR), Goal(4 * HOUR, BUSINESS_HOURS), Goal(24 * HOUR, BUSINESS_HOURS))


def walked(walk: list[tuple[str, int]], goal: Goal | None) -> tuple[Clock, datetime]:
    """A clock after some steps, each so many minutes after the last, and the time then."""
    clock, now = started(goal), MONDAY
    for step, minutes in walk:
        now += minutes * MINUTE
        clock, _ = announced(clock, now)
        match step:
            case "pause":
                clock = paused(clock, now)
            case "resume":
                clock = resumed(clock, now)
            case "meet":
                clock = met(clock, now)
            case "reopen":
                clock = clocks.reopened(clock, at=now, calendars=CALENDARS)
            case "retarget":
                clock = retargeted(clock, GOALS[minutes % len(GOALS)], now)
            case _:
                pass
    return clock, now


@settings(max_examples=100, deadline=None)
@given(steps, st.sampled_from(GOALS))
def test_replaying_the_ledger_gives_the_same_due_times(walk: list[tuple[str, int]], goal: Goal | None) -> None:
    clock, _ = walked(walk, goal)
    assert clocks.replayed(Clock(clock.name, clock.ledger), CALENDARS) == clock


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from(GOALS[1:]))
def test_the_due_time_is_when_every_running_minute_has_used_the_goal(walk: list[tuple[str, int]], goal: Goal) -> None:
    clock, now = walked(walk, goal)
    if clock.due_at is None or clock.due_at < now:
        return
    assert clock.goal is not None
    assert clocks.used(clock, now=clock.due_at, calendars=CALENDARS) == clock.goal.span
    assert minutes_used(clock, clock.due_at, CALENDARS) * MINUTE == clock.goal.span
