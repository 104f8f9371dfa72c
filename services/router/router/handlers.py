"""One use case, one function: facts of one poll in, decisions and their events out, all in bulk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from time import perf_counter_ns
from typing import Any, Final
from uuid import UUID, uuid5

from router import late_answers, model_store, quality_store, store
from router.auditing import coverage_of, is_automatic, is_sampled
from router.classifier import Classifier
from router.decide import decide
from router.model_store import Comparison
from router.outcome import Correction
from router.policy import Policy
from router.policy_parts import REDIRECT
from router.quality_store import Resolved, Sampled, Sorted
from router.store import Chosen, Decided
from router.words import name_of
from shared.db import Transaction
from shared.events import Envelope
from shared.events.issues import FormAnswered, IssueSubmitted, Submission
from shared.events.routing import IssueRouted, Routing
from shared.events.work import IssueReclassified, IssueReopened, IssueResolved
from shared.outbox import Outgoing, publish
from shared.vocabulary import Resolution

SERVICE: Final = "router"
PROVES_CATEGORY: Final = frozenset({Resolution.SOLVED, Resolution.WORKAROUND, Resolution.FEATURE_REQUEST})
"""Who resolves an issue in one of these ways has understood what it is about; who redirects it, if its category says
so too."""


@dataclass(eq=False, slots=True)
class Desk:
    """What decides: the active policy, and the active model, else the classifier made from the policy.

    active, shadow: exchanged as a whole while decisions are made; the one in the shadow is compared, not followed.
    """

    policy: Policy
    classifier: Classifier
    active: Classifier | None = None
    shadow: Classifier | None = None

    def decide(self, submission: Submission, correction: Correction | None = None) -> Routing:
        """Where an issue goes and why, with the time it took."""
        classifier = self.active or self.classifier
        return decide(submission, self.policy, classifier, correction=correction, elapsed_microseconds=_stopwatch())

    def compare(self, decisions: Sequence[Decided]) -> Comparison:
        """Decide in the shadow what was decided by text, and count where it differs."""
        if self.shadow is None:
            return Comparison()
        pairs = [
            (decide(one.submission, self.policy, self.shadow), one.routing)
            for one in decisions
            if one.routing.record.method != "given"
        ]
        return Comparison(
            len(pairs),
            sum(other.category == followed.category for other, followed in pairs),
            sum(other.tier == followed.tier for other, followed in pairs),
            sum(other.triage for other, _ in pairs),
        )


def _stopwatch() -> Callable[[], int]:
    started = perf_counter_ns()
    return lambda: (perf_counter_ns() - started) // 1000


async def decide_submitted(tx: Transaction, events: Sequence[Envelope[IssueSubmitted]], desk: Desk) -> None:
    """Decide new issues, and at once again those that have already been put into another category."""
    submitted: dict[UUID, Envelope[IssueSubmitted]] = {}
    for event in events:
        submitted.setdefault(UUID(event.subject), event)
    beginning = await store.begin(tx, list(submitted))
    corrections = {issue: list(several) for issue, several in groupby(beginning.early, key=lambda one: one.issue)}
    decisions = []
    for issue, event in submitted.items():
        if issue not in beginning.decided:
            first = _first(issue, event, desk)
            decisions += [first, *_corrected(first, corrections.get(issue, []), desk)]
    await _note_quality(tx, [one for one in decisions if one.revision == 0], desk)
    await _save_and_publish(tx, decisions, beginning.now, _traces(events))


async def _note_quality(tx: Transaction, first: Sequence[Decided], desk: Desk) -> None:
    """Count decisions in the transaction that keeps them, so that a poll that is tried again counts once."""
    comparison, shadow = desk.compare(first), desk.shadow
    await quality_store.sample(tx, _sampled(first, desk.policy))
    await quality_store.count(tx, coverage_of(one.routing for one in first))
    if comparison.compared and shadow is not None and shadow.model_version is not None:
        await model_store.note(tx, shadow.model_version, comparison)


def _sampled(first: Sequence[Decided], policy: Policy) -> list[Sampled]:
    """Those of the automatic decisions that the audit judges."""
    return [
        Sampled(one.issue, one.routing.category, str(policy.destinations[one.routing.category]))
        for one in first
        if is_sampled(one.issue) and is_automatic(one.routing) and one.routing.category is not None
    ]


async def decide_again(tx: Transaction, events: Sequence[Envelope[IssueReclassified]], desk: Desk) -> None:
    """Decide issues again in the category that was chosen; a correction of an issue that has not come yet is kept."""
    chosen = [_chosen(event) for event in events]
    chosen.sort(key=lambda one: (one.issue, one.revision))
    standing = await store.newest(tx, [one.issue for one in chosen])
    await store.keep_early(tx, [one for one in chosen if one.issue not in standing])
    decisions: list[Decided] = []
    by_agents: dict[UUID, Sorted] = {}
    for issue, corrections in groupby(chosen, key=lambda one: one.issue):
        if issue in standing:
            new = [one for one in corrections if one.revision > standing[issue].revision]
            decisions += _corrected(standing[issue], new, desk)
            by_agents |= {one.issue: Sorted(issue, one.agent, name_of(one.category)) for one in new if one.agent}
    if decisions:
        await _save_and_publish(tx, decisions, await tx.now(), _traces(events))
        await quality_store.confirm_sorted(tx, list(by_agents.values()))


def _chosen(event: Envelope[IssueReclassified]) -> Chosen:
    actor = event.data.actor
    rule = actor.name if actor.kind == "rule" else None
    agent = actor.id if actor.kind == "agent" else None
    return Chosen(UUID(event.subject), event.data.revision, event.data.category, rule, agent)


async def confirm(tx: Transaction, events: Sequence[Envelope[IssueResolved | IssueReopened]], desk: Desk) -> None:
    """Take the category that an issue has when an agent resolves it as confirmed, until it is reopened."""
    resolved: dict[UUID, Resolved] = {}
    reopened = set()
    for event in events:
        issue, fact = UUID(event.subject), event.data
        if isinstance(fact, IssueReopened):
            resolved.pop(issue, None)
            reopened.add(issue)
        elif fact.actor.kind == "agent" and fact.resolution in (*PROVES_CATEGORY, Resolution.REDIRECTED):
            resolved[issue] = Resolved(issue, fact.actor.id, fact.resolution == Resolution.REDIRECTED)
    await quality_store.take_back(tx, reopened)
    if resolved:
        redirecting = [name for name, place in desk.policy.destinations.items() if place == REDIRECT]
        await quality_store.confirm_resolved(tx, list(resolved.values()), redirecting)


async def keep_answers(tx: Transaction, events: Sequence[Envelope[FormAnswered]], desk: Desk) -> None:
    """Keep what customers answered to forms; their issues are decided already, because the same topic brought them."""
    del desk
    await late_answers.keep(tx, events)


def _first(issue: UUID, event: Envelope[IssueSubmitted], desk: Desk) -> Decided:
    submission = event.data.submission
    return Decided(issue, 0, decision_id(event.id, 0), event.id, submission, desk.decide(submission))


def _corrected(before: Decided, corrections: Sequence[Chosen], desk: Desk) -> Iterator[Decided]:
    """One decision per correction, each told apart from the one before it."""
    for one in corrections:
        correction = Correction(one.category, one.revision, before.routing, one.rule)
        before = Decided(
            one.issue,
            one.revision,
            decision_id(before.submission_event, one.revision),
            before.submission_event,
            before.submission,
            desk.decide(before.submission, correction),
            one.rule,
        )
        yield before


def decision_id(submission_event: UUID, revision: int) -> UUID:
    """The same for the same submission and revision, whenever and wherever it is decided."""
    return uuid5(submission_event, f"revision/{revision}")


def _traces(events: Sequence[Envelope[Any]]) -> Mapping[UUID, str | None]:
    """By issue, the trace of what caused its decision: a poll holds events of many requests."""
    return {UUID(event.subject): event.traceparent for event in events}


async def _save_and_publish(
    tx: Transaction, decisions: Sequence[Decided], now: datetime, traces: Mapping[UUID, str | None]
) -> None:
    await store.save(tx, decisions, now)
    await publish(tx, [outgoing(one, now, traces[one.issue]) for one in decisions], source=SERVICE)


def outgoing(one: Decided, now: datetime, traceparent: str | None) -> Outgoing:
    """The event that tells a decision, written once out of the parts that are kept as well."""
    fact = IssueRouted(decision=one.decision, revision=one.revision, submission=one.submission, routing=one.routing)
    text = (
        f'{{"decision":"{one.decision}","revision":{one.revision},'
        f'"submission":{one.submission_json},"routing":{one.routing_json}}}'
    )
    return Outgoing(key=str(one.issue), fact=fact, id=one.decision, time=now, traceparent=traceparent, json=text)
