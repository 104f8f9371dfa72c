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
from router.measures import calibration_error, macro_f1
from router.trained import TrainedClassifier
from router.words import name_of, read

EXPLAINED: Final = 3_000
"""Texts of which the time to decide and to explain is taken; the first hundred warm up."""
WARM_UP: Final = 100


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` prints. None: the file or the options do not say what is needed for it.

    accuracy, macro_f1, calibration_error: of the likeliest category, on texts that are in scope.
    coverage: share of all texts that would be followed without a person; precision: share of those that are right.
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
    automatic = known & (confidence >= np.array([one.threshold or 0.0 for one in guesses]))
    inside = ~outside
    if not inside.any():
        raise TableRefused(f"{data.name} has no text that is in scope")
    return Evaluation(
        accuracy=float(right[inside].mean()),
        macro_f1=macro_f1(truth[inside], guess[inside]),
        calibration_error=calibration_error(confidence[inside], right[inside]),
        coverage=float(automatic.mean()),
        precision=float(right[automatic].mean()) if automatic.any() else None,
        tier_accuracy=None if tiers is None else _tier_accuracy(guesses, table.labels, tiers),
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


def _tier_accuracy(guesses: Sequence[Guess], labels: Sequence[str], tiers: Mapping[str, int]) -> float | None:
    """Of the texts whose label has a tier. A category without one speaks for none."""
    by_name = {name_of(label): tier for label, tier in tiers.items()}
    known = [(guess, tiers[label]) for guess, label in zip(guesses, labels, strict=True) if label in tiers]
    right = sum(_likeliest_tier(guess, by_name) == tier for guess, tier in known)
    return right / len(known) if known else None


def _likeliest_tier(guess: Guess, tiers: Mapping[str, int]) -> int | None:
    sums: dict[int, float] = {}
    for category, probability in guess.categories:
        if (tier := tiers.get(category)) is not None:
            sums[tier] = sums.get(tier, 0.0) + probability
    return max(sums, key=lambda tier: (sums[tier], -tier)) if sums else None


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
