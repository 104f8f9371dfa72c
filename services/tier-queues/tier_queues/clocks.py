"""Promises in time: an append-only ledger per clock, from which everything else follows by replay.

A clock may promise again what was kept or given up before (the next response, the pickup of another visit): then its
ledger goes on with another `started`, and what is said of the clock is said of the lines since the last one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from tier_queues.goals import Calendars, Goal

MARKS: Final = (50, 75, 100)
"""Shares of the promised time, in percent, that are announced; the last one is the breach."""
BREACH: Final = 100

LineKind = Literal["started", "paused", "resumed", "target-changed", "warned", "breached", "met", "ended"]
_MOVES: Final = frozenset({"started", "resumed", "paused", "met", "ended"})
"""Lines that say whether time counts."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger. goal: with started and target-changed; percent: with warned and breached."""

    kind: LineKind
    at: datetime
    reason: str | None = None
    goal: Goal | None = None
    percent: int | None = None


Ledger = tuple[Line, ...]


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
    ledger: Ledger
    due_at: datetime | None = None
    next_mark: Mark | None = None

    @property
    def move(self) -> LineKind:
        """The last of started, resumed, paused, met and ended."""
        return next(line.kind for line in reversed(self.ledger) if line.kind in _MOVES)

    @property
    def is_running(self) -> bool:
        """Whether time counts now."""
        return self.move in ("started", "resumed")

    @property
    def is_paused(self) -> bool:
        """Whether the clock rests and will go on."""
        return self.move == "paused"

    @property
    def is_met(self) -> bool:
        """Whether what was promised has happened, in time or not."""
        return self.move == "met"

    @property
    def is_over(self) -> bool:
        """Whether nothing is owed any more: it happened, or there is no need for it."""
        return self.move in ("met", "ended")

    @property
    def round(self) -> Ledger:
        """The lines of the present promise: the last `started` and what came after it."""
        begin = next(place for place in reversed(range(len(self.ledger))) if self.ledger[place].kind == "started")
        return self.ledger[begin:]

    @property
    def is_breached(self) -> bool:
        """Whether the present promise was ever broken."""
        return any(line.kind == "breached" for line in self.round)

    @property
    def goal(self) -> Goal | None:
        """What is promised now."""
        return next(line.goal for line in reversed(self.ledger) if line.kind in ("started", "target-changed"))

    @property
    def announced(self) -> int:
        """The highest share of the present promise announced so far, in percent; 0 when none was."""
        return max((line.percent or 0 for line in self.round), default=0)

    @property
    def breach_at(self) -> datetime | None:
        """When the promise will be broken if nothing happens; None where it is already, and where nothing runs."""
        return self.due_at if self.next_mark is not None else None


def started(
    name: str,
    goal: Goal | None,
    *,
    at: datetime,
    calendars: Calendars,
    before: Clock | None = None,
    reason: str | None = None,
) -> Clock:
    """A clock that runs from `at`. Without a goal it keeps its ledger, for the day it gets one.

    before: the same clock as it was for earlier promises, whose ledger goes on. reason: what it is promised for.
    """
    line = Line("started", at, reason, goal)
    ledger = (*before.ledger, line) if before else (line,)
    if goal is None:
        return Clock(name, ledger)
    # Every issue begins with these: what follows from a single line needs no replay.
    calendar = calendars[goal.calendar]
    mark = Mark(MARKS[0], calendar.add(at, goal.span * MARKS[0] / BREACH))
    return Clock(name, ledger, calendar.add(at, goal.span), mark)


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
    """The clock with another promise. What was used of the one before stays used; time at rest stays uncounted."""
    return clock if goal == clock.goal else _with(clock, Line("target-changed", at, reason, goal), calendars)


def met(clock: Clock, *, at: datetime, calendars: Calendars) -> Clock:
    """The clock stopped because what was promised happened; unchanged when nothing was owed."""
    return clock if clock.is_over else _with(clock, Line("met", at), calendars)


def ended(clock: Clock, *, at: datetime, reason: str, calendars: Calendars) -> Clock:
    """The clock stopped because nobody needs what was promised; unchanged when nothing was owed."""
    return clock if clock.is_over else _with(clock, Line("ended", at, reason), calendars)


def announced(clock: Clock, *, now: datetime, calendars: Calendars) -> tuple[Clock, tuple[int, ...]]:
    """The clock with every mark up to `now` announced, and the percents to tell: the highest missed warning, a breach.

    One that comes late does not repeat what is no longer news.
    """
    if clock.next_mark is None or clock.next_mark.at > now:
        return clock, ()
    passed = [share for share in _left(clock) if _reached(clock, share, calendars) <= now]
    tell = tuple(passed[-2:] if passed and passed[-1] == BREACH else passed[-1:])
    lines = tuple(Line("breached" if share == BREACH else "warned", now, percent=share) for share in tell)
    return replayed(Clock(clock.name, clock.ledger + lines), calendars), tell


def used(clock: Clock, *, now: datetime, calendars: Calendars) -> timedelta:
    """Working time that counted so far, each stretch by the calendar that counted then; nothing without a goal."""
    if clock.goal is None:
        return timedelta()
    return sum(
        (calendars[calendar].elapsed(begin, end or now) for begin, end, calendar in _stretches(clock.round)),
        timedelta(),
    )


def replayed(clock: Clock, calendars: Calendars) -> Clock:
    """The clock with its kept results worked out again from nothing but its ledger."""
    if clock.goal is None or not clock.is_running:
        return Clock(clock.name, clock.ledger)
    due_at, left = _reached(clock, BREACH, calendars), _left(clock)
    mark = Mark(left[0], due_at if left[0] == BREACH else _reached(clock, left[0], calendars)) if left else None
    return Clock(clock.name, clock.ledger, due_at, mark)


def _with(clock: Clock, line: Line, calendars: Calendars) -> Clock:
    return replayed(Clock(clock.name, (*clock.ledger, line)), calendars)


def _left(clock: Clock) -> tuple[int, ...]:
    """The shares of the present promise that are still to be announced."""
    before = clock.announced
    return tuple(share for share in MARKS if share > before)


def _reached(clock: Clock, share: int, calendars: Calendars) -> datetime:
    """When a share of the promised time has counted, in percent, if the clock keeps running."""
    goal = clock.goal
    assert goal is not None
    left = goal.span * share / BREACH
    for begin, end, name in _stretches(clock.round):
        calendar = calendars[name]
        counted = calendar.elapsed(begin, end) if end is not None else left
        if left <= counted:
            return calendar.add(begin, left)
        left -= counted
    raise AssertionError("a running clock reaches every share")


_Stretch = tuple[datetime, datetime | None, str]


def _stretches(lines: Ledger) -> list[_Stretch]:
    """When time counted, and by which calendar; the last stretch is open while the clock runs.

    Time under no promise at all counts by the calendar of the one that follows it.
    """
    stretches: list[tuple[datetime, datetime | None, Goal | None]] = []
    begin, goal = None, lines[0].goal
    for line in lines:
        if begin is not None and line.kind in ("paused", "met", "ended", "target-changed"):
            stretches.append((begin, line.at, goal))
            begin = line.at if line.kind == "target-changed" else None
        if line.kind in ("started", "resumed"):
            begin = line.at
        elif line.kind == "target-changed":
            goal = line.goal
            stretches = [(since, until, of or goal) for since, until, of in stretches]
    if begin is not None:
        stretches.append((begin, None, goal))
    assert all(of for _, _, of in stretches), "only a clock that promises something is counted"
    return [(since, until, of.calendar) for since, until, of in stretches if of]
