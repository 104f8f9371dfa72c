"""What an issue is about and how much it presses: people's choices, and the router's later decisions."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.events import routing, work
from shared.vocabulary import IssueState
from tier_queues import promises
from tier_queues.circumstances import Circumstances
from tier_queues.commands import Reclassify, SetPriority
from tier_queues.policies import Policies
from tier_queues.record import ROUTER, Decision, Issue


def reclassify(decision: Decision, command: Reclassify, given: Circumstances) -> Decision:
    """A person's category, which nothing but a person changes again; the router decides for the new revision."""
    revision = decision.issue.revision + 1
    meant = replace(decision.issue, category=command.category)
    clocks = promises.retargeted(meant, at=given.now, reason=command.reason, policies=given.policies)
    return decision.then(
        work.IssueReclassified,
        actor=given.actor,
        at=given.now,
        change={"category": command.category, "revision": revision, "triage": False, "clocks": clocks},
        category=command.category,
        revision=revision,
        reason=command.reason,
    )


def set_priority(decision: Decision, command: SetPriority, given: Circumstances) -> Decision:
    """Impact and urgency by a person; the clocks promise what the new priority says, time at rest stays uncounted."""
    issue, policies = decision.issue, given.policies
    priority = policies.priority(command.impact, command.urgency)
    pressing = replace(issue, priority=priority)
    clocks = promises.retargeted(pressing, at=given.now, reason=command.reason, policies=policies)
    said: dict[str, Any] = {"impact": command.impact, "urgency": command.urgency}
    return decision.then(
        work.PriorityChanged,
        actor=given.actor,
        at=given.now,
        change=said | {"priority": priority, "clocks": clocks},
        reason=command.reason,
        **said,
    )


def rerouted(decision: Decision, fact: routing.IssueRouted, *, now: datetime, policies: Policies) -> Decision:
    """A later decision of the router: applied when it is for the newest revision, else only noted.

    It moves what waits in a queue, changes the ladder of everything else, and never a category or a priority.
    """
    issue = decision.issue
    private = {
        "decision": str(fact.decision),
        "revision": fact.revision,
        "because": list(fact.routing.record.sentences),
        "redirect": fact.routing.redirect,
    }
    if fact.revision != issue.revision or fact.revision == 0:
        note = private | {"superseded": True}
        return decision.then(work.IssueNoted, actor=ROUTER, at=now, private=note, note=fact.decision)
    return decision.then(
        work.IssueRerouted,
        actor=ROUTER,
        at=now,
        change=_ladder(fact.routing) | _place(issue, fact.routing, policies),
        private=private,
        decision=fact.decision,
        revision=fact.revision,
    )


def _ladder(decided: routing.Routing) -> dict[str, Any]:
    return {
        "ladder": decided.ladder,
        "vendor": decided.vendor,
        "watching_tier": decided.watching_tier,
        "skills": decided.skills,
    }


def _place(issue: Issue, decided: routing.Routing, policies: Policies) -> dict[str, Any]:
    """Where a queued issue goes. Once people have touched an issue, only people forward it: Tier 4 means its watchers.

    Nothing for an issue in somebody's hands, with a vendor, or over.
    """
    if issue.state is not IssueState.QUEUED:
        return {}
    place = policies.staffed(decided.tier, otherwise=decided.watching_tier)
    team = decided.team if place == decided.tier else _rung(decided, place) or policies.default_team(place)
    return {"tier": place, "team": team, "triage": decided.triage}


def _rung(decided: routing.Routing, tier: int) -> str | None:
    return next((rung.team for rung in decided.ladder if rung.tier == tier), None)
