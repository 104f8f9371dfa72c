"""PURE. The seam between deciding and classifying: a text in, probabilities of categories and their words out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.words import Reading

Contributions = Sequence[tuple[str, float]]
"""(word or phrase, signed contribution), strongest first; they add up to the probability they explain."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a classifier makes of a text.

    categories: (category, probability), likeliest first; what is missing to 1 is the probability of none of them.
    explain: the contributions that add up to the probability of one of the categories.
    """

    categories: Sequence[tuple[str, float]]
    explain: Callable[[str], Contributions]


class Classifier(Protocol):
    """Finds categories by text. method and versions are written into every decision record."""

    method: str
    model_version: str | None
    calibration_version: str | None

    def guess(self, reading: Reading) -> Guess:
        """Probabilities for a text, which may be empty, huge or in any script. Raises nothing."""
        ...
