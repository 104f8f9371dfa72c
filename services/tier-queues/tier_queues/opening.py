"""How an issue begins: the router's first decision makes it."""

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from shared.events import Fact, routing, work
from shared.vocabulary import FRONTLINE_TIER, VENDOR_TIER, IssueState, Level, Resolution, WaitingFor
from tier_queues import ending, escalation_steps, promises
from tier_queues.conversation import as_json
from tier_queues.facts import heard
from tier_queues.places import queued_at
from tier_queues.policies import Policies
from tier_queues.record import ROUTER, Case, Decision, Issue
from tier_queues.vendors import forwarded
from tier_queues.waiting import waiting

FIRST_ASK: Final = "Please solve the customer's request below, or tell us what you need to know."
"""What a vendor is asked when an issue goes straight to it."""
_LEVELS: Final = MappingProxyType({str(level): level for level in Level})


def open_issue(
    routed: routing.IssueRouted,
    early: Sequence[Fact],
    *,
    id: UUID,  # noqa: A002
    policies: Policies,
    now: datetime,
) -> Decision:
    """The issue that a first decision makes, and what the facts that came before it do to it.

    Queued; or waiting for the vendor without an owner, forwarded at once; or resolved when it belongs elsewhere.
    early: facts about the issue that came before its routing, in the order of their producers.
    """
    issue = _issue(routed, id, policies)
    decision = _begun(issue, routed, now=max(now, issue.accepted_at), policies=policies)
    decision = escalation_steps.begun(None, decision, now=now, policies=policies)
    decision = promises.followed(decision, now=now, policies=policies)
    for fact in early:
        follows = heard(decision.issue, fact, now=now, policies=policies)
        decision = Decision(follows.issue, decision.entries + follows.entries)
    return decision


def _begun(issue: Issue, routed: routing.IssueRouted, *, now: datetime, policies: Policies) -> Decision:
    decided, private = routed.routing, _private(routed)
    if decided.redirect is not None:
        text = f"This is not something we handle here. Please turn to: {decided.redirect}"
        return ending.resolved(
            Decision(issue), Resolution.REDIRECTED, text, actor=ROUTER, at=now, policies=policies, private=private
        )
    if decided.tier == VENDOR_TIER and decided.vendor is not None and not decided.triage:
        return _forwarded(issue, routed, decided.vendor, now=now, policies=policies, private=private)
    tier = FRONTLINE_TIER if decided.triage else decided.tier
    change = queued_at(issue, tier, policies, team=issue.team if tier == issue.tier else None)
    change |= {"path": ((change["tier"], change["team"]),), "queued_since": now}
    change["clocks"] = promises.queued(issue, change["tier"], at=now, policies=policies)
    return Decision(issue).then(
        work.IssueQueued,
        actor=ROUTER,
        at=now,
        change=change,
        private=private,
        cause="routed",
        triage=decided.triage,
    )


def _forwarded(
    issue: Issue,
    routed: routing.IssueRouted,
    vendor: str,
    *,
    now: datetime,
    policies: Policies,
    private: dict[str, Any],
) -> Decision:
    submission = routed.submission
    said = work.PublicMessage(author="customer", at=submission.accepted_at, text=submission.text)
    case = Case(issue.made_id("case"), vendor, "forwarded")
    return Decision(issue).then(
        work.IssueForwarded,
        actor=ROUTER,
        at=now,
        change=waiting(issue, WaitingFor.VENDOR, at=now, policies=policies) | {"cases": (case,)},
        private=private,
        **forwarded(issue, case, FIRST_ASK, [said], submission.attachments),
    )


def _private(routed: routing.IssueRouted) -> dict[str, Any]:
    """The customer's own words and the decision's reasons, which the timeline shows and no event repeats."""
    submission = routed.submission
    return {
        "text": submission.text,
        "attachments": as_json(submission.attachments),
        "form": submission.form,
        "channel": str(submission.channel),
        "decision": str(routed.decision),
        "because": list(routed.routing.record.sentences),
    }


def _level(proposed: Level | str) -> Level:
    """A level this version does not know yet counts as medium."""
    return _LEVELS.get(str(proposed), Level.MEDIUM)


def _issue(routed: routing.IssueRouted, issue_id: UUID, policies: Policies) -> Issue:
    """The issue before its first entry."""
    submission, decided = routed.submission, routed.routing
    impact, urgency = _level(decided.impact), _level(decided.urgency)
    priority = policies.priority(impact, urgency)
    return Issue(
        id=issue_id,
        number=submission.number,
        version=0,
        revision=routed.revision,
        state=IssueState.QUEUED,
        waiting_for=None,
        wait_until=None,
        tier=decided.tier,
        team=decided.team,
        owner=None,
        owner_name=None,
        last_owner=None,
        last_owner_name=None,
        impact=impact,
        urgency=urgency,
        priority=priority,
        category=decided.category or submission.category,
        product=submission.product,
        title=submission.title,
        account=submission.customer.account,
        plan=submission.customer.plan,
        customer=submission.customer.id,
        customer_name=submission.customer.name,
        application=submission.application,
        language=submission.language,
        accepted_at=submission.accepted_at,
        triage=decided.triage,
        vendor=decided.vendor,
        ladder=decided.ladder,
        watching_tier=decided.watching_tier,
        skills=decided.skills,
        offer=None,
        cases=(),
        clocks=promises.made(
            priority,
            plan=submission.customer.plan,
            category=decided.category or submission.category,
            at=submission.accepted_at,
            policies=policies,
        ),
        policy=policies.version,
        weight=policies.weights.get(submission.channel, 1),
        channel=str(submission.channel),
        unseen=False,
        newest_message=None,
        resolution=None,
        resolved_at=None,
        solved_tier=None,
        closes_at=None,
        handovers=0,
        last_at=submission.accepted_at,
        account_manager=submission.customer.account_manager,
    )
