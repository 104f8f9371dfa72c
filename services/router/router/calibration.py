"""PURE. From a linear head's margins to probabilities that can be believed, and what lies outside its world."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]

SMALLEST: Final = 1e-9
"""No probability is nearer to 0 or 1: its logarithm must stay finite."""


class Calibration(BaseModel):
    """Temperature for all categories, then a curve for the likeliest one.

    A temperature alone is too sure of itself at the top when labels are noisy; the curve
    (logit = rise * ln p - fall * ln(1 - p) + shift, never falling) corrects the likeliest, the others share the rest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: float = Field(gt=0)
    """Margins are multiplied by it."""
    rise: float = Field(ge=0)
    fall: float = Field(ge=0)
    shift: float

    def probabilities(self, margins: Floats) -> Floats:
        """Of each row of margins (texts x categories); each row adds up to 1 and keeps its order."""
        soft = softmax(margins * self.temperature)
        np.maximum(soft, SMALLEST, out=soft)
        soft /= soft.sum(axis=1, keepdims=True)
        if soft.shape[1] < 2:
            return soft
        rows = np.arange(len(soft))
        best = soft.argmax(axis=1)
        top = np.minimum(soft[rows, best], 1 - SMALLEST)
        soft[rows, best] = 0
        second = soft.max(axis=1)
        rest = soft.sum(axis=1)
        # The likeliest must stay the likeliest, also where the curve pulls it below the second.
        curved = np.maximum(self.curve(top), second / (rest + second))
        soft *= ((1 - curved) / rest)[:, None]
        soft[rows, best] = curved
        return soft

    def curve(self, top: Floats) -> Floats:
        """What the likeliest category's probability really means."""
        logit = self.rise * np.log(top) - self.fall * np.log1p(-top) + self.shift
        return np.asarray(1 / (1 + np.exp(-logit)))


class Scope(BaseModel):
    """What is unlike anything seen: best margin - weight * margin of *out of scope* lies below the floor."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weight: float
    """0 for a model that has seen no example of what is out of scope."""
    floor: float

    def likeness(self, best: Floats, outside: Floats) -> Floats:
        """How much texts are like those that the model knows."""
        return np.asarray(best - self.weight * outside)


def softmax(logits: Floats) -> Floats:
    """Of each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return np.asarray(powers)


@dataclass(frozen=True, slots=True)
class Margins:
    """What a head says about texts: margins of the categories (texts x categories), and of *out of scope*."""

    inside: Floats
    outside: Floats

    @classmethod
    def split(cls, margins: Floats, out_of_scope: int | None) -> "Margins":
        """out_of_scope: the column that is no category, or None when there is none."""
        if out_of_scope is None:
            return cls(margins, np.zeros(len(margins)))
        return cls(np.delete(margins, out_of_scope, axis=1), margins[:, out_of_scope])
