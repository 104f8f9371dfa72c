"""PURE. The classifier that works without a trained model: each category's share of the keywords found in the text."""

from collections.abc import Sequence

from router.classifier import Contributions, Guess
from router.policy import Policy
from router.words import Found, PhraseBook, Reading

Keyword = tuple[str, float]
"""(category, weight)"""


class KeywordClassifier:
    """Probability of a category = its keywords' weight / (weight of all keywords found + smoothing).

    The smoothing is the weight of what the keywords do not know: a lone weak word never makes a decision certain.
    """

    method = "keywords"
    model_version: str | None = None
    calibration_version: str | None = None

    def __init__(self, policy: Policy) -> None:
        self._smoothing = policy.smoothing
        self._book: PhraseBook[Keyword] = PhraseBook(
            (phrase, (name, weight))
            for name, category in policy.categories.items()
            for weight, phrases in category.keywords.items()
            for phrase in phrases
        )

    def guess(self, reading: Reading) -> Guess:
        """Categories of which at least one keyword was found. Equal ones stand in the policy's order."""
        found = self._book.find(reading)
        weights: dict[str, float] = {}
        for keyword in found:
            category, weight = keyword.meaning
            weights[category] = weights.get(category, 0.0) + weight
        whole = sum(weights.values()) + self._smoothing
        ranked = sorted(weights.items(), key=lambda pair: -pair[1])
        return Guess(
            [(category, weight / whole) for category, weight in ranked],
            lambda category: _contributions(found, category, self._smoothing),
        )


def _contributions(found: Sequence[Found[Keyword]], category: str, smoothing: float) -> Contributions:
    """What each keyword adds to the category's probability.

    The category's own keywords share what they would say alone; those of other categories share what they take away.
    """
    own = sum(keyword.meaning[1] for keyword in found if keyword.meaning[0] == category)
    others = sum(keyword.meaning[1] for keyword in found) - own
    alone = own / (own + smoothing)
    taken = own / (own + others + smoothing) - alone
    shares = [
        (
            keyword.form,
            keyword.meaning[1] / own * alone if keyword.meaning[0] == category else keyword.meaning[1] / others * taken,
        )
        for keyword in found
    ]
    return sorted(shares, key=lambda share: -abs(share[1]))
