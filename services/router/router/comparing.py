"""PURE. What another policy would change: per issue, as a confusion of tiers, and as the cost of wrong tiers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from router.classifier import Classifier
from router.decide import decide
from router.policy import Policy
from router.policy_parts import Weights
from router.words import name_of
from shared.events.issues import Submission
from shared.events.routing import Routing
from shared.vocabulary import VENDOR_TIER


@dataclass(frozen=True, slots=True)
class Place:
    """Where a decision sends an issue. vendor: at Tier 4 only."""

    tier: int
    team: str
    category: str | None
    vendor: str | None
    impact: str
    urgency: str
    triage: bool
    redirect: str | None

    @property
    def name(self) -> str:
        """As a confusion of tiers calls it."""
        if self.redirect is not None:
            return "redirect"
        return "triage" if self.triage else f"Tier {self.tier}"

    @property
    def height(self) -> int:
        """The tier that works on it first; 0 when nobody does."""
        return 0 if self.redirect is not None else self.tier


@dataclass(frozen=True, slots=True)
class Past:
    """An issue to try a policy on. before: where it went. confirmed: its category as people found it in the end."""

    issue: str
    submission: Submission
    before: Place
    confirmed: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An issue that would go elsewhere, and why."""

    issue: str
    title: str
    before: Place
    after: Place
    why: str


@dataclass(slots=True)
class Comparison:
    """What was found so far. judged: issues whose confirmed category tells the right tier; costs are theirs."""

    weights: Weights
    issues: int = 0
    lower: int = 0
    higher: int = 0
    judged: int = 0
    cost_before: float = 0.0
    cost_after: float = 0.0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    changes: list[Change] = field(default_factory=list)


def place_of(routing: Routing) -> Place:
    """The part of a decision that somebody would notice."""
    return Place(
        routing.tier,
        routing.team,
        routing.category,
        routing.vendor if routing.tier == VENDOR_TIER else None,
        str(routing.impact),
        str(routing.urgency),
        routing.triage,
        routing.redirect,
    )


def compare(past: Sequence[Past], policy: Policy, classifier: Classifier, found: Comparison) -> None:
    """Add to `found` what the policy would decide about these issues."""
    for one in past:
        routing = decide(one.submission, policy, classifier)
        after = place_of(routing)
        found.issues += 1
        found.confusion[one.before.name, after.name] += 1
        found.lower += after.height < one.before.height
        found.higher += after.height > one.before.height
        if after != one.before:
            change = Change(one.issue, one.submission.title, one.before, after, routing.record.sentences[0])
            found.changes.append(change)
        right = _right_tier(policy, one.confirmed)
        if right is not None:
            found.judged += 1
            found.cost_before += _cost(one.before, right, policy.weights)
            found.cost_after += _cost(after, right, policy.weights)


def _right_tier(policy: Policy, confirmed: str | None) -> int | None:
    row = policy.categories.get(name_of(confirmed)) if confirmed else None
    return None if row is None or row.redirect is not None else row.tier


def _cost(place: Place, right: int, weights: Weights) -> float:
    """Of the tiers between where it went and where it belonged."""
    distance = place.height - right
    return distance * weights.over if distance > 0 else -distance * weights.under
