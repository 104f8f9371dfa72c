"""PURE. The classifier that was trained: a linear head over words, neighbours, pairs and the letters of words.

Margin of a category = bias + sum of term values * term head + the same of pairs + sum of word values * letters' head.
Values are (1 + ln count) * weight, divided by their norm. Known words have the head of their letters ready.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.calibration import Calibration, Margins, Scope
from router.classifier import Contributions, Guess
from router.features import grams_of, pairs_of, read_words, terms_of
from router.policy import name_of
from router.words import Reading

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

IN_GENERAL: Final = "(any text)"
"""The part of the margin that is the same for every text."""
PAIRS_WEIGH: Final = 0.7
"""Beside words and letters, which weigh 1: pairs are many and each was seen a few times."""
UNKNOWN_LETTERS_READ: Final = 4_000
"""Letters of unknown words that are spelt out for one text, so that a hostile one costs a few milliseconds."""
NAME_LETTERS: Final = 40
"""Letters of a word that an explanation shows."""


@dataclass(frozen=True)
class Table:
    """Features with their weight and their row of the head (features x labels)."""

    names: Sequence[str]
    weight: Singles
    head: Singles

    @cached_property
    def rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}


@dataclass(frozen=True, slots=True)
class Parts:
    """A text's margins, taken apart: values times rows, and the name of each."""

    names: Sequence[str]
    values: Floats
    rows: Floats

    @property
    def margins(self) -> Floats:
        return np.asarray(self.values @ self.rows)


@dataclass(frozen=True)
class Head:
    """The linear head. unknown_word_weight: of a word that no row knows."""

    terms: Table
    words: Table
    grams: Table
    pairs: Table
    bias: Floats
    unknown_word_weight: float

    def parts(self, words: Sequence[str]) -> tuple[Parts, Parts, Parts]:
        """What words with their neighbours say, what pairs say, and what the letters of the words say."""
        pairs = _known(self.pairs, dict.fromkeys(pairs_of(words), 1))
        weighed = Parts(pairs.names, pairs.values * PAIRS_WEIGH, pairs.rows)
        return _known(self.terms, Counter(terms_of(words))), weighed, self._of_letters(Counter(words))

    def _of_letters(self, counted: Counter[str]) -> Parts:
        rows = self.words.rows
        known = [word for word in counted if word in rows]
        unknown = [word for word in counted if word not in rows]
        places = np.array([rows[word] for word in known], dtype=np.intp)
        weights = np.concatenate([self.words.weight[places], np.full(len(unknown), self.unknown_word_weight)])
        values = _normed(weights, [counted[word] for word in (*known, *unknown)])
        head = self.words.head[places].astype(np.float64)
        if unknown:
            head = np.concatenate([head, self._spelt(unknown)])
        return Parts([*known, *unknown], values, head)

    def _spelt(self, words: Sequence[str]) -> Floats:
        """The heads of words that are not known, from their letters; zero where those are unknown too."""
        spelt = np.zeros((len(words), len(self.bias)))
        left = UNKNOWN_LETTERS_READ
        for place, word in enumerate(words):
            if (left := left - len(word)) < 0 and place:
                break
            rows = [row for row in map(self.grams.rows.get, grams_of(word)) if row is not None]
            if rows:
                weights = self.grams.weight[rows].astype(np.float64)
                spelt[place] = weights @ self.grams.head[rows] / np.sqrt(weights @ weights)
        return spelt


@dataclass(frozen=True)
class Model:
    """Everything that a trained model knows. out_of_scope: the label's place that stands for none of the others."""

    version: str
    labels: Sequence[str]
    out_of_scope: int | None
    head: Head
    calibration: Calibration
    scope: Scope
    threshold: float


class TrainedClassifier:
    """Decides by a trained model. Explanations add up to the logit: the temperature times the margin."""

    method = "model"

    def __init__(self, model: Model) -> None:
        self.model_version: str | None = model.version
        self.calibration_version: str | None = model.version
        self._model = model
        self._columns = [place for place in range(len(model.labels)) if place != model.out_of_scope]
        self.categories: Sequence[str] = [name_of(model.labels[place]) for place in self._columns]
        """As a policy names them, in the order of the head's columns."""
        self._column_of = dict(zip(self.categories, self._columns, strict=True))
        # Made now, not by the first issue that comes.
        for table in (model.head.terms, model.head.words, model.head.grams, model.head.pairs):
            _ = table.rows

    def guess(self, reading: Reading) -> Guess:
        """Probabilities of all categories, likeliest first. Work is bounded whatever the text is."""
        model = self._model
        all_parts = model.head.parts(read_words(reading.words))
        whole = sum((parts.margins for parts in all_parts), model.head.bias)
        margins = Margins.split(whole[None], model.out_of_scope)
        probabilities = model.calibration.probabilities(margins.inside)[0]
        likeness = model.scope.likeness(margins.inside.max(axis=1), margins.outside)[0]
        order = np.argsort(-probabilities, kind="stable")
        ranked = zip([self.categories[place] for place in order], probabilities[order].tolist(), strict=True)
        return Guess(
            list(ranked),
            lambda category: self._contributions(all_parts, self._column_of[category]),
            logit=lambda category: float(whole[self._column_of[category]] * model.calibration.temperature),
            threshold=model.threshold,
            in_scope=bool(likeness >= model.scope.floor) and bool(reading.words),
        )

    def _contributions(self, all_parts: Sequence[Parts], column: int) -> Contributions:
        temperature = self._model.calibration.temperature
        shares = {IN_GENERAL: float(self._model.head.bias[column]) * temperature}
        for parts in all_parts:
            for name, share in zip(parts.names, (parts.values * parts.rows[:, column]).tolist(), strict=True):
                shown = name if len(name) <= NAME_LETTERS else f"{name[:NAME_LETTERS]}…"
                shares[shown] = shares.get(shown, 0.0) + share * temperature
        return sorted(shares.items(), key=lambda pair: -abs(pair[1]))


def _known(table: Table, counted: Mapping[str, int]) -> Parts:
    """The features that a table knows; others do not count."""
    rows = table.rows
    known = [(name, rows[name], count) for name, count in counted.items() if name in rows]
    places = np.array([row for _, row, _ in known], dtype=np.intp)
    values = _normed(table.weight[places], [count for *_, count in known])
    return Parts([name for name, *_ in known], values, table.head[places].astype(np.float64))


def _normed(weights: NDArray[np.floating], counts: Sequence[int]) -> Floats:
    """(1 + ln count) * weight of each, divided by the norm of them all."""
    values = weights.astype(np.float64)
    if any(count > 1 for count in counts):
        values *= [1 + log(count) for count in counts]
    norm = float(np.sqrt(values @ values))
    return values / norm if norm else values
