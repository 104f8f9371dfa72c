"""A trained model decides with reasons that add up, admits what it does not know, and survives any text."""

import time
from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.calibration import Calibration
from router.decide import decide
from router.features import WORDS_READ, grams_of
from router.trained import IN_GENERAL
from router.words import read
from shared.events.routing import Routing
from shared.vocabulary import TEXT_LIMIT
from support.events import submission
from support.models import TOPICS, decided_by_model, labelled_rows, small_classifier
from support.poison import POISON_TEXTS
from support.policies import shipped, with_floor

SECONDS_FOR_THE_LONGEST_TEXT = 0.5
"""Of processor time; the slowest takes a tenth of it."""
EXACT = 1e-6
WORDS = sorted({word for words in TOPICS.values() for word in words.split()})
SAID = st.lists(st.sampled_from([*WORDS, "zebra", "exported", "passwörter", "x"]), max_size=40).map(" ".join)
MARGINS = st.lists(st.integers(-5000, 5000).map(lambda margin: margin / 1000), min_size=2, max_size=6, unique=True)
RULE_WORDS = st.sampled_from(sorted(word for rule in shipped().rules for when in rule.when for word in when.words))
CURVES = st.builds(
    Calibration,
    temperature=st.floats(0.1, 10),
    rise=st.floats(0, 5),
    fall=st.floats(0, 5),
    shift=st.floats(-5, 5),
)


def routed(text: str, **fields: str) -> Routing:
    """Decided by the text alone, also by one that intake would not accept."""
    return decided_by_model(submission(**fields).model_copy(update={"title": "", "text": text}))


@pytest.mark.parametrize(
    ("text", "tier", "category"),
    [
        ("i forgot my password, the login is locked again", 1, "password_reset"),
        ("refund the invoice, the card was charged twice this month", 1, "billing"),
        ("please, the csv export does not upload columns", 2, "import_export"),
        ("crash with an error, the screen freezes", 2, "bug"),
    ],
)
def test_a_text_like_those_learnt_from_is_routed_by_the_model(text: str, tier: int, category: str) -> None:
    routing = routed(text)
    assert (routing.tier, routing.category, routing.triage) == (tier, category, False)
    assert routing.record.method == "model"
    assert routing.record.model_version == small_classifier().model_version


def test_the_reasons_are_said_in_the_words_of_the_text() -> None:
    first = routed("csv export upload columns spreadsheet please").record.sentences[0]
    assert first.startswith("Tier 2 because *")
    assert "point to data import/export" in first
    assert IN_GENERAL not in first


@given(SAID)
@settings(deadline=None)
def test_contributions_add_up_to_the_logit_of_every_category(text: str) -> None:
    guess = small_classifier().guess(read(text))
    assert guess.logit is not None
    for category, _ in guess.categories:
        assert fsum(share for _, share in guess.explain(category)) == pytest.approx(guess.logit(category), abs=EXACT)


@given(SAID)
@settings(deadline=None)
def test_the_words_of_a_record_add_up_to_the_score_that_it_names(text: str) -> None:
    record = routed(text).record
    assert record.explained_score is not None
    assert fsum(word.contribution for word in record.words) == pytest.approx(record.explained_score, abs=EXACT)


@given(SAID)
@settings(deadline=None)
def test_probabilities_are_ordered_and_add_up_to_one(text: str) -> None:
    shares = [probability for _, probability in small_classifier().guess(read(text)).categories]
    assert shares == sorted(shares, reverse=True)
    assert fsum(shares) == pytest.approx(1)


@given(CURVES, MARGINS)
def test_calibration_never_makes_another_category_the_likeliest(calibration: Calibration, margins: list[float]) -> None:
    (shares,) = calibration.probabilities(np.array([margins]))
    assert shares[int(np.argmax(margins))] >= shares.max() - EXACT
    assert fsum(shares) == pytest.approx(1)
    assert (shares >= 0).all()


@given(SAID, RULE_WORDS)
@settings(deadline=None)
def test_a_hard_rule_never_lowers_the_tier(text: str, rule_word: str) -> None:
    routing = routed(f"{text}. {rule_word}")
    fired = {rule.rule for rule in routing.record.rules if rule.fired}
    assert fired
    assert routing.tier >= max(rule.floor for rule in shipped().rules if rule.name in fired)
    assert routing.redirect is None


@given(SAID, st.integers(1, 3))
@settings(deadline=None)
def test_a_rule_never_lowers_the_tier_that_the_model_chose(text: str, floor: int) -> None:
    issue = submission(text=f"Hello {text}")
    before, after = (decide(issue, policy, small_classifier()) for policy in (shipped(), with_floor(floor)))
    assert after.tier >= max(before.tier, floor)
    assert after.redirect is None


@pytest.mark.parametrize("text", ["", "moon poem guitar joke dinner", "qwrtz yxcv bnmlk"])
def test_a_text_unlike_anything_learnt_goes_to_a_person_with_the_three_best_guesses(text: str) -> None:
    routing = routed(text)
    assert (routing.tier, routing.triage, routing.category) == (1, True, None)
    assert [rung.tier for rung in routing.ladder] == [1, 2, 3, 4]
    assert len(routing.record.categories) >= 3
    assert "unlike anything that the model was trained on" in " ".join(routing.record.sentences)


def test_a_script_without_spaces_is_read_by_its_characters() -> None:
    assert "忘れ" in grams_of("パスワードを忘れた")
    guess = small_classifier().guess(read("ログインできない。パスワードを忘れました"))
    assert guess.categories[0][0] == "feature_request"


@pytest.mark.parametrize("text", POISON_TEXTS.values(), ids=POISON_TEXTS.keys())
def test_no_text_stalls_the_model_or_is_lost(text: str) -> None:
    started = time.thread_time()
    routing = routed(text)
    assert time.thread_time() - started < SECONDS_FOR_THE_LONGEST_TEXT
    assert routing.triage or routing.category is not None


def test_many_unknown_words_cost_no_more_than_the_limit() -> None:
    text = " ".join(f"w{number}ord" for number in range(TEXT_LIMIT // 8))[:TEXT_LIMIT]
    started = time.thread_time()
    routed(text)
    assert time.thread_time() - started < SECONDS_FOR_THE_LONGEST_TEXT


def test_what_stands_behind_the_limit_changes_nothing() -> None:
    within = " ".join(["invoice", "refund"] * (WORDS_READ // 2))
    guess, longer = (small_classifier().guess(read(text)) for text in (within, f"{within} csv export crash"))
    assert guess.categories == longer.categories


def test_the_same_text_is_guessed_the_same_however_it_was_typed() -> None:
    one, other = (small_classifier().guess(read(text)) for text in ("Refund INVOICE", "refund  ｉｎｖｏｉｃｅ!"))
    assert one.categories == other.categories


def test_most_of_the_texts_learnt_from_are_recognised() -> None:
    rows = [(text, label) for text, label in labelled_rows(2) if label != "oos"]
    right = [small_classifier().guess(read(text)).categories[0][0] == label for text, label in rows]
    assert sum(right) / len(right) > 0.95
