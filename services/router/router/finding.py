"""PURE. What kind of issue it is, and the tier that follows: as somebody said, else as the classifier guesses."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from router.classifier import Classifier, Contributions
from router.policy import Policy
from router.policy_parts import REDIRECT, Category, Destination
from router.words import Reading, name_of
from shared.events.issues import Submission
from shared.vocabulary import FRONTLINE_TIER

Said = Literal["person", "rule", "client", "product", "text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The category of an issue, as far as it is known.

    by: who said so (person, rule of automation, client, product, text); rule: that rule's name. category: None when
    nobody could tell. certain: whether it is followed without a person. score: the share of the evidence for the
    destination, compared with threshold. in_scope: False when the text is unlike anything that the classifier knows.
    explained: what words add up to.
    """

    by: Said
    method: str
    category: str | None
    row: Category | None
    tier: int
    certain: bool
    categories: Sequence[tuple[str, float]] = ()
    words: Contributions = ()
    score: float | None = None
    threshold: float | None = None
    in_scope: bool = True
    explained: float | None = None
    rejected: Sequence[tuple[str, str]] = ()
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A category that was chosen after the submission. rule: of automation, when it was no person."""

    category: str
    rule: str | None = None


def find(
    submission: Submission, reading: Reading, policy: Policy, classifier: Classifier, choice: Choice | None
) -> Finding:
    """The category: what was chosen, which nothing overrides; the client's; that of a vendor's product; the text's.

    What an agent said of a part that was split off is that person's choice, although it comes with the submission.
    """
    if choice is not None:
        return _given("person" if choice.rule is None else "rule", choice.category, policy, choice.rule)
    if submission.category is not None and submission.split_from is not None:
        return _given("person", submission.category, policy)
    if submission.category is not None and name_of(submission.category) in policy.categories:
        return _given("client", submission.category, policy)
    product = policy.category_of_product.get(name_of(submission.product)) if submission.product else None
    if submission.category is None and product is not None:
        return _given("product", product, policy)
    return _by_text(submission, reading, policy, classifier)


def _given(by: Said, said: str, policy: Policy, rule: str | None = None) -> Finding:
    row = policy.categories.get(name_of(said))
    category, tier = (said, FRONTLINE_TIER) if row is None else (name_of(said), row.tier)
    certain = row is not None
    return Finding(by, "given", category, row, tier, certain=certain, categories=((category, 1.0),), rule=rule)


def _by_text(submission: Submission, reading: Reading, policy: Policy, classifier: Classifier) -> Finding:
    rejected = (
        [] if submission.category is None else [(f"category {submission.category}", "the policy has no such row")]
    )
    guess = classifier.guess(reading)
    known, shares = _shares(policy, guess.categories)
    if not known:
        # A model always has guesses: that the policy has none of them is not that nothing was understood.
        method = classifier.method if guess.categories else "none"
        return Finding("text", method, None, None, FRONTLINE_TIER, certain=False, rejected=rejected)
    destination = max(shares, key=lambda place: (shares[place], -_height(place)))
    category = next(name for name, _ in known if policy.destinations[name] == destination)
    row = policy.categories[category]
    threshold = policy.redirect_threshold if destination == REDIRECT else policy.threshold
    threshold = max(threshold, guess.threshold or 0.0)
    certain = shares[destination] >= threshold and guess.in_scope
    others = [(place, share) for place, share in shares.items() if place != destination]
    rejected += [(_named(place), f"{share * 100:.0f} % of the evidence") for place, share in others]
    return Finding(
        "text",
        classifier.method,
        category if certain else None,
        row if certain else None,
        row.tier if certain else FRONTLINE_TIER,
        certain=certain,
        categories=known,
        words=guess.explain(category),
        score=shares[destination],
        threshold=threshold,
        in_scope=guess.in_scope,
        explained=guess.logit(category) if guess.logit else dict(known)[category],
        rejected=rejected,
    )


def _shares(
    policy: Policy, categories: Sequence[tuple[str, float]]
) -> tuple[list[tuple[str, float]], dict[Destination, float]]:
    """The categories that the policy has, and the sum of their probabilities per destination of its table."""
    known: list[tuple[str, float]] = []
    shares: defaultdict[Destination, float] = defaultdict(float)
    destinations = policy.destinations
    for category in categories:
        place = destinations.get(category[0])
        if place is not None:
            known.append(category)
            shares[place] += category[1]
    return known, shares


def _height(place: Destination) -> int:
    """Of equals the lowest tier wins, because it is the cheapest to be wrong with; turning away comes last."""
    return 10 if isinstance(place, str) else place


def _named(place: Destination) -> str:
    return place if isinstance(place, str) else f"Tier {place}"
