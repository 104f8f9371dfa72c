"""Working time, compared with a reference that looks at every minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.minutes import MINUTE, SPRING, any_calendar, any_start, minutes_open
from tier_queues.calendars import ALWAYS, Calendar, Window, business_hours

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@settings(max_examples=60, deadline=None)
@given(any_calendar(), any_start, st.integers(0, 2 * 24 * 60))
def test_elapsed_time_is_what_counting_every_minute_gives(calendar: Calendar, start: datetime, minutes: int) -> None:
    end = start + minutes * MINUTE
    assert calendar.elapsed(start, end) == minutes_open(calendar, start, end) * MINUTE


@settings(max_examples=60, deadline=None)
@given(any_calendar(), any_start, st.integers(1, 3_000))
def test_the_end_of_a_duration_is_the_first_moment_at_which_it_has_elapsed(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    end = calendar.add(start, minutes * MINUTE)
    assert calendar.elapsed(start, end) == minutes * MINUTE
    assert calendar.elapsed(start, end - MINUTE) == (minutes - 1) * MINUTE


@settings(max_examples=60, deadline=None)
@given(any_calendar(), any_start, st.integers(0, 3_000), st.integers(0, 3_000))
def test_two_durations_after_another_are_their_sum(calendar: Calendar, start: datetime, one: int, other: int) -> None:
    there = calendar.add(calendar.add(start, one * MINUTE), other * MINUTE)
    assert there == calendar.add(start, (one + other) * MINUTE)


def test_around_the_clock_every_minute_counts() -> None:
    assert ALWAYS.add(SPRING, 90 * HOUR) == SPRING + 90 * HOUR
    assert ALWAYS.elapsed(SPRING, SPRING + 90 * HOUR) == 90 * HOUR


def test_no_time_elapses_backwards() -> None:
    assert ALWAYS.elapsed(SPRING, SPRING - HOUR) == timedelta()
    assert business_hours().elapsed(SPRING, SPRING - 48 * HOUR) == timedelta()


def test_four_hours_from_friday_afternoon_end_on_monday() -> None:
    friday = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    assert business_hours().add(friday, 4 * HOUR) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def test_what_ends_exactly_at_closing_time_is_not_due_the_next_morning() -> None:
    friday = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
    assert business_hours().add(friday, 4 * HOUR) == datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def test_a_business_day_over_the_change_to_summer_time_ends_at_the_same_wall_clock_time() -> None:
    friday = datetime(2026, 3, 27, 12, 0, tzinfo=BERLIN)
    hours = business_hours(BERLIN)
    assert hours.add(friday, hours.day).astimezone(BERLIN) == datetime(2026, 3, 30, 12, 0, tzinfo=BERLIN)


def test_a_night_shift_works_one_hour_more_when_the_clock_is_put_back() -> None:
    sunday = Calendar(BERLIN, (Window(6, time(0), time(6)),))
    noon = datetime(2026, 10, 24, 12, 0, tzinfo=BERLIN)
    assert sunday.elapsed(noon, noon + 24 * HOUR) == 7 * HOUR


def test_a_holiday_does_not_count() -> None:
    christmas = frozenset({date(2026, 12, 25)})
    thursday = datetime(2026, 12, 24, 16, 0, tzinfo=BERLIN)
    due = business_hours(BERLIN, christmas).add(thursday, 2 * HOUR)
    assert due == datetime(2026, 12, 28, 10, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    "windows",
    [
        (Window(0, time(9), time(12)), Window(0, time(11), time(17))),
        (Window(0, time(17), time(9)),),
        (Window(7, time(9), time(17)),),
    ],
)
def test_windows_that_make_no_sense_are_refused(windows: tuple[Window, ...]) -> None:
    with pytest.raises(ValueError, match="windows of weekday"):
        Calendar(UTC, windows)


def test_the_memo_of_a_calendar_does_not_make_it_another_calendar() -> None:
    used, fresh = business_hours(), business_hours()
    used.add(SPRING, 8 * HOUR)
    assert used == fresh
