"""Fitting linear heads, and margins of texts that the head has not seen."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from router.training.vectors import Counts, Matrix, Places, vectors, weigh

FOLDS: Final = 4
STRENGTHS: Final = (0.2, 1.0)
"""How closely a head may follow its texts: the first for many texts with noisy labels, the last for few clean ones."""
TOLERANCE: Final = 0.01
ROUNDS: Final = 1_000
SEED: Final = 13
PARALLEL_FROM: Final = 5_000_000
"""Features of all texts times labels; below, starting processes would take longer than the work."""
ABSENT: Final = -1.0
"""The margin of a label that a fold has no text of."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fitted:
    """A head: features x labels, and bias per label."""

    head: Floats
    bias: Floats

    def margins(self, texts: Matrix) -> Floats:
        return np.asarray(texts @ self.head + self.bias)


@dataclass(frozen=True)
class Unseen:
    """Margins of every text by a head that has not seen it or one nearly the same, and the strength chosen."""

    margins: Floats
    strength: float


def fit(texts: Matrix, labels: Places, size: int, strength: float) -> Fitted:
    """A head that tells each label from all others. size: how many labels there are, whether or not they occur here."""
    present = np.unique(labels)
    machine = LinearSVC(C=strength, tol=TOLERANCE, max_iter=ROUNDS, random_state=SEED)
    with warnings.catch_warnings():
        # A head that is still moving after its rounds is only a little worse.
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit(texts, labels)
    rows, bias = machine.coef_, machine.intercept_
    if len(present) == 2:
        rows, bias = np.concatenate([-rows, rows]), np.concatenate([-bias, bias])
    head = np.zeros((texts.shape[1], size))
    head[:, present] = rows.T
    every = np.full(size, ABSENT)
    every[present] = bias
    return Fitted(head, every)


def unseen(counts: Counts, labels: Places, clusters: Places, size: int) -> Unseen:
    """Each text's margins by the fold that left out its cluster, at the strength that does best on the first fold."""
    fold = _folds(clusters)
    task = _Task(counts, labels, fold, size)
    first, second = STRENGTHS
    with _workers(task) as workers:
        parts = dict(zip(range(FOLDS), workers([(number, first) for number in range(FOLDS)]), strict=True))
        (other,) = workers([(0, second)])
        strength = first
        if _right(other, task) > _right(parts[0], task):
            strength = second
            rest = range(1, FOLDS)
            parts = {0: other, **dict(zip(rest, workers([(number, second) for number in rest]), strict=True))}
    margins = np.zeros((len(labels), size))
    for number, part in parts.items():
        margins[fold == number] = part
    return Unseen(margins, strength)


def _folds(clusters: Places) -> Places:
    """The fold of each text; a cluster is never torn apart."""
    names, place = np.unique(clusters, return_inverse=True)
    return np.asarray((np.random.default_rng(SEED).permutation(len(names)) % FOLDS)[place])


@dataclass(frozen=True)
class _Task:
    """What every fold is made from."""

    counts: Counts
    labels: Places
    fold: Places
    size: int


Workers = Callable[[Sequence[tuple[int, float]]], Iterable[Floats]]
"""Margins of each (fold, strength), in order."""


@contextmanager
def _workers(task: _Task) -> Iterator[Workers]:
    """Processes for much work, none for little. Threads would not do: the library keeps one random state for all."""
    if task.counts.terms.nnz * task.size < PARALLEL_FROM:
        yield lambda jobs: [_fold(task, *job) for job in jobs]
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=_begin, initargs=(task,)) as processes:
        yield lambda jobs: processes.map(_fold_in_process, *zip(*jobs, strict=True))


_task: _Task | None = None


def _begin(task: _Task) -> None:
    global _task
    _task = task


def _fold_in_process(number: int, strength: float) -> Floats:
    assert _task is not None
    return _fold(_task, number, strength)


def _fold(task: _Task, number: int, strength: float) -> Floats:
    """Margins of the fold's texts by a head that was fitted to the others."""
    places = np.flatnonzero(task.fold != number)
    texts = vectors(task.counts, weigh(task.counts, places, task.labels))
    fitted = fit(texts[places], task.labels[places], task.size, strength)
    return fitted.margins(texts[np.flatnonzero(task.fold == number)])


def _right(margins: Floats, task: _Task) -> float:
    """Share of the first fold that is right."""
    return float((margins.argmax(axis=1) == task.labels[task.fold == 0]).mean())
