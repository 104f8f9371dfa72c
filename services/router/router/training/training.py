"""From a file of labelled texts to a model: cleaned, fitted, calibrated, measured, written."""

import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
import scipy
import sklearn

from router.artefact import Manifest, write
from router.calibration import Calibration, Floats, Margins, Scope
from router.features import read_words
from router.labelled_texts import LabelledTexts, TableRefused, read_table
from router.measures import (
    TARGET_PRECISION,
    WILSON_DEVIATES,
    Truths,
    Whole,
    calibration_error,
    macro_f1,
    threshold_for,
)
from router.trained import Table
from router.training.calibrating import calibrate, scope_of
from router.training.duplicates import distinct, near_clusters, one_of_each
from router.training.heads import FOLDS, Fitted, Unseen, fit, unseen
from router.training.report import Measured, write_report
from router.training.vectors import Counts, Places, Weights, count, spelling, vectors, weigh
from router.words import name_of, words_of

FEWEST_OF_A_LABEL: Final = 5
"""Texts; a label with fewer cannot be measured and is left out."""


@dataclass(frozen=True)
class Clean:
    """Texts without duplicates, the label of each as a place in labels, and the cluster of texts nearly the same."""

    texts: Sequence[tuple[str, ...]]
    labels: Sequence[str]
    truth: Places
    clusters: Places
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Trained:
    """A written model and what was measured. seconds: of wall clock, reading and writing included."""

    manifest: Manifest
    report: str
    seconds: float


def train(
    data: Path, text_column: str, label_column: str, out: Path, *, out_of_scope: str, say: Callable[[str], None]
) -> Trained:
    """Learn from a file and write the model into a folder. Raises TableRefused, OSError.

    out_of_scope: the label, if it occurs, of texts that belong to none of the others. say: is told of progress.
    """
    began = perf_counter()
    table = read_table(data, text_column, label_column)
    clean = clean_of(table)
    say(f"{len(clean.texts)} texts of {len(clean.labels)} labels, after {perf_counter() - began:.1f} s")
    outside = clean.labels.index(out_of_scope) if out_of_scope in clean.labels else None
    if len(clean.labels) - (outside is not None) < 2:
        raise TableRefused(f"{data.name} has fewer than two labels with {FEWEST_OF_A_LABEL} different texts")
    counts = count(clean.texts)
    tried = unseen(counts, clean.truth, clean.clusters, len(clean.labels))
    say(f"measured on {FOLDS} folds, after {perf_counter() - began:.1f} s")
    measured, calibration, scope, threshold = _measure(tried, clean, outside)
    weights = weigh(counts, np.arange(len(clean.texts)), clean.truth)
    fitted = fit(vectors(counts, weights), clean.truth, len(clean.labels), tried.strength)
    described = _described(table, clean, outside, calibration, scope, threshold) | {
        "bias": tuple(fitted.bias.tolist()),
        "unknown_word_weight": weights.unknown_word,
        "settings": {"strength": tried.strength, "folds": FOLDS, "target": TARGET_PRECISION, "wilson": WILSON_DEVIATES},
        "metrics": measured.metrics,
    }
    manifest = write(out, described, _tables(counts, weights, fitted))
    report = write_report(out, manifest, measured)
    return Trained(manifest, report, perf_counter() - began)


def clean_of(table: LabelledTexts) -> Clean:
    """Texts as the router reads them, each once, of labels that occur often enough. Raises TableRefused."""
    texts = [tuple(read_words(words_of(text))) for text in table.texts]
    rows = {"read": len(texts), "without label": table.left_out}
    kept = [place for place in distinct(texts, table.labels) if texts[place]]
    rows["exactly the same or empty"] = len(texts) - len(kept)
    texts, labels = [texts[place] for place in kept], [table.labels[place] for place in kept]
    clusters = near_clusters(texts)
    often = Counter(labels)
    single = one_of_each(clusters, labels)
    rows["nearly the same"] = len(texts) - len(single)
    kept = [place for place in single if often[labels[place]] >= FEWEST_OF_A_LABEL]
    rows["of a label too rare"] = len(single) - len(kept)
    rows["learnt from"] = len(kept)
    names = sorted({labels[place] for place in kept})
    _refuse_homonyms(names)
    truth = np.array([names.index(labels[place]) for place in kept], dtype=np.intp)
    return Clean([texts[place] for place in kept], names, truth, clusters[kept], rows)


def _refuse_homonyms(labels: Sequence[str]) -> None:
    """A policy does not tell *Password reset* and *password-reset* apart, so a model must not either."""
    seen: dict[str, str] = {}
    for label in labels:
        name = name_of(label)
        if not name or seen.setdefault(name, label) != label:
            raise TableRefused(f"label {label!r} is empty to a policy, or the same as {seen.get(name)!r}")


def _measure(tried: Unseen, clean: Clean, outside: int | None) -> tuple[Measured, Calibration, Scope, float]:
    """Calibrate on texts that their head had not seen, and say how good that is."""
    margins = Margins.split(tried.margins, outside)
    is_outside = clean.truth == (-1 if outside is None else outside)
    truth = clean.truth - (clean.truth > outside) if outside is not None else clean.truth
    calibration = calibrate(margins.inside[~is_outside], truth[~is_outside])
    scope = scope_of(margins, is_outside)
    probabilities = calibration.probabilities(margins.inside)
    guess, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    known = scope.likeness(margins.inside.max(axis=1), margins.outside) >= scope.floor
    right = (guess == truth) & ~is_outside
    threshold = threshold_for(confidence[known], right[known])
    automatic = known & (confidence >= threshold)
    labels = [label for place, label in enumerate(clean.labels) if place != outside]
    metrics = _metrics(truth, guess, confidence, right, is_outside, known, automatic)
    inside = ~is_outside
    return (
        Measured(metrics, labels, truth[inside], guess[inside], confidence[inside], right[inside], threshold),
        calibration,
        scope,
        threshold,
    )


def _metrics(
    truth: Whole,
    guess: Whole,
    confidence: Floats,
    right: Truths,
    is_outside: Truths,
    known: Truths,
    automatic: Truths,
) -> dict[str, float | None]:
    inside = ~is_outside
    return {
        "accuracy": float(right[inside].mean()),
        "macro_f1": macro_f1(truth[inside], guess[inside]),
        "calibration_error": calibration_error(confidence[inside], right[inside]),
        "coverage": float(automatic.mean()),
        "precision": float(right[automatic].mean()) if automatic.any() else None,
        "in_scope_accuracy": float((right & known)[inside].mean()),
        "out_of_scope_recall": float((~known)[is_outside].mean()) if is_outside.any() else None,
    }


def _described(
    table: LabelledTexts, clean: Clean, outside: int | None, calibration: Calibration, scope: Scope, threshold: float
) -> dict[str, Any]:
    return {
        "labels": tuple(clean.labels),
        "out_of_scope": None if outside is None else clean.labels[outside],
        "calibration": calibration,
        "scope": scope,
        "threshold": threshold,
        "data_sha256": table.sha256,
        "rows": clean.rows,
        "libraries": {
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "scipy": scipy.__version__,
            "python": platform.python_version(),
        },
    }


def _tables(counts: Counts, weights: Weights, fitted: Fitted) -> dict[str, Table]:
    """The head in the shape in which it decides: letters of words that occur more than once are added up beforehand."""
    ends = np.cumsum([len(counts.term_names), len(counts.pair_names)])
    of_terms, of_pairs, of_grams = np.split(fitted.head, ends)
    often = np.flatnonzero(np.bincount(counts.words.indices, minlength=len(counts.word_names)) > 1)
    of_words = spelling(counts, weights)[often] @ of_grams
    return {
        "terms": Table(counts.term_names, weights.terms, of_terms.astype(np.float32)),
        "pairs": Table(counts.pair_names, weights.pairs, of_pairs.astype(np.float32)),
        "words": Table(
            [counts.word_names[place] for place in often], weights.words[often], of_words.astype(np.float32)
        ),
        "grams": Table(counts.gram_names, weights.grams, of_grams.astype(np.float32)),
    }
