"""PURE. From a submission to its routing: hard rules, entitlement, category, tier, ladder, priority, with reasons."""

from collections.abc import Callable

from router.classifier import Classifier
from router.finding import Choice, Finding, find
from router.outcome import Correction, Outcome
from router.policy import Policy
from router.policy_parts import Entitlement
from router.priority import impact_of, urgency_of
from router.record import record_of
from router.rules import entitlement, fired
from router.words import read
from shared.events.issues import Submission
from shared.events.routing import DecisionRecord, Routing, Rung
from shared.vocabulary import FRONTLINE_TIER


def decide(
    submission: Submission,
    policy: Policy,
    classifier: Classifier,
    *,
    correction: Correction | None = None,
    elapsed_microseconds: Callable[[], int] = lambda: 0,
) -> Routing:
    """Where an issue goes and why; the same input gives the same routing. Never raises, whatever the text holds.

    correction: a category that was chosen since, which nothing overrides.
    elapsed_microseconds: time since the caller began, for the record.
    """
    choice = Choice(correction.category, correction.rule) if correction else None
    reading = read(submission.title, submission.text)
    entitled = entitlement(policy, submission)
    firing = fired(policy, submission, reading, choice.category if choice else submission.category, entitled)
    finding = find(submission, reading, policy, classifier, choice)
    outcome = Outcome(
        policy=policy,
        finding=finding,
        firing=firing,
        entitled=entitled,
        tier=max(finding.tier, *(one.rule.floor for one in firing), entitled.floor if entitled else FRONTLINE_TIER),
        ladder=_ladder(policy, finding, entitled),
        # A customer for whom a hard rule fired is never turned away by a program.
        redirect=finding.row.redirect if finding.row and not firing else None,
        impact=impact_of(policy, submission, finding, firing),
        urgency=urgency_of(policy, submission, finding, firing),
    )
    record = record_of(outcome, classifier, correction, elapsed_microseconds)
    return _routing(outcome, record)


def _ladder(policy: Policy, finding: Finding, entitled: Entitlement | None) -> tuple[Rung, ...]:
    of_category = finding.row.teams if finding.row else {}
    of_customer = entitled.teams if entitled else {}
    if not of_category and not of_customer:
        return policy.usual_ladder
    return tuple(
        Rung(tier=rung.tier, team=of_customer.get(rung.tier) or of_category.get(rung.tier) or rung.team)
        for rung in policy.ladder
    )


def _routing(outcome: Outcome, record: DecisionRecord) -> Routing:
    return Routing(
        tier=outcome.tier,
        team=outcome.team,
        ladder=outcome.ladder,
        vendor=outcome.vendor,
        watching_tier=outcome.watching_tier,
        skills=outcome.finding.row.skills if outcome.finding.row else (),
        category=outcome.finding.category,
        impact=outcome.impact.level,
        urgency=outcome.urgency.level,
        triage=outcome.triage,
        redirect=outcome.redirect,
        record=record,
    )
