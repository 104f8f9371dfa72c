"""PURE. The seam between deciding and classifying: a text in, probabilities of categories and their words out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.words import Reading

Contributions = Sequence[tuple[str, float]]
"""(word or phrase, signed contribution), strongest first; they add up to the probability or logit they explain."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a classifier makes of a text.

    categories: (category, probability), likeliest first; what is missing to 1 is the probability of none of them.
    explain: the contributions that add up to the logit of one of the categories, or to its probability without logit.
    logit: what is explained, where probabilities are no sums. threshold: the least share that the classifier itself
    asks for before it is followed. in_scope: False for a text that is unlike anything the classifier was trained on.
    """

    categories: Sequence[tuple[str, float]]
    explain: Callable[[str], Contributions]
    logit: Callable[[str], float] | None = None
    threshold: float | None = None
    in_scope: bool = True


class Classifier(Protocol):
    """Finds categories by text. method and versions are written into every decision record."""

    method: str
    model_version: str | None
    calibration_version: str | None

    def guess(self, reading: Reading) -> Guess:
        """Probabilities for a text, which may be empty, huge or in any script. Raises nothing."""
        ...
