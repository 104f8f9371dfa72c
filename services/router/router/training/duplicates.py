"""Texts that say the same: exactly, or nearly (Jaccard of words and pairs of neighbours of at least 0.8)."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router.features import terms_of

NEARLY: Final = 0.8
BANDS: Final = 16
ROWS_OF_A_BAND: Final = 5
"""Sixteen bands of five hashes find 99.8 % of the pairs at 0.8, and few below 0.5."""
COMPARED_OF_A_BUCKET: Final = 4
"""A text is compared with the first few of its bucket: a thousand alike cost thousands of steps, not a million."""
SEED: Final = 13
PRIME: Final = (1 << 31) - 1

Clusters = NDArray[np.intp]


def distinct(texts: Sequence[tuple[str, ...]], labels: Sequence[str]) -> list[int]:
    """The places of the texts to keep: each text once, with the label it has most often, else had first."""
    said: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for words, label in zip(texts, labels, strict=True):
        said[words][label] += 1
    kept: dict[tuple[str, ...], int] = {}
    for place, (words, label) in enumerate(zip(texts, labels, strict=True)):
        if words not in kept and label == said[words].most_common(1)[0][0]:
            kept[words] = place
    return sorted(kept.values())


def near_clusters(texts: Sequence[Sequence[str]]) -> Clusters:
    """The cluster of each text: the place of its first member. Candidates by MinHash, each pair then compared."""
    known: dict[str, int] = {}
    features = [np.unique([known.setdefault(term, len(known)) for term in terms_of(words)] or [0]) for words in texts]
    sets = [frozenset(one.tolist()) for one in features]
    root = list(range(len(texts)))
    for place, other in _candidates(features, len(known)):
        first, second = _root_of(root, place), _root_of(root, other)
        if first != second and _jaccard(sets[place], sets[other]) >= NEARLY:
            root[max(first, second)] = min(first, second)
    return np.array([_root_of(root, place) for place in range(len(texts))], dtype=np.intp)


def one_of_each(clusters: Clusters, labels: Sequence[str]) -> list[int]:
    """The places to keep of texts that are nearly the same: one of each label."""
    first: dict[tuple[int, str], int] = {}
    for place, key in enumerate(zip(clusters.tolist(), labels, strict=True)):
        first.setdefault(key, place)
    return sorted(first.values())


def _candidates(features: Sequence[NDArray[np.intp]], known: int) -> Iterator[tuple[int, int]]:
    """Pairs that share a band of hashes."""
    if not features:
        return
    starts = np.concatenate([[0], np.cumsum([len(one) for one in features])[:-1]])
    every = np.concatenate(features)
    random = np.random.default_rng(SEED)
    for _ in range(BANDS):
        hashes = []
        for _ in range(ROWS_OF_A_BAND):
            factor, shift = random.integers(1, PRIME, size=2)
            hashed = (np.arange(max(known, 1), dtype=np.int64) * factor + shift) % PRIME
            hashes.append(np.minimum.reduceat(hashed[every], starts))
        buckets: dict[bytes, list[int]] = defaultdict(list)
        for place, key in enumerate(np.stack(hashes, axis=1)):
            bucket = buckets[key.tobytes()]
            for other in bucket:
                yield place, other
            if len(bucket) < COMPARED_OF_A_BUCKET:
                bucket.append(place)


def _root_of(root: list[int], place: int) -> int:
    while root[place] != place:
        root[place] = root[root[place]]
        place = root[place]
    return place


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
