"""Texts as sparse vectors, weighted as `router.trained` weighs them: what a head is fitted to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from router.features import grams_of, pairs_of, terms_of
from router.trained import PAIRS_WEIGH

RAREST: Final = 2
"""Texts that a feature must occur in."""
RAREST_PAIR: Final = 3
PRIOR_TEXTS: Final = 8.0
"""How many texts of the usual mix a feature is thought to have been seen in before: rare ones prove little."""
LEAST_TELLING: Final = 0.3
"""Added to how telling a term is (nats), so that none is ignored."""

TELLING_POWER: Final = 0.75

Matrix = Any
"""A sparse matrix of scipy, texts or words x features; scipy has no types."""
Places = NDArray[np.intp]
Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Counts:
    """Texts by terms, by pairs and by words (1 + ln count), words by letters, and texts by letters (which occur)."""

    terms: Matrix
    pairs: Matrix
    words: Matrix
    letters: Matrix
    texts_letters: Matrix
    term_names: list[str]
    pair_names: list[str]
    word_names: list[str]
    gram_names: list[str]


@dataclass(frozen=True)
class Weights:
    """What each term, pair, word and gram weighs, learnt from some of the texts."""

    terms: Singles
    pairs: Singles
    words: Singles
    grams: Singles
    unknown_word: float


def count(texts: Sequence[Sequence[str]]) -> Counts:
    """Everything that can be counted once; weights are learnt from it per fold."""
    terms, term_names = _counted(map(terms_of, texts))
    pairs, pair_names = _counted(map(pairs_of, texts))
    kept_pairs = np.flatnonzero(_texts_with(pairs) >= RAREST_PAIR)
    words, word_names = _counted(texts)
    letters, gram_names = _counted(map(grams_of, word_names))
    texts_letters = (words @ letters).tocsr()
    kept_terms, kept_grams = (np.flatnonzero(_texts_with(one) >= RAREST) for one in (terms, texts_letters))
    for logged in (terms, words):
        logged.data = (1 + np.log(logged.data)).astype(np.float32)
    return Counts(
        terms[:, kept_terms],
        pairs[:, kept_pairs],
        words,
        letters[:, kept_grams],
        texts_letters[:, kept_grams],
        [term_names[place] for place in kept_terms],
        [pair_names[place] for place in kept_pairs],
        word_names,
        [gram_names[place] for place in kept_grams],
    )


def weigh(counts: Counts, places: Places, labels: Places) -> Weights:
    """Weights from the texts at these places alone, so that a fold learns nothing of what it is measured with.

    Words and letters weigh what is rare. Terms and pairs weigh also what is telling: how far the labels of the texts
    with it are from the usual mix. Labels are noisy; what says nothing about them must not drown what does.
    """
    size = len(places)
    words = _rarity(np.maximum(_texts_with(counts.words[places]), 1), size)
    grams = _rarity(_texts_with(counts.texts_letters[places]), size)
    return Weights(
        _rare_and_telling(counts.terms[places], labels[places]),
        _rare_and_telling(counts.pairs[places], labels[places]),
        words.astype(np.float32),
        grams.astype(np.float32),
        float(np.float32(_rarity(np.ones(1), size)[0])),
    )


def vectors(counts: Counts, weights: Weights) -> Matrix:
    """All texts by terms, then by pairs, then by letters."""
    terms = _normed(_scaled(counts.terms, weights.terms))
    pairs = PAIRS_WEIGH * _normed(_scaled(counts.pairs, weights.pairs))
    texts = _normed(_scaled(counts.words, weights.words))
    return sparse.hstack([terms, pairs, texts @ spelling(counts, weights)], format="csr", dtype=np.float32)


def spelling(counts: Counts, weights: Weights) -> Matrix:
    """Words by their letters, each of length 1."""
    return _normed(_scaled(counts.letters, weights.grams))


def _counted(texts: Iterable[Sequence[str]]) -> tuple[Matrix, list[str]]:
    names: dict[str, int] = {}
    columns: list[int] = []
    ends = [0]
    for features in texts:
        columns.extend([names.setdefault(feature, len(names)) for feature in features])
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    shape = (len(ends) - 1, len(names))
    matrix = sparse.csr_matrix((ones, np.array(columns, dtype=np.int32), np.array(ends)), shape=shape)
    matrix.sum_duplicates()
    return matrix, list(names)


def _texts_with(matrix: Matrix) -> NDArray[np.intp]:
    return np.bincount(matrix.indices, minlength=matrix.shape[1])


def _rarity(texts_with: NDArray[Any], size: int) -> NDArray[np.float64]:
    return np.asarray(np.log((1 + size) / (1 + texts_with)) + 1)


def _rare_and_telling(features: Matrix, labels: Places) -> Singles:
    in_texts = _texts_with(features)
    telling = _telling(features, labels, in_texts)
    return np.asarray((LEAST_TELLING + telling) ** TELLING_POWER * np.sqrt(_rarity(in_texts, len(labels))), np.float32)


def _telling(terms: Matrix, labels: Places, in_texts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Of each term the divergence (nats) of its texts' labels from the usual mix."""
    telling = np.zeros(terms.shape[1])
    present = sparse.csc_matrix(
        (np.ones_like(terms.data), terms.indices, terms.indptr), shape=terms.shape[::-1]
    ).tocsc()
    for label in np.unique(labels):
        mine = labels == label
        share = mine.mean()
        with_label = present @ mine.astype(np.float32)
        seen = (with_label + PRIOR_TEXTS * share) / (in_texts + PRIOR_TEXTS)
        telling += seen * np.log(seen / share)
    return telling


def _scaled(matrix: Matrix, weights: Singles) -> Matrix:
    return matrix.multiply(weights[None, :]).tocsr()


def _normed(matrix: Matrix) -> Matrix:
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    norms[norms == 0] = 1
    return (sparse.diags((1 / norms).astype(np.float32)) @ matrix).tocsr()
