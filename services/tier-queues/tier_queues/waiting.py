"""Rest: an issue waits for somebody or something outside, and comes back."""

from datetime import UTC, datetime
from typing import Any

from shared.events import work
from shared.vocabulary import IssueState, WaitingFor
from tier_queues import promises
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Resume, Wait
from tier_queues.places import queued_where_watched
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue
from tier_queues.refusals import Unacceptable
from tier_queues.tidying_commands import Snooze


def wait(decision: Decision, command: Wait, given: Circumstances) -> Decision:
    """The owner lets the issue rest; it stays theirs. Raises Unacceptable."""
    issue = decision.issue
    if command.waiting_for is WaitingFor.VENDOR and not any(case.is_open for case in issue.cases):
        raise Unacceptable("no-open-case", "No vendor works on this issue; forward it.")
    until = _until(command, given)
    change = waiting(issue, command.waiting_for, at=given.now, policies=given.policies) | {"wait_until": until}
    return decision.then(
        work.IssueWaiting, actor=given.actor, at=given.now, change=change, until=until, reason=command.reason
    )


def snooze(decision: Decision, command: Snooze, given: Circumstances) -> Decision:
    """The owner lets the issue rest until a time. Raises Unacceptable."""
    until = Wait(waiting_for=WaitingFor.TIME, until=command.until, reason=command.reason)
    return wait(decision, until, given)


def _until(command: Wait, given: Circumstances) -> datetime | None:
    if command.until is None:
        return None
    if not given.now < command.until <= given.now + given.policies.longest_wait:
        days = given.policies.longest_wait.days
        raise Unacceptable("wait-out-of-range", f"An issue may rest until a time within the next {days} days.")
    return command.until.astimezone(UTC)


def resume(decision: Decision, command: Resume, given: Circumstances) -> Decision:
    """The wait ends before its time."""
    return resumed(decision, cause="owner", actor=given.actor, at=given.now, policies=given.policies)


def wake(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The wait ends because its time has come; unchanged when it has not."""
    until = decision.issue.wait_until
    if until is None or until > now:
        return decision
    return resumed(decision, cause="time", actor=TIERDESK, at=now, policies=policies)


def resumed(decision: Decision, *, cause: str, actor: work.Actor, at: datetime, policies: Policies) -> Decision:
    """Back with the owner; without one, queued at the tier that watched it."""
    issue = decision.issue
    change = rested(issue, at=at, policies=policies)
    if issue.owner is None:
        change |= queued_where_watched(issue, policies)
        return decision.then(work.IssueQueued, actor=actor, at=at, change=change, cause=cause)
    change |= {"state": IssueState.ASSIGNED}
    return decision.then(work.IssueResumed, actor=actor, at=at, change=change, cause=cause)


def waiting(issue: Issue, what_for: WaitingFor, *, at: datetime, policies: Policies) -> dict[str, Any]:
    """The change into a wait; the reason decides which clocks rest too."""
    clocks = promises.rested(issue, policies.pauses(what_for), at=at, reason=what_for, policies=policies)
    return {"state": IssueState.WAITING, "waiting_for": what_for, "wait_until": None, "clocks": clocks}


def rested(issue: Issue, *, at: datetime, policies: Policies) -> dict[str, Any]:
    """The change out of a wait, whatever comes next."""
    return {"waiting_for": None, "wait_until": None, "clocks": promises.resumed(issue, at=at, policies=policies)}
