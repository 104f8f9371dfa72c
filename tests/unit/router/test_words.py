"""Text is read the same however it was typed, and hostile text costs no more than its length."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.words import PhraseBook, forms, read, words_of
from support.poison import POISON_TEXTS

SECONDS_FOR_THE_LONGEST_TEXT = 0.5
"""Of processor time; the slowest takes a tenth of it."""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("I can't log-in", ["i", "cant", "log", "in"]),
        ("I can’t LOG IN", ["i", "cant", "log", "in"]),
        ("Ｐａｓｓｗｏｒｄ", ["password"]),
        ("pass\u200bword pass\u00adword", ["password", "password"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("cafe\u0301 café", ["café", "café"]),
        ("ERR_42: what?", ["err", "42", "what"]),
        ("パスワードを忘れた", ["パスワードを忘れた"]),
        ("\u202epassword\u202c", ["password"]),
    ],
)
def test_a_word_is_the_same_however_it_was_typed(typed: str, words: list[str]) -> None:
    assert words_of(typed) == words


@pytest.mark.parametrize("text", POISON_TEXTS.values(), ids=POISON_TEXTS.keys())
def test_no_text_takes_long_to_read_and_search(text: str) -> None:
    book = PhraseBook([("a human", 1), ("hacked", 2), ("x x x", 3)])
    started = time.thread_time()
    book.find(read(text, text))
    assert time.thread_time() - started < SECONDS_FOR_THE_LONGEST_TEXT


@given(st.text())
def test_any_text_can_be_read_and_reading_it_again_changes_nothing(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words


def test_a_word_is_found_in_its_usual_endings() -> None:
    book = PhraseBook([("export", "e"), ("charge", "c"), ("reply", "r")])
    for text in ("exports", "exported", "exporting", "charged", "charging", "replies", "replied"):
        assert len(book.find(read(text))) == 1, text


def test_a_short_word_is_found_only_as_it_stands() -> None:
    assert forms("vat") == {"vat"}


def test_a_phrase_is_found_only_as_whole_words_side_by_side() -> None:
    book = PhraseBook([("log in", 1)])
    assert book.find(read("please LOG-IN now"))
    assert not book.find(read("a dialog in the log"))


def test_a_phrase_does_not_reach_over_words_in_between() -> None:
    assert not PhraseBook([("charged twice", 1)]).find(read("charged me twice"))


def test_an_entry_counts_once_however_often_it_stands_there() -> None:
    found = PhraseBook([("export", 1)]).find(read("export exports exported export"))
    assert [entry.form for entry in found] == ["export"]


def test_a_word_may_mean_several_things() -> None:
    found = PhraseBook([("charge", "billing"), ("charge", "hardware")]).find(read("charge"))
    assert [entry.meaning for entry in found] == ["billing", "hardware"]
