"""An issue's clocks towards the customer, all at once."""

from datetime import datetime
from typing import Any

from shared.events import work
from tier_queues import clocks
from tier_queues.clocks import BREACH, Clock
from tier_queues.policies import CLOCK_NAMES, FIRST_RESPONSE, RESOLUTION, Policies
from tier_queues.record import TIERDESK, Decision, Issue

Clocks = tuple[Clock, ...]


def made(priority: int, *, at: datetime, policies: Policies) -> Clocks:
    """Every clock, running from `at`."""
    return tuple(
        clocks.started(name, policies.goal(name, priority), at=at, calendars=policies.calendars) for name in CLOCK_NAMES
    )


def paused(issue: Issue, *, at: datetime, reason: str, policies: Policies) -> Clocks:
    """Every clock that runs at rest."""
    return tuple(clocks.paused(clock, at=at, reason=reason, calendars=policies.calendars) for clock in issue.clocks)


def resumed(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """Every clock at rest running on."""
    return tuple(clocks.resumed(clock, at=at, calendars=policies.calendars) for clock in issue.clocks)


def answered(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """The first response met: the customer heard from somebody."""
    return _met(issue, (FIRST_RESPONSE,), at, policies)


def resolved(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """Everything met."""
    return _met(issue, CLOCK_NAMES, at, policies)


def reopened(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """The resolution running on from its used time; the first response stays met."""
    return tuple(
        clocks.reopened(clock, at=at, calendars=policies.calendars) if clock.name == RESOLUTION else clock
        for clock in issue.clocks
    )


def retargeted(issue: Issue, priority: int, *, at: datetime, reason: str, policies: Policies) -> Clocks:
    """What is not yet met promised anew for a priority."""
    return tuple(
        clock
        if clock.is_met
        else clocks.retargeted(
            clock, policies.goal(clock.name, priority), at=at, reason=reason, calendars=policies.calendars
        )
        for clock in issue.clocks
    )


def announced(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The decision with an entry for every mark a clock has passed by now: each share once, the breach once."""
    for position, clock in enumerate(decision.issue.clocks):
        if clock.next_mark and clock.next_mark.at <= now:
            decision = _announced(decision, position, now, policies)
    return decision


def _announced(decision: Decision, position: int, now: datetime, policies: Policies) -> Decision:
    before = decision.issue.clocks[position]
    after, shares = clocks.announced(before, now=now, calendars=policies.calendars)
    change = {"clocks": _swapped(decision.issue.clocks, position, after)}
    for share in shares:
        said: dict[str, Any] = {"clock": before.name, "due_at": before.due_at}
        if share == BREACH:
            decision = decision.then(work.ClockBreached, actor=TIERDESK, at=now, change=change, **said)
        else:
            decision = decision.then(work.ClockWarned, actor=TIERDESK, at=now, change=change, percent=share, **said)
    return decision


def _swapped(all_clocks: Clocks, position: int, clock: Clock) -> Clocks:
    return (*all_clocks[:position], clock, *all_clocks[position + 1 :])


def _met(issue: Issue, names: tuple[str, ...], at: datetime, policies: Policies) -> Clocks:
    return tuple(
        clocks.met(clock, at=at, calendars=policies.calendars) if clock.name in names else clock
        for clock in issue.clocks
    )
