"""Promises in time: an append-only ledger per clock, from which everything else follows by replay."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from tier_queues.policies import Calendars, Goal

MARKS: Final = (50, 75, 100)
"""Shares of the promised time, in percent, that are announced; the last one is the breach."""
BREACH: Final = 100

LineKind = Literal["started", "paused", "resumed", "target-changed", "warned", "breached", "met"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger. goal: with started and target-changed; percent: with warned and breached."""

    kind: LineKind
    at: datetime
    reason: str | None = None
    goal: Goal | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """When a share of the promised time, in percent, will have passed if the clock keeps running."""

    percent: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise and what became of it. `due_at` and `next_mark` are kept results of the ledger's replay.

    due_at: when the promise is or was broken; None without a promise, and while the clock does not run.
    next_mark: the next announcement; None when nothing is left to announce or the clock does not run.
    """

    name: str
    ledger: tuple[Line, ...]
    due_at: datetime | None = None
    next_mark: Mark | None = None

    @property
    def is_running(self) -> bool:
        """Whether time counts now: not paused, not met."""
        return _last(self.ledger, "started", "resumed", "paused", "met") in ("started", "resumed")

    @property
    def is_paused(self) -> bool:
        """Whether the clock rests and will go on."""
        return _last(self.ledger, "started", "resumed", "paused", "met") == "paused"

    @property
    def is_met(self) -> bool:
        """Whether what was promised has happened, in time or not."""
        return _last(self.ledger, "started", "resumed", "paused", "met") == "met"

    @property
    def is_breached(self) -> bool:
        """Whether the promise was ever broken."""
        return any(line.kind == "breached" for line in self.ledger)

    @property
    def goal(self) -> Goal | None:
        """What is promised now."""
        return next(line.goal for line in reversed(self.ledger) if line.kind in ("started", "target-changed"))

    @property
    def announced(self) -> int:
        """The highest share announced so far, in percent; 0 when none was."""
        return max((line.percent or 0 for line in self.ledger), default=0)


def started(name: str, goal: Goal | None, *, at: datetime, calendars: Calendars) -> Clock:
    """A clock that runs from `at`. Without a goal it keeps its ledger, for the day it gets one."""
    return replayed(Clock(name, (Line("started", at, goal=goal),)), calendars)


def paused(clock: Clock, *, at: datetime, reason: str, calendars: Calendars) -> Clock:
    """The clock at rest; unchanged when it does not run."""
    return _with(clock, Line("paused", at, reason), calendars) if clock.is_running else clock


def resumed(clock: Clock, *, at: datetime, calendars: Calendars) -> Clock:
    """The clock running on after a rest; unchanged when it does not rest."""
    return _with(clock, Line("resumed", at), calendars) if clock.is_paused else clock


def reopened(clock: Clock, *, at: datetime, calendars: Calendars) -> Clock:
    """The clock running on from its used time although it was met; unchanged when it was not."""
    return _with(clock, Line("resumed", at, "reopened"), calendars) if clock.is_met else clock


def retargeted(clock: Clock, goal: Goal | None, *, at: datetime, reason: str, calendars: Calendars) -> Clock:
    """The clock with another promise, as if it had been made at the start; time at rest stays uncounted."""
    return clock if goal == clock.goal else _with(clock, Line("target-changed", at, reason, goal), calendars)


def met(clock: Clock, *, at: datetime, calendars: Calendars) -> Clock:
    """The clock stopped because what was promised happened; unchanged when it was met before."""
    return clock if clock.is_met else _with(clock, Line("met", at), calendars)


def announced(clock: Clock, *, now: datetime, calendars: Calendars) -> tuple[Clock, tuple[int, ...]]:
    """The clock with every mark up to `now` announced, and the percents to tell: the highest missed warning, a breach.

    One that comes late does not repeat what is no longer news.
    """
    passed = [mark.percent for mark in _marks(clock, calendars) if mark.at <= now]
    tell = tuple(passed[-2:] if passed and passed[-1] == BREACH else passed[-1:])
    lines = tuple(Line("breached" if share == BREACH else "warned", now, percent=share) for share in tell)
    return (replayed(replace(clock, ledger=clock.ledger + lines), calendars), tell) if tell else (clock, ())


def used(clock: Clock, *, now: datetime, calendars: Calendars) -> timedelta:
    """Working time that counted so far, by the calendar of the present goal; nothing without a goal."""
    if (goal := clock.goal) is None:
        return timedelta()
    calendar = calendars[goal.calendar]
    return sum((calendar.elapsed(begin, end or now) for begin, end in _runs(clock.ledger)), timedelta())


def replayed(clock: Clock, calendars: Calendars) -> Clock:
    """The clock with its kept results worked out again from nothing but its ledger."""
    if clock.goal is None or not clock.is_running:
        return replace(clock, due_at=None, next_mark=None)
    marks = _marks(clock, calendars)
    return replace(clock, due_at=_reached(clock, BREACH, calendars), next_mark=next(iter(marks), None))


def _with(clock: Clock, line: Line, calendars: Calendars) -> Clock:
    return replayed(replace(clock, ledger=(*clock.ledger, line)), calendars)


def _marks(clock: Clock, calendars: Calendars) -> Iterator[Mark]:
    """What is still to be announced, soonest first; worked out one by one, since mostly the first is enough."""
    if clock.goal is None or not clock.is_running:
        return
    for share in MARKS:
        if share > clock.announced:
            yield Mark(share, _reached(clock, share, calendars))


def _reached(clock: Clock, share: int, calendars: Calendars) -> datetime:
    """When a share of the promised time has counted, in percent, if the clock keeps running."""
    goal = clock.goal
    assert goal is not None
    calendar, left = calendars[goal.calendar], goal.span * share / 100
    for begin, end in _runs(clock.ledger):
        counted = calendar.elapsed(begin, end) if end is not None else left
        if left <= counted:
            return calendar.add(begin, left)
        left -= counted
    raise AssertionError("a running clock reaches every share")


def _runs(ledger: tuple[Line, ...]) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches in which time counted; the last one is open while the clock runs."""
    begin: datetime | None = None
    for line in ledger:
        if line.kind in ("started", "resumed"):
            begin = line.at
        elif line.kind in ("paused", "met") and begin is not None:
            yield begin, line.at
            begin = None
    if begin is not None:
        yield begin, None


def _last(ledger: tuple[Line, ...], *kinds: LineKind) -> LineKind:
    return next(line.kind for line in reversed(ledger) if line.kind in kinds)
