"""How good a model is on a file of labelled texts: measured by the classifier that decides, text by text."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from router.artefact import load
from router.classifier import Guess
from router.labelled_texts import TableRefused, read_table
from router.measures import Floats, Truths, calibration_error, macro_f1
from router.trained import TrainedClassifier
from router.words import name_of, read

EXPLAINED: Final = 3_000
"""Texts of which the time to decide and to explain is taken; the first hundred warm up."""
WARM_UP: Final = 100


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` prints. None: the file or the options do not say what is needed for it.

    accuracy, macro_f1, calibration_error: of the likeliest category, on texts that are in scope.
    coverage: share of all texts that would be followed without a person; precision: share of those that are right. With
    tiers both are about the tier, as the service follows it: by the sum of its categories' probabilities. Else both are
    about the likeliest category. A text whose label has no tier is never right.
    tier_accuracy: the tier with the greatest sum of probabilities, on texts in scope whose label has a tier.
    out_of_scope_recall: share found of what is out of scope. in_scope_accuracy: rejecting counts as a mistake.
    """

    accuracy: float
    macro_f1: float
    calibration_error: float
    coverage: float
    precision: float | None
    tier_accuracy: float | None
    out_of_scope_recall: float | None
    in_scope_accuracy: float
    latency_ms: Mapping[str, float]

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


def evaluate(
    model: Path,
    data: Path,
    text_column: str,
    label_column: str,
    *,
    tiers: Mapping[str, int] | None = None,
    out_of_scope: str | None = None,
) -> Evaluation:
    """Measure a model. tiers: of each label. Raises ArtefactDamaged, TableRefused."""
    classifier = TrainedClassifier(load(model))
    table = read_table(data, text_column, label_column)
    if not table.texts:
        raise TableRefused(f"{data.name} has no text with a label")
    guesses = [classifier.guess(read(text)) for text in table.texts]
    names = {name: place for place, name in enumerate(dict.fromkeys([*classifier.categories, *_names(table.labels)]))}
    truth = np.array([names[name] for name in _names(table.labels)], dtype=np.intp)
    guess = np.array([names[one.categories[0][0]] for one in guesses], dtype=np.intp)
    confidence = np.array([one.categories[0][1] for one in guesses])
    outside = np.array([label == out_of_scope for label in table.labels])
    known = np.array([one.in_scope for one in guesses])
    right = (truth == guess) & ~outside
    placed = None if tiers is None else _placed(guesses, table.labels, tiers)
    shares, hits = (confidence, right) if placed is None else (placed.shares, placed.right)
    automatic = known & (shares >= np.array([one.threshold or 0.0 for one in guesses]))
    inside = ~outside
    if not inside.any():
        raise TableRefused(f"{data.name} has no text that is in scope")
    return Evaluation(
        accuracy=float(right[inside].mean()),
        macro_f1=macro_f1(truth[inside], guess[inside]),
        calibration_error=calibration_error(confidence[inside], right[inside]),
        coverage=float(automatic.mean()),
        precision=float(hits[automatic].mean()) if automatic.any() else None,
        tier_accuracy=None if placed is None else placed.accuracy,
        out_of_scope_recall=float((~known)[outside].mean()) if outside.any() else None,
        in_scope_accuracy=float((right & known)[inside].mean()),
        latency_ms=_latency(classifier, table.texts),
    )


def read_tiers(file: Path, dataset: str) -> dict[str, int]:
    """The tier of each label of a data set: columns dataset, label and tier. Raises TableRefused."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            found = {row["label"]: int(row["tier"]) for row in csv.DictReader(lines) if row["dataset"] == dataset}
    except (OSError, UnicodeDecodeError, KeyError, ValueError, csv.Error) as error:
        raise TableRefused(f"{file.name} is no table of tiers: {error}") from error
    if not found:
        raise TableRefused(f"{file.name} has no label of the data set {dataset}")
    return found


def _names(labels: Sequence[str]) -> list[str]:
    return [name_of(label) for label in labels]


@dataclass(frozen=True, slots=True)
class _Placed:
    """The tiers of texts. shares: of the likeliest one; right: it is the label's; has_tier: whether that has one."""

    shares: Floats
    right: Truths
    has_tier: Truths

    @property
    def accuracy(self) -> float | None:
        return float(self.right[self.has_tier].mean()) if self.has_tier.any() else None


def _placed(guesses: Sequence[Guess], labels: Sequence[str], tiers: Mapping[str, int]) -> _Placed:
    """A category without a tier speaks for none."""
    by_name = {name_of(label): tier for label, tier in tiers.items()}
    likeliest = [_likeliest_tier(guess, by_name) for guess in guesses]
    return _Placed(
        shares=np.array([share for _, share in likeliest]),
        right=np.array([tier == tiers.get(label, -1) for (tier, _), label in zip(likeliest, labels, strict=True)]),
        has_tier=np.array([label in tiers for label in labels]),
    )


def _likeliest_tier(guess: Guess, tiers: Mapping[str, int]) -> tuple[int | None, float]:
    """With the sum of its categories' probabilities; 0 when no category has a tier."""
    sums: dict[int, float] = {}
    for category, probability in guess.categories:
        if (tier := tiers.get(category)) is not None:
            sums[tier] = sums.get(tier, 0.0) + probability
    return max(sums.items(), key=lambda one: (one[1], -one[0]), default=(None, 0.0))


def _latency(classifier: TrainedClassifier, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds to read a text, guess and explain the guess, in this thread."""
    taken = []
    for text in [*texts[:WARM_UP], *texts[:EXPLAINED]]:
        began = perf_counter()
        guess = classifier.guess(read(text))
        guess.explain(guess.categories[0][0])
        taken.append((perf_counter() - began) * 1000)
    measured = taken[min(WARM_UP, len(texts)) :]
    return {"p50": float(np.quantile(measured, 0.5)), "p99": float(np.quantile(measured, 0.99))}
