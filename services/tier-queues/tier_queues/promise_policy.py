"""The policy of promises as people write it: calendars, what each clock promises to whom, and which waits pause it.

Pure: what is public holiday where is asked of `public_holidays` by who puts a policy in force.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, time, timedelta
from types import MappingProxyType
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from shared.located import Fault
from shared.vocabulary import Priority, Tier, WaitingFor, Word
from tier_queues.calendars import Calendar, Window
from tier_queues.goals import AROUND_THE_CLOCK, PICKUP, Calendars, Goal, GoalRow, GoalTable
from tier_queues.policies import Pausing, Policies

LONGEST_PROMISE: Final = timedelta(days=366)
"""Working time that one goal may take."""
LONGEST_WEEKS: Final = 520
"""Weeks that may pass until a goal's working time has."""
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WINDOW: Final = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$")

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
PolicyClock = Literal["first-response", "next-response", "resolution", "pickup"]
PausedClock = Literal["first-response", "next-response", "resolution"]
CalendarName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone, like Europe/Berlin")
    return name


def _window(hours: str) -> str:
    if _WINDOW.match(hours) is None:
        raise ValueError("must be hours of one day, like 09:00-17:30")
    return hours


def _hours(span: timedelta) -> str:
    """ISO 8601 in hours: a day of working time is not a day of the calendar."""
    minutes, seconds = divmod(span.total_seconds(), 60)
    parts = ((minutes // 60, "H"), (minutes % 60, "M"), (seconds, "S"))
    return "PT" + "".join(f"{number:g}{unit}" for number, unit in parts if number)


Span = Annotated[timedelta, Field(gt=timedelta(), le=LONGEST_PROMISE), PlainSerializer(_hours, when_used="json")]
"""Working time."""


class Part(BaseModel):
    """A part of the policy: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class HolidayPlan(Part):
    """Days without working hours. country, subdivision: ISO 3166 codes, whose public holidays count; dates: others."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    subdivision: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,10}$")] | None = None
    dates: Annotated[tuple[date, ...], Field(max_length=1000)] = ()


class CalendarPlan(Part):
    """When time counts: hours of each weekday as the wall clock of the zone shows them, `24:00` for midnight."""

    zone: Annotated[str, AfterValidator(_zone)]
    hours: Annotated[
        Mapping[Weekday, Annotated[tuple[Annotated[str, AfterValidator(_window)], ...], Field(max_length=12)]],
        Field(min_length=1),
    ]
    holidays: HolidayPlan = HolidayPlan()


class Promised(Part):
    """What one clock promises to issues that meet every condition given. within: working time; null for nothing."""

    clock: PolicyClock
    category: Word | None = None
    plan: Word | None = None
    priority: Priority | None = None
    tier: Tier | None = None
    within: Span | None
    calendar: CalendarName = AROUND_THE_CLOCK

    @property
    def conditions(self) -> tuple[object, ...]:
        """What two rows must not have in common."""
        return (self.clock, self.category, self.plan, self.priority, self.tier)


class PromisePolicy(Part):
    """The whole policy. pauses: what an issue waits for, to the clocks that rest meanwhile; a pickup never does."""

    calendars: Annotated[dict[CalendarName, CalendarPlan], Field(default_factory=dict, max_length=50)]
    pauses: Annotated[dict[WaitingFor, tuple[PausedClock, ...]], Field(default_factory=dict)]
    goals: Annotated[tuple[Promised, ...], Field(min_length=1, max_length=2000)]


def faults_of(policy: PromisePolicy) -> Iterator[Fault]:
    """What is wrong with a policy although each part of it fits."""
    for name, plan in policy.calendars.items():
        yield from _faults_of_calendar(name, plan)
    seen: dict[tuple[object, ...], int] = {}
    for place, row in enumerate(policy.goals):
        if row.conditions in seen:
            yield Fault(("goals", place), f"says the same clock and conditions as row {seen[row.conditions]}")
        seen.setdefault(row.conditions, place)
        if row.tier is not None and row.clock != PICKUP:
            yield Fault(("goals", place, "tier"), "is for the clock pickup only")
        yield from _faults_of_calendar_of(row, place, policy)


def _faults_of_calendar(name: str, plan: CalendarPlan) -> Iterator[Fault]:
    if name == AROUND_THE_CLOCK:
        yield Fault(("calendars", name), "is built in and cannot be changed")
    if plan.holidays.subdivision is not None and plan.holidays.country is None:
        yield Fault(("calendars", name, "holidays", "subdivision"), "needs a country")
    if not any(plan.hours.values()):
        yield Fault(("calendars", name, "hours"), "names no hours at all")
        return
    for weekday in plan.hours:
        try:
            Calendar(UTC, _windows_of(plan, weekday))
        except ValueError:
            yield Fault(("calendars", name, "hours", weekday), "overlap, or end before they start")


def _faults_of_calendar_of(row: Promised, place: int, policy: PromisePolicy) -> Iterator[Fault]:
    if row.calendar == AROUND_THE_CLOCK:
        return
    plan = policy.calendars.get(row.calendar)
    if plan is None:
        yield Fault(("goals", place, "calendar"), f"there is no calendar {row.calendar}")
    elif row.within is not None and row.within > LONGEST_WEEKS * _week(plan):
        yield Fault(("goals", place, "within"), f"takes more than {LONGEST_WEEKS} weeks of {row.calendar}")


def _week(plan: CalendarPlan) -> timedelta:
    """Working time of a week without holidays."""
    ends = [_ends(hours) for windows in plan.hours.values() for hours in windows]
    return sum((timedelta(minutes=closes - opens) for opens, closes in ends), timedelta())


def _ends(hours: str) -> tuple[int, int]:
    """The minutes of the day at which a window opens and closes."""
    opens, _, closes = hours.partition("-")
    begin, end = ([int(part) for part in moment.split(":")] for moment in (opens, closes))
    return begin[0] * 60 + begin[1], end[0] * 60 + end[1]


def _windows_of(plan: CalendarPlan, weekday: Weekday) -> tuple[Window, ...]:
    ends = [_ends(hours) for hours in plan.hours[weekday]]
    return tuple(Window(_WEEKDAYS.index(weekday), _time(opens), _time(closes)) for opens, closes in ends)


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def calendar_of(plan: CalendarPlan, public: frozenset[date]) -> Calendar:
    """The calendar that a plan means. public: the public holidays of its country."""
    windows = tuple(window for weekday in plan.hours for window in _windows_of(plan, weekday))
    return Calendar(ZoneInfo(plan.zone), windows, public | frozenset(plan.holidays.dates))


def goals_of(policy: PromisePolicy, keys: Mapping[str, str]) -> GoalTable:
    """What the policy promises. keys: what ledgers call each of its calendars."""
    return GoalTable(
        GoalRow(
            row.clock,
            None if row.within is None else Goal(row.within, keys.get(row.calendar, row.calendar)),
            row.category,
            row.plan,
            row.priority,
            row.tier,
        )
        for row in policy.goals
    )


def pausing_of(policy: PromisePolicy) -> Pausing:
    """Which waits pause which clocks."""
    return MappingProxyType({what_for: frozenset(clocks) for what_for, clocks in policy.pauses.items()})


def policy_of(policies: Policies) -> PromisePolicy:
    """The policy that an installation begins with, as people would write it."""
    rows = {(row.clock, *row.conditions): row for row in policies.goals.rows}
    named = {row.goal.calendar for row in rows.values() if row.goal is not None} - {AROUND_THE_CLOCK}
    return PromisePolicy.model_validate(
        {
            "calendars": {name: _plan_of(policies.calendars, name) for name in sorted(named)},
            "pauses": {what_for: sorted(clocks) for what_for, clocks in policies.pausing.items()},
            "goals": [_written(row) for row in rows.values()],
        }
    )


def _plan_of(calendars: Calendars, name: str) -> dict[str, object]:
    calendar = calendars[name]
    hours: dict[str, list[str]] = {}
    for window in calendar.windows:
        closes = "24:00" if window.closes == time.min else f"{window.closes:%H:%M}"
        hours.setdefault(_WEEKDAYS[window.weekday], []).append(f"{window.opens:%H:%M}-{closes}")
    zone = str(calendar.zone)
    return {"zone": zone, "hours": hours, "holidays": {"dates": sorted(calendar.holidays)}}


def _written(row: GoalRow) -> dict[str, object]:
    goal = row.goal
    return {
        "clock": row.clock,
        "category": row.category,
        "plan": row.plan,
        "priority": row.priority,
        "tier": row.tier,
        "within": goal.span if goal else None,
        "calendar": goal.calendar if goal else AROUND_THE_CLOCK,
    }
