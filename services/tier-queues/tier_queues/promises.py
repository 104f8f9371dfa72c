"""An issue's clocks, all at once: what starts, pauses, changes and meets them."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from shared.events import promises as said
from shared.events import work
from shared.vocabulary import IssueState
from tier_queues import clocks
from tier_queues.clocks import BREACH, Clock
from tier_queues.goals import (
    FIRST_RESPONSE,
    NEXT_RESPONSE,
    PICKUP,
    PROMISED_UPDATE,
    RESOLUTION,
    SLA_CLOCKS,
    Goal,
)
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue

Clocks = tuple[Clock, ...]

_ANSWERED: Final = frozenset({FIRST_RESPONSE, NEXT_RESPONSE, PROMISED_UPDATE})
_RESOLVED: Final = frozenset({*SLA_CLOCKS, PROMISED_UPDATE})
_FROM_THE_START: Final = (FIRST_RESPONSE, RESOLUTION)


def made(priority: int, *, plan: str, category: str | None, at: datetime, policies: Policies) -> Clocks:
    """The clocks that run from an issue's first moment."""
    place, calendars = (category, plan, priority, None), policies.calendars
    return tuple(
        [clocks.started(name, policies.goals.goal(name, place), at=at, calendars=calendars) for name in _FROM_THE_START]
    )


def queued(issue: Issue, tier: int, *, at: datetime, policies: Policies) -> Clocks:
    """The pickup of a new visit to a tier promised, where the policy says anything about that tier."""
    if not policies.goals.picked_up_in_time(tier):
        return issue.clocks
    goal = policies.goals.goal(PICKUP, (issue.category, issue.plan, issue.priority, tier))
    before = clock_of(issue, PICKUP)
    clock = clocks.started(PICKUP, goal, at=at, calendars=policies.calendars, before=before, reason=visit(tier))
    return with_clock(issue, clock)


def rested(issue: Issue, names: frozenset[str], *, at: datetime, reason: str, policies: Policies) -> Clocks:
    """The named clocks at rest as far as they run, all others running on."""
    calendars = policies.calendars
    return tuple(
        clocks.paused(clock, at=at, reason=reason, calendars=calendars)
        if clock.name in names
        else clocks.resumed(clock, at=at, calendars=calendars)
        for clock in issue.clocks
    )


def resumed(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """Every clock at rest running on."""
    return tuple(clocks.resumed(clock, at=at, calendars=policies.calendars) for clock in issue.clocks)


def asked(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """The next response owed from now on, where the first was given and none is owed yet.

    A message that comes while one is unanswered asks for the same answer. During a wait that pauses it, it rests.
    """
    first, before = clock_of(issue, FIRST_RESPONSE), clock_of(issue, NEXT_RESPONSE)
    if first is None or not first.is_over or (before is not None and not before.is_over):
        return issue.clocks
    goal, calendars = _goal(issue, NEXT_RESPONSE, policies), policies.calendars
    if goal is None and before is None:
        return issue.clocks
    clock = clocks.started(NEXT_RESPONSE, goal, at=at, calendars=calendars, before=before)
    if issue.waiting_for is not None and NEXT_RESPONSE in policies.pauses(issue.waiting_for):
        clock = clocks.paused(clock, at=at, reason=issue.waiting_for, calendars=calendars)
    return with_clock(issue, clock)


def answered(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """Every response met, and the promised update: the customer heard from somebody."""
    return _met(issue, _ANSWERED, at, policies)


def resolved(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """Everything met that was owed to the customer."""
    return _met(issue, _RESOLVED, at, policies)


def reopened(issue: Issue, *, at: datetime, policies: Policies) -> Clocks:
    """The resolution running on from its used time; the first response stays met."""
    return tuple(
        clocks.reopened(clock, at=at, calendars=policies.calendars) if clock.name == RESOLUTION else clock
        for clock in issue.clocks
    )


def update_promised(issue: Issue, until: datetime, *, at: datetime, reason: str, policies: Policies) -> Clocks:
    """An update owed until a time, whatever pauses the rest: the customer is told that time.

    A later promise moves one that is not broken yet; a broken one stays broken, and another begins.
    """
    calendars, before = policies.calendars, clock_of(issue, PROMISED_UPDATE)
    if before is not None and before.is_running and not before.is_breached:
        goal = Goal(until - before.round[0].at)
        return with_clock(issue, clocks.retargeted(before, goal, at=at, reason=reason, calendars=calendars))
    if before is not None:
        before = clocks.ended(before, at=at, reason=reason, calendars=calendars)
    return with_clock(
        issue, clocks.started(PROMISED_UPDATE, Goal(until - at), at=at, calendars=calendars, before=before)
    )


def retargeted(issue: Issue, *, at: datetime, reason: str, policies: Policies) -> Clocks:
    """What is still owed promised anew, as the policies say for the issue as it is now."""
    calendars = policies.calendars
    return tuple(
        clock
        if clock.is_over or clock.name == PROMISED_UPDATE
        else clocks.retargeted(clock, _goal(issue, clock.name, policies), at=at, reason=reason, calendars=calendars)
        for clock in issue.clocks
    )


def followed(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The decision with the pickup of the queue that it leads to, and with the promises of the present policy.

    The last step of everything that changes an issue.
    """
    decision = _visited(decision, now, policies)
    if decision.issue.policy == policies.version or decision.issue.is_over:
        return decision
    return _with_policy(decision, now, policies)


def _visited(decision: Decision, now: datetime, policies: Policies) -> Decision:
    """A pickup runs while, and only while, an issue can be claimed at a tier about which the policy says something."""
    issue = decision.issue
    before, tier = clock_of(issue, PICKUP), _queue_tier(issue)
    owed = before is not None and not before.is_over
    if not owed and (tier is None or not policies.goals.picked_up_in_time(tier)):
        return decision
    # Which tier's visit a clock counts is what its `started` line says.
    if owed and before is not None and tier is not None and before.round[0].reason == visit(tier):
        return decision
    at = max(now, issue.last_at)
    if owed and before is not None:
        before = _picked_up(before, decision, at, policies)
        issue = replace(issue, clocks=with_clock(issue, before))
    if tier is not None:
        issue = replace(issue, clocks=queued(issue, tier, at=at, policies=policies))
    return replace(decision, issue=issue)


def _picked_up(clock: Clock, decision: Decision, at: datetime, policies: Policies) -> Clock:
    """Met when somebody took the issue; else it left the queue without."""
    if any(isinstance(entry.fact, work.IssueClaimed | work.HandoverAccepted) for entry in decision.entries):
        return clocks.met(clock, at=at, calendars=policies.calendars)
    return clocks.ended(clock, at=at, reason="left the queue", calendars=policies.calendars)


def visit(tier: int) -> str:
    """How a pickup's ledger names the tier at which it was promised."""
    return f"tier {tier}"


def _with_policy(decision: Decision, now: datetime, policies: Policies) -> Decision:
    """The promises and pauses of another version of the policy, for what is owed; what was used or rested stays so."""
    issue, version = decision.issue, policies.version
    if version < issue.policy:
        # Another process knows a newer version. What was begun by the older one here is looked at again.
        return replace(decision, issue=replace(issue, policy=version))
    at = max(now, issue.last_at)
    after = retargeted(issue, at=at, reason=f"policy {version}", policies=policies)
    if issue.waiting_for is not None:
        names = policies.pauses(issue.waiting_for)
        after = rested(replace(issue, clocks=after), names, at=at, reason=issue.waiting_for, policies=policies)
    if after == issue.clocks:
        return replace(decision, issue=replace(issue, policy=version))
    change = {"clocks": after, "policy": version}
    return decision.then(said.PromisesChanged, actor=TIERDESK, at=now, change=change, policy=version)


def announced(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The decision with an entry for every mark a clock has passed by now: each share once, the breach once."""
    for position, clock in enumerate(decision.issue.clocks):
        if clock.next_mark and clock.next_mark.at <= now:
            decision = _announced(decision, position, now, policies)
    return decision


def _announced(decision: Decision, position: int, now: datetime, policies: Policies) -> Decision:
    before = decision.issue.clocks[position]
    after, shares = clocks.announced(before, now=now, calendars=policies.calendars)
    change = {"clocks": with_clock(decision.issue, after)}
    for share in shares:
        told: dict[str, Any] = {"clock": before.name, "due_at": before.due_at}
        if share == BREACH:
            decision = decision.then(work.ClockBreached, actor=TIERDESK, at=now, change=change, **told)
        else:
            decision = decision.then(work.ClockWarned, actor=TIERDESK, at=now, change=change, percent=share, **told)
    return decision


def clock_of(issue: Issue, name: str) -> Clock | None:
    """The issue's clock of that name, if it was ever started."""
    for clock in issue.clocks:
        if clock.name == name:
            return clock
    return None


def with_clock(issue: Issue, clock: Clock) -> Clocks:
    """The issue's clocks with one of them as it is now; a new one comes last."""
    if all(one.name != clock.name for one in issue.clocks):
        return (*issue.clocks, clock)
    return tuple(clock if one.name == clock.name else one for one in issue.clocks)


def _goal(issue: Issue, name: str, policies: Policies) -> Goal | None:
    tier = _queue_tier(issue) if name == PICKUP else None
    return policies.goals.goal(name, (issue.category, issue.plan, issue.priority, tier))


def _queue_tier(issue: Issue) -> int | None:
    """The tier at which it can be claimed now."""
    if issue.state is IssueState.QUEUED:
        return issue.tier
    return issue.offer.target.tier if issue.offer else None


def _met(issue: Issue, names: frozenset[str], at: datetime, policies: Policies) -> Clocks:
    return tuple(
        clocks.met(clock, at=at, calendars=policies.calendars) if clock.name in names else clock
        for clock in issue.clocks
    )
