"""Finding the temperature, the curve, the scope's floor and the threshold, on margins of texts that were not seen."""

from typing import Final

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from router.calibration import SMALLEST, Calibration, Floats, Margins, Scope, softmax
from router.measures import Truths, Whole

COLDEST_AND_HOTTEST: Final = (-4.0, 5.0)
"""Natural logarithms of the temperatures looked at."""
OUTSIDE_WEIGHT: Final = 0.6
"""Of the margin of *out of scope*, where there are examples of it."""
REJECTED_WITH_EXAMPLES: Final = 0.03
"""Share of what is in scope that may be taken for out of scope, to find what really is."""
REJECTED_WITHOUT_EXAMPLES: Final = 0.01
"""Without examples, only what is less like anything known than one in a hundred known texts."""


def calibrate(margins: Floats, truth: Whole) -> Calibration:
    """The calibration that makes the truth likeliest. margins: of categories only, texts that are in scope.

    As if one more text had been wrong: a few hundred texts without a mistake do not prove that there is none.
    """

    doubt = 1 / (len(truth) + 2)

    def unlikely(logarithm: float) -> float:
        logs = np.log(softmax(margins * np.exp(logarithm)).clip(SMALLEST))
        return float(-(1 - doubt) * logs[np.arange(len(truth)), truth].mean() - doubt * logs.mean())

    found = minimize_scalar(unlikely, bounds=COLDEST_AND_HOTTEST, method="bounded")
    temperature = float(np.exp(found.x))
    soft = softmax(margins * temperature)
    rise, fall, shift = _curve(soft.max(axis=1), soft.argmax(axis=1) == truth)
    return Calibration(temperature=temperature, rise=rise, fall=fall, shift=shift)


def _curve(top: Floats, right: Truths) -> tuple[float, float, float]:
    """Beta calibration (Kull et al. 2017) of the likeliest category's probability, with Platt's targets."""
    top = top.clip(SMALLEST, 1 - SMALLEST)
    inputs = np.stack([np.log(top), -np.log1p(-top), np.ones_like(top)], axis=1)
    targets = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))

    def unlikely(curve: Floats) -> tuple[float, Floats]:
        logits = inputs @ curve
        pull = 1 / (1 + np.exp(-logits)) - targets
        return float((np.logaddexp(0, logits) - targets * logits).mean()), np.asarray(pull @ inputs / len(top))

    found = minimize(
        unlikely, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]
    )
    rise, fall, shift = (float(number) for number in found.x)
    return rise, fall, shift


def scope_of(margins: Margins, is_outside: Truths) -> Scope:
    """How unlike a text must be to be out of scope: so that only a small share of what is in scope is rejected."""
    weight = OUTSIDE_WEIGHT if is_outside.any() else 0.0
    rejected = REJECTED_WITH_EXAMPLES if is_outside.any() else REJECTED_WITHOUT_EXAMPLES
    open_ended = Scope(weight=weight, floor=0.0)
    likeness = open_ended.likeness(margins.inside.max(axis=1), margins.outside)
    return Scope(weight=weight, floor=float(np.quantile(likeness[~is_outside], rejected)))
