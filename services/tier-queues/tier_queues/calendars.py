"""Working time: pure arithmetic on open intervals, exact across daylight saving. No clock, no files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Final

Interval = tuple[datetime, datetime]
"""Start and end in UTC; the end is not part of it."""

_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Open hours of one weekday by the clock on the wall. weekday: 0 is Monday; closes 00:00: midnight after it."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True)
class Calendar:
    """When time counts. day: the working time of one business day, for targets given in days.

    zone: where the wall clock hangs. No windows at all means around the clock, holidays included.
    Raises ValueError when windows of a weekday overlap, end before they start, or lie on no weekday.
    """

    zone: tzinfo = UTC
    windows: tuple[Window, ...] = ()
    holidays: frozenset[date] = frozenset()
    day: timedelta = _DAY
    # A memo of what the other fields alone determine; it never shows in a comparison.
    _opened: dict[date, tuple[Interval, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for weekday in {window.weekday for window in self.windows}:
            _check(weekday, [_wall(date(2024, 1, 1), window) for window in self.windows if window.weekday == weekday])

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The first moment at which `duration` of working time has passed since `start`, in UTC.

        start: aware; duration: not negative. Nothing to pass ends at once, even outside working time.
        """
        start = start.astimezone(UTC)
        if not self.windows:
            return start + duration
        if not duration:
            return start
        for opens, closes in self._intervals_from(start):
            if duration <= closes - opens:
                return opens + duration
            duration -= closes - opens
        raise AssertionError("a calendar with windows opens again")

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The working time between two aware moments; nothing when `end` is not after `start`."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if not self.windows:
            return max(end - start, timedelta())
        total = timedelta()
        for opens, closes in self._intervals_from(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def _intervals_from(self, start: datetime) -> Iterator[Interval]:
        """Open intervals in order, the first one cut at `start`."""
        day = start.astimezone(self.zone).date()
        while True:
            for opens, closes in self._open_on(day):
                if closes > start:
                    yield max(opens, start), closes
            day += _DAY

    def _open_on(self, day: date) -> tuple[Interval, ...]:
        if day not in self._opened:
            walls = [_wall(day, window) for window in self.windows if window.weekday == day.weekday()]
            instants = [] if day in self.holidays else [part for wall in walls for part in _instants(*wall, self.zone)]
            self._opened[day] = tuple(sorted(instants))
        return self._opened[day]


ALWAYS: Final = Calendar()
"""Around the clock; a business day has 24 hours."""


def business_hours(
    zone: tzinfo = UTC, holidays: frozenset[date] = frozenset(), *, opens: time = time(9), closes: time = time(17)
) -> Calendar:
    """Monday to Friday between two times of day; a business day is what lies between them."""
    day = datetime.combine(date.min, closes) - datetime.combine(date.min, opens)
    return Calendar(zone, tuple(Window(weekday, opens, closes) for weekday in range(5)), holidays, day)


def _check(weekday: int, walls: list[Interval]) -> None:
    walls.sort()
    ordered = all(opens < closes for opens, closes in walls)
    apart = all(before[1] <= after[0] for before, after in pairwise(walls))
    if weekday not in range(7) or not ordered or not apart:
        raise ValueError(f"windows of weekday {weekday} overlap, end before they start, or name no weekday")


def _wall(day: date, window: Window) -> Interval:
    """What the wall clock shows at the window's ends: two naive times."""
    closing_day = day + _DAY if window.closes == time.min else day
    return datetime.combine(day, window.opens), datetime.combine(closing_day, window.closes)


def _instants(opens: datetime, closes: datetime, zone: tzinfo) -> list[Interval]:
    """The instants at which the wall clock shows a time within the window.

    Where the clock is put back, a time that shows twice counts twice; where it is put forward, one that never
    shows counts nothing.
    """
    early, late = (opens - _DAY).replace(tzinfo=UTC), (closes + _DAY).replace(tzinfo=UTC)
    before, after = _offset(early, zone), _offset(late, zone)
    if before == after:
        return [_shifted(opens, closes, before)]
    change = _change(early, late, zone)
    first, second = _shifted(opens, closes, before), _shifted(opens, closes, after)
    parts = [(first[0], min(first[1], change)), (max(second[0], change), second[1])]
    return [part for part in parts if part[0] < part[1]]


def _shifted(opens: datetime, closes: datetime, offset: timedelta) -> Interval:
    return (opens - offset).replace(tzinfo=UTC), (closes - offset).replace(tzinfo=UTC)


def _change(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """The instant between two at which the zone's offset changes; zones change once within three days."""
    before = _offset(early, zone)
    while late - early > _INSTANT:
        middle = early + (late - early) / 2
        early, late = (middle, late) if _offset(middle, zone) == before else (early, middle)
    return late


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None, "an aware time has an offset"
    return offset
