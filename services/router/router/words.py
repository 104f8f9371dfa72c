"""PURE. How text is read: normalised once, then searched for plain words and phrases, never for patterns."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Generic, TypeVar

PHRASE_LIMIT: Final = 3
"""Words of a phrase."""
_INFLECTED_FROM: Final = 4
"""Letters from which a word is also found in its endings: *export* in *exported*, but *id* not in *ids*."""
_PIECE: Final = 64
"""Characters normalised at a time: sorting a long run of combining marks takes the square of its length."""
_WORD: Final = re.compile(r"[^\W_]+")
_UNSEEN: Final = dict.fromkeys(
    (0xAD, 0xFEFF, 0x2060, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
"""Characters nobody sees: soft hyphen, zero-width and direction marks. They must not hide a word."""
_APOSTROPHES: Final = dict.fromkeys((0x27, 0x2019, 0x02BC))
"""Removed, so that *can't* is one word however it was typed."""


_NAMES_KEPT: Final = 4_096
"""Names in their compared form: the same few plans, products and channels come with every issue."""


@dataclass(frozen=True)
class Reading:
    """A text as it is searched. words: in order, folded; joined: the same with a space before, between and behind."""

    words: tuple[str, ...]

    @cached_property
    def joined(self) -> str:
        return f" {' '.join(self.words)} "

    @cached_property
    def distinct(self) -> frozenset[str]:
        return frozenset(self.words)


def read(*texts: str) -> Reading:
    """The words of the texts, in order. Takes time in proportion to their length, whatever they hold."""
    return Reading(tuple(word for text in texts for word in words_of(text)))


def words_of(text: str) -> list[str]:
    """Words in their folded form: case, width, accents' encoding and apostrophes make no difference."""
    if not text.isascii():
        text = " ".join(unicodedata.normalize("NFKC", piece) for piece in _pieces(text.translate(_UNSEEN)))
        text = text.casefold()
    return _WORD.findall(text.translate(_APOSTROPHES).lower())


@lru_cache(maxsize=_NAMES_KEPT)
def name_of(text: str) -> str:
    """A name as the policy compares it: *Password reset* and *password-reset* are `password_reset`."""
    return "_".join(words_of(text))


def _pieces(text: str) -> Iterator[str]:
    for run in text.split():
        for start in range(0, len(run), _PIECE):
            yield run[start : start + _PIECE]


def forms(phrase: str) -> frozenset[str]:
    """The phrase with the usual English endings of its last word; some of them are no words, and harmless."""
    *before, last = phrase.split(" ")
    endings = [last]
    if len(last) >= _INFLECTED_FROM:
        endings += [last + "s", last + "es", last + "ed", last + "ing"]
        if last.endswith("e"):
            endings += [last + "d", last[:-1] + "ing"]
        if last.endswith("y"):
            endings += [last[:-1] + "ies", last[:-1] + "ied"]
    return frozenset(" ".join([*before, ending]) for ending in endings)


Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Found(Generic[Meaning]):
    """A phrase that the text holds, in the form in which it stands there."""

    form: str
    meaning: Meaning


class PhraseBook(Generic[Meaning]):
    """Phrases of up to three words and what they mean; searched by the text's words, not phrase by phrase."""

    def __init__(self, entries: Iterable[tuple[str, Meaning]]) -> None:
        """entries: normalised phrases (`words_of` joined by a space); the same phrase may have several meanings."""
        self._by_first_word: dict[str, list[tuple[str, int]]] = {}
        self._meanings: list[Meaning] = []
        for place, (phrase, meaning) in enumerate(entries):
            self._meanings.append(meaning)
            for form in sorted(forms(phrase)):
                self._by_first_word.setdefault(form.partition(" ")[0], []).append((form, place))

    def find(self, reading: Reading) -> list[Found[Meaning]]:
        """What the text holds, each entry once however often and in however many forms it stands there."""
        found: dict[int, str] = {}
        for first in sorted(self._by_first_word.keys() & reading.distinct):
            for form, place in self._by_first_word[first]:
                if place not in found and (form == first or f" {form} " in reading.joined):
                    found[place] = form
        return [Found(found[place], self._meanings[place]) for place in sorted(found)]
