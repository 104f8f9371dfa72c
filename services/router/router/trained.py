"""PURE. The classifier that was trained: a linear head over words, neighbours, pairs and the letters of words.

Margin of a category = bias + sum of term values * term head + the same of pairs + sum of word values * letters' head.
Values are (1 + ln count) * weight, divided by their norm. Known words have the head of their letters ready.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.calibration import Calibration, Margins, Scope
from router.classifier import Contributions, Guess
from router.features import grams_of, pairs_of, read_words, terms_of
from router.words import Reading, name_of

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

    def known(self, names: Iterable[str]) -> tuple[list[str], list[float], Singles]:
        """Those of the names that stand in the table, with their weights and rows; others do not count."""
        rows = self.rows
        found = [name for name in names if name in rows]
        places = np.array([rows[name] for name in found], dtype=np.intp)
        return found, self.weight.take(places).tolist(), self.head.take(places, axis=0)


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

    def parts(self, words: Sequence[str]) -> Parts:
        """What words with their neighbours say, what pairs say, and what the letters of the words say."""
        counted = Counter(words)
        unknown = [word for word in counted if word not in self.words.rows]
        terms, weights_of_terms, rows_of_terms = self.terms.known(said := Counter(terms_of(words)))
        pairs, weights_of_pairs, rows_of_pairs = self.pairs.known(pairs_of(words))
        spelt, weights_of_words, rows_of_words = self.words.known(counted)
        spelt += unknown
        weights_of_words += [self.unknown_word_weight] * len(unknown)
        values = [
            *_normed(_counted(weights_of_terms, [said[term] for term in terms])),
            *(PAIRS_WEIGH * value for value in _normed(weights_of_pairs)),
            *_normed(_counted(weights_of_words, [counted[word] for word in spelt])),
        ]
        rows: list[NDArray[np.floating]] = [rows_of_terms, rows_of_pairs, rows_of_words]
        if unknown:
            rows.append(self._spelt(unknown))
        # One array of everything: many small ones cost more than what is reckoned with them.
        return Parts([*terms, *pairs, *spelt], np.array(values), np.concatenate(rows, dtype=np.float64))

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
        parts = model.head.parts(read_words(reading.words))
        whole = parts.margins + model.head.bias
        margins = Margins.split(whole[None], model.out_of_scope)
        probabilities = model.calibration.probabilities(margins.inside)[0]
        likeness = model.scope.likeness(margins.inside.max(axis=1), margins.outside)[0]
        order = (-probabilities).argsort(kind="stable")
        ranked = zip(map(self.categories.__getitem__, order.tolist()), probabilities[order].tolist(), strict=True)
        return Guess(
            list(ranked),
            lambda category: self._contributions(parts, self._column_of[category]),
            logit=lambda category: float(whole[self._column_of[category]] * model.calibration.temperature),
            threshold=model.threshold,
            in_scope=bool(likeness >= model.scope.floor) and bool(reading.words),
        )

    def _contributions(self, parts: Parts, column: int) -> Contributions:
        temperature = self._model.calibration.temperature
        shares = {IN_GENERAL: float(self._model.head.bias[column]) * temperature}
        of_parts = (parts.values * parts.rows[:, column] * temperature).tolist()
        for name, share in zip(parts.names, of_parts, strict=True):
            shown = name if len(name) <= NAME_LETTERS else f"{name[:NAME_LETTERS]}…"
            shares[shown] = shares.get(shown, 0.0) + share
        return sorted(shares.items(), key=_weakness)


def _weakness(contribution: tuple[str, float]) -> float:
    return -abs(contribution[1])


def _counted(weights: Sequence[float], counts: Sequence[int]) -> list[float]:
    """(1 + ln count) * weight of each."""
    return [weight if count == 1 else (1 + log(count)) * weight for weight, count in zip(weights, counts, strict=True)]


def _normed(values: Sequence[float]) -> Sequence[float]:
    """Divided by the norm of them all."""
    norm = hypot(*values)
    return [value / norm for value in values] if norm else values
