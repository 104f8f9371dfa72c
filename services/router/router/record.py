"""PURE. The decision record: what was tried, found and rejected, so that the decision can be explained years later."""

from collections.abc import Callable
from typing import Final

from pydantic import TypeAdapter

from router.classifier import Classifier, Contributions
from router.outcome import Correction, Outcome
from router.sentences import FIRED_TOLD, sentences
from shared.events.routing import CategoryScore, DecisionRecord, Rejected, RuleTried, WordWeight

CATEGORIES_SHOWN: Final = 5
WORDS_SHOWN: Final = 12
RULES_SHOWN: Final = 20
"""Of a policy with more, those that fired come first: what a decision adds to an event is bounded."""
OTHER_WORDS: Final = "(other words)"
CATEGORY_SCORES: Final = TypeAdapter(tuple[CategoryScore, ...])
WORD_WEIGHTS: Final = TypeAdapter(tuple[WordWeight, ...])
"""All words of a record are made at once, in half the time that one after the other takes."""


def record_of(
    outcome: Outcome,
    classifier: Classifier,
    correction: Correction | None,
    elapsed_microseconds: Callable[[], int],
) -> DecisionRecord:
    """Everything that explains the decision; its size is bounded by the policy's, not by the text's."""
    told = sentences(outcome, correction)
    finding = outcome.finding
    score, threshold = finding.score, finding.threshold
    return DecisionRecord(
        policy_version=outcome.policy.version,
        model_version=classifier.model_version,
        calibration_version=classifier.calibration_version,
        method=finding.method,
        rules=_rules_tried(outcome),
        categories=CATEGORY_SCORES.validate_python(
            [
                {"category": name, "probability": probability}
                for name, probability in finding.categories[:CATEGORIES_SHOWN]
            ]
        ),
        words=_words(finding.words),
        explained_score=finding.explained,
        policy_row=_policy_row(outcome),
        rejected=_rejected(outcome),
        threshold=threshold,
        margin=None if score is None or threshold is None else score - threshold,
        took_microseconds=elapsed_microseconds(),
        sentences=told,
    )


def _rules_tried(outcome: Outcome) -> tuple[RuleTried, ...]:
    effects = {
        one.rule.name: f"{one.why}: at least Tier {one.rule.floor}, no automatic answer" for one in outcome.firing
    }
    rules = outcome.policy.rules
    if not effects and len(rules) <= RULES_SHOWN:
        return outcome.policy.silent_rules
    shown = rules
    if len(rules) > RULES_SHOWN:
        shown = tuple(sorted(rules, key=lambda rule: rule.name not in effects)[:RULES_SHOWN])
    tried = [RuleTried(rule=rule.name, fired=rule.name in effects, effect=effects.get(rule.name)) for rule in shown]
    if len(rules) > len(shown):
        tried.append(RuleTried(rule=f"({len(rules) - len(shown)} more)", fired=len(effects) > len(shown)))
    return tuple(tried)


def _words(contributions: Contributions) -> tuple[WordWeight, ...]:
    """The strongest words; the others are added up, so that the sum stays the score that it explains."""
    shown = list(contributions[:WORDS_SHOWN])
    if others := [share for _, share in contributions[WORDS_SHOWN:]]:
        shown.append((OTHER_WORDS, sum(others)))
    return WORD_WEIGHTS.validate_python([{"text": text, "contribution": share} for text, share in shown])


def _policy_row(outcome: Outcome) -> str | None:
    row = outcome.finding.row
    if row is None:
        return None
    where = f"Tier {row.tier}" if row.redirect is None else f"redirect to {row.redirect}"
    return f"{outcome.finding.category}: {where}"


def _rejected(outcome: Outcome) -> tuple[Rejected, ...]:
    rejected = list(outcome.finding.rejected)
    rejected += [
        (f"Tier {outcome.finding.tier}", f"rule {one.rule.name} asks for Tier {one.rule.floor}")
        for one in outcome.firing[:FIRED_TOLD]
        if outcome.finding.tier < one.rule.floor
    ]
    entitled = outcome.entitled
    if entitled and outcome.finding.tier < entitled.floor:
        rejected.append((f"Tier {outcome.finding.tier}", f"{entitled.name}: Tier {entitled.floor}"))
    if outcome.firing and outcome.finding.row and outcome.finding.row.redirect:
        rejected.append((f"redirect to {outcome.finding.row.redirect}", f"rule {outcome.firing[0].rule.name} fired"))
    return tuple(Rejected(candidate=candidate, reason=reason) for candidate, reason in rejected)
