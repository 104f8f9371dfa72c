"""Working time counted minute by minute: the reference for everything that computes it, and calendars to try."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tier_queues.calendars import Calendar, Window
from tier_queues.clocks import Clock

MINUTE = timedelta(minutes=1)
SPRING = datetime(2026, 3, 27, tzinfo=UTC)
"""Two days before Berlin and three after New York change to summer time."""
AUTUMN = datetime(2026, 10, 23, tzinfo=UTC)
"""Two days before Berlin changes back."""


def is_open(calendar: Calendar, minute: datetime) -> bool:
    """Whether the wall clock shows a time within a window, at the minute that begins here."""
    if not calendar.windows:
        return True
    wall = minute.astimezone(calendar.zone)
    midnight = time.min
    return wall.date() not in calendar.holidays and any(
        window.weekday == wall.weekday()
        and window.opens <= wall.time()
        and (window.closes == midnight or wall.time() < window.closes)
        for window in calendar.windows
    )


def minutes_open(calendar: Calendar, start: datetime, end: datetime) -> int:
    """The reference: count the minutes one by one."""
    count = int((end - start) / MINUTE)
    return sum(is_open(calendar, start + position * MINUTE) for position in range(count))


def minutes_used(clock: Clock, until: datetime, calendars: Mapping[str, Calendar]) -> int:
    """The reference for a clock: what its ledger says at every minute, and whether the calendar of then is open.

    Minutes under no promise count by the calendar of the next promise.
    """
    lines, used, runs = list(clock.round), 0, False
    calendar = ""
    minute = lines[0].at
    while minute < until:
        while lines and lines[0].at <= minute:
            line = lines.pop(0)
            runs = line.kind in ("started", "resumed") or (runs and line.kind not in ("paused", "met", "ended"))
            if line.kind in ("started", "target-changed"):
                calendar = line.goal.calendar if line.goal else ""
        name = calendar or next((line.goal.calendar for line in lines if line.goal), "")
        used += bool(runs and name and is_open(calendars[name], minute))
        minute += MINUTE
    return used


@st.composite
def any_calendar(draw: st.DrawFn) -> Calendar:
    """Calendars with up to two windows a day, at any quarter of an hour, in zones that change at odd times."""
    zone = ZoneInfo(draw(st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"])))
    windows = []
    for weekday in range(7):
        quarters = draw(st.lists(st.integers(0, 96), min_size=0, max_size=4, unique=True).map(sorted))
        for opens, closes in zip(quarters[::2], quarters[1::2], strict=False):
            windows.append(Window(weekday, quarter(opens), quarter(closes)))
    holidays = draw(st.frozensets(st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 5)])))
    return Calendar(zone, tuple(windows) or (Window(0, time(9), time(17)),), holidays)


def quarter(number: int) -> time:
    """The time of day so many quarters of an hour after midnight."""
    return time(number % 96 // 4, number % 4 * 15)


any_start = st.builds(
    lambda base, minutes: base + minutes * MINUTE,
    st.sampled_from([SPRING, AUTUMN, datetime(2026, 4, 4, tzinfo=UTC)]),
    st.integers(0, 3 * 24 * 60),
)
"""Minutes around the days on which zones change."""
