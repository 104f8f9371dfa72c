"""PURE. How good a classifier is: the figures that training reports and that an evaluation prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.intp]
Truths = NDArray[np.bool_]

BINS: Final = 15
TARGET_PRECISION: Final = 0.95
WILSON_DEVIATES: Final = 2.33
"""Standard deviations of the lower bound: it is too high in one case of a hundred."""
FEWEST_AUTOMATIC: Final = 50
"""Texts above a threshold before it can be believed."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Texts of similar confidence. share: of all texts; confidence, accuracy: their means."""

    share: float
    confidence: float
    accuracy: float


def bins(confidence: Floats, right: Truths, count: int = BINS) -> list[Bin]:
    """Equally wide bins from 0 to 1, without empty ones."""
    place = np.minimum((confidence * count).astype(int), count - 1)
    return [
        Bin(float(inside.mean()), float(confidence[inside].mean()), float(right[inside].mean()))
        for inside in (place == number for number in range(count))
        if inside.any()
    ]


def calibration_error(confidence: Floats, right: Truths) -> float:
    """Expected calibration error: the mean distance between confidence and accuracy, over fifteen bins."""
    return sum(one.share * abs(one.confidence - one.accuracy) for one in bins(confidence, right))


def macro_f1(truth: Whole, guess: Whole) -> float:
    """The mean over the categories that occur in truth of the harmonic mean of precision and recall."""
    return float(np.mean(list(_f1(truth, guess)))) if len(truth) else 0.0


def _f1(truth: Whole, guess: Whole) -> Iterator[float]:
    for label in np.unique(truth):
        hits = float(((truth == label) & (guess == label)).sum())
        yield 2 * hits / float((truth == label).sum() + (guess == label).sum())


def wilson_lower_bound(hits: float, tries: float, deviates: float = WILSON_DEVIATES) -> float:
    """The precision that `hits` out of `tries` proves."""
    if tries == 0:
        return 0.0
    share, square = hits / tries, deviates * deviates
    spread = deviates * sqrt(share * (1 - share) / tries + square / (4 * tries * tries))
    return (share + square / (2 * tries) - spread) / (1 + square / tries)


def threshold_for(confidence: Floats, right: Truths, target: float = TARGET_PRECISION) -> float:
    """The lowest confidence above which the precision is proven to reach the target; 1 when none is."""
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(right[order])
    for tries in range(len(order), FEWEST_AUTOMATIC - 1, -1):
        ends = tries == len(order) or confidence[order[tries]] < confidence[order[tries - 1]]
        if ends and wilson_lower_bound(float(hits[tries - 1]), tries) >= target:
            lowest = float(confidence[order[tries - 1]])
            # Where nothing has to be held back, the least sure text that was seen is no limit for those to come.
            return min(lowest, target) if tries == len(order) else lowest
    return 1.0


def confusions(truth: Whole, guess: Whole, worst: int = 10) -> list[tuple[int, int, int]]:
    """(truth, guess, how often), the most frequent mistakes first."""
    wrong = truth != guess
    pairs, counts = np.unique(np.stack([truth[wrong], guess[wrong]]), axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:worst]
    return [(int(pairs[0, place]), int(pairs[1, place]), int(counts[place])) for place in order]
