"""PURE. What a trained classifier sees of a text: words, neighbours, words that occur together, letters of words.

Training and serving read texts by these functions and no others, so that they cannot drift apart.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Final

WORDS_READ: Final = 1_000
"""Words of a text that count; what a text is about stands at its beginning, and work must be bounded."""
COMPANY: Final = 25
"""Words at the beginning of a text of which every two are looked at together, wherever they stand."""
WORD_LETTERS: Final = 400
"""Letters of a word that count. A script without spaces writes whole sentences as one word."""
SHORTEST_GRAM: Final = 3
LONGEST_GRAM: Final = 5
LONGEST_SPACELESS_GRAM: Final = 3
"""In scripts without spaces a word is one to three characters long."""
FIRST_SPACELESS: Final = "\u0e00"
"""Thai, Lao, Tibetan, Burmese, Khmer, kana, Han, Hangul: all come from this character on."""


def read_words(words: Sequence[str]) -> Sequence[str]:
    """The words that count."""
    return words[:WORDS_READ]


def terms_of(words: Sequence[str]) -> list[str]:
    """Words and pairs of neighbours, in order, each as often as it stands there."""
    return [*words, *(f"{first} {second}" for first, second in pairwise(words))]


def pairs_of(words: Sequence[str]) -> list[str]:
    """Every two different words of the beginning, each pair once, in the order of the alphabet."""
    return list(map(" & ".join, combinations(sorted(set(words[:COMPANY])), 2)))


def grams_of(word: str) -> list[str]:
    """The distinct pieces of three to five letters of a word with a space at each end, in order."""
    padded = f" {word[:WORD_LETTERS]} "
    shortest, longest = SHORTEST_GRAM, LONGEST_GRAM
    if max(word) >= FIRST_SPACELESS:
        padded, shortest, longest = padded[1:-1], 1, LONGEST_SPACELESS_GRAM
    pieces = (
        padded[start : start + length]
        for length in range(shortest, longest + 1)
        for start in range(len(padded) - length + 1)
    )
    return list(dict.fromkeys(pieces))
