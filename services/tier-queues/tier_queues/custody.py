"""Where an issue has been, since when it is there, and how long its owner may let it lie."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from shared.events import attention
from shared.vocabulary import IssueState
from tier_queues import escalation_steps
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue

PING_PONG: Final = 3
"""The revisit of a tier or team that alerts its lead."""
PATH_LIMIT: Final = 100
"""Places remembered; an issue that was moved more often has other problems."""


def kept(before: Issue, decision: Decision, *, now: datetime, policies: Policies, by: str | None = None) -> Decision:
    """The decision with the places that it led to, the escalation there and the owner's lease; then come the promises.

    by: the agent whose command it was, whose work renews the lease.
    """
    if not decision.entries:
        return decision
    decision = _given(_visited(before, decision, policies))
    decision = escalation_steps.begun(before, decision, now=now, policies=policies)
    return _leased(before, decision, now, policies, by)


def _given(decision: Decision) -> Decision:
    """What was given to somebody is theirs, or somewhere else: either way it is given no more."""
    issue = decision.issue
    if issue.state is IssueState.QUEUED or not issue.pushed_to:
        return decision
    return Decision(replace(issue, pushed=None, pushed_to=()), decision.entries)


def revisits_of_tier(issue: Issue) -> int:
    """How often an issue came back to its tier; 0 on the first visit."""
    return _returns([place[0] for place in issue.path], issue.tier)


def revisits_of_team(issue: Issue) -> int:
    """How often an issue came back to its team; 0 on the first visit."""
    return _returns([place[1] for place in issue.path], issue.team)


def _returns(places: list[Any], place: Any) -> int:
    arrivals = [one for n, one in enumerate(places) if n == 0 or places[n - 1] != one]
    return max(arrivals.count(place) - 1, 0)


def _visited(before: Issue, decision: Decision, policies: Policies) -> Decision:
    issue, path, since = decision.issue, decision.issue.path, decision.issue.queued_since
    for entry in decision.entries:
        standing = entry.fact.standing
        if path and path[-1] == (standing.tier, standing.team):
            continue
        since = since if path and path[-1][0] == standing.tier else entry.fact.at
        path = (*path, (standing.tier, standing.team))[-PATH_LIMIT:]
    if path is issue.path:
        return decision
    # Elsewhere it is no longer given to whom it was given before.
    moved = replace(issue, path=path, queued_since=since, pushed=None, pushed_to=())
    return _alerted(before, Decision(moved, decision.entries), policies)


def _alerted(before: Issue, decision: Decision, policies: Policies) -> Decision:
    """The lead told of the third revisit, once for the tier and once for the team."""
    issue = decision.issue
    if before.tier != issue.tier and revisits_of_tier(issue) == PING_PONG:
        decision = alerted(decision, "ping-pong", tier=issue.tier, team=None, policies=policies, times=PING_PONG + 1)
    if before.team != issue.team and revisits_of_team(issue) == PING_PONG:
        decision = alerted(
            decision, "ping-pong", tier=issue.tier, team=issue.team, policies=policies, times=PING_PONG + 1
        )
    return decision


def alerted(
    decision: Decision,
    cause: str,
    *,
    tier: int,
    team: Any,
    policies: Policies,
    times: int | None = None,
    followers: int | None = None,
    at: datetime | None = None,
) -> Decision:
    """The leads of a place told to look at the issue. at: when, the time of its last entry unless told otherwise."""
    return decision.then(
        attention.LeadAlerted,
        actor=TIERDESK,
        at=at or decision.issue.last_at,
        cause=cause,
        tier=tier,
        team=team,
        leads=policies.leads(tier, team),
        times=times,
        followers=followers,
    )


def _leased(before: Issue, decision: Decision, now: datetime, policies: Policies, by: str | None) -> Decision:
    issue = decision.issue
    lease = _lease(issue, policies)
    if lease is None:
        idle_at = None
    elif issue.idle_at is None or issue.owner != before.owner or by == issue.owner:
        idle_at = max(now, issue.last_at) + lease
    else:
        return decision
    if idle_at == issue.idle_at:
        return decision
    return Decision(replace(issue, idle_at=idle_at, idle_warned=False), decision.entries)


def _lease(issue: Issue, policies: Policies) -> Any:
    """How long the owner may do nothing; None while nobody works it."""
    if issue.state is not IssueState.ASSIGNED:
        return None
    team = policies.teams.get(issue.team)
    return team.idle_after if team else None


def warned(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """The idle owner warned; unchanged when the lease is not over, or the warning was given."""
    issue = decision.issue
    if issue.idle_at is None or issue.idle_at > now or issue.idle_warned:
        return decision
    if _lease(issue, policies) is None:
        return Decision(replace(issue, idle_at=None), decision.entries)
    returns_at = now + policies.idle_grace
    change = {"idle_at": returns_at, "idle_warned": True}
    return decision.then(attention.OwnerIdle, actor=TIERDESK, at=now, change=change, returns_at=returns_at)
