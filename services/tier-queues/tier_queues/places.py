"""Where an issue can be worked: tiers, teams, and who holds it there."""

from typing import Any

from shared.vocabulary import IssueState
from tier_queues.agents import Agent
from tier_queues.policies import Policies
from tier_queues.record import Issue


def team_at(issue: Issue, tier: int, policies: Policies) -> str:
    """The team that the issue's ladder names for a tier, else the tier's default queue."""
    return next((rung.team for rung in issue.ladder if rung.tier == tier), policies.default_team(tier))


def queued_at(issue: Issue, tier: int, policies: Policies, *, team: str | None = None) -> dict[str, Any]:
    """The change into a queue; at a tier that no people work, into that of the tier that watches instead."""
    place = policies.staffed(tier, otherwise=issue.watching_tier)
    chosen = team if team is not None and place == tier else team_at(issue, place, policies)
    return {"state": IssueState.QUEUED, "tier": place, "team": chosen, "owner": None, "owner_name": None}


def queued_where_watched(issue: Issue, policies: Policies) -> dict[str, Any]:
    """The change into the queue of the tier that looks after a vendor's issue."""
    return queued_at(issue, issue.minding_tier, policies, team=issue.team if issue.minding_tier == issue.tier else None)


def owned_by(agent: Agent) -> dict[str, Any]:
    """The change into somebody's hands; whoever takes it has read it."""
    return {"state": IssueState.ASSIGNED, "owner": agent.id, "owner_name": agent.name, "unseen": False}
