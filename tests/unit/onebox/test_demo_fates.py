"""What becomes of an issue is drawn for every tier, and every fate has its story."""

import random
from collections import Counter

import pytest

from onebox.demo.fates import CHANCES, Fate, fate_of
from onebox.demo.stories import STORIES


@pytest.mark.parametrize("tier", CHANCES)
def test_the_chances_of_a_tier_add_up_to_a_hundred(tier: int) -> None:
    assert sum(CHANCES[tier].values()) == 100


def test_every_fate_has_a_story() -> None:
    assert STORIES.keys() == set(Fate)


def test_every_fate_can_be_drawn_somewhere() -> None:
    assert {fate for chances in CHANCES.values() for fate in chances} == set(Fate)


def test_most_issues_of_the_frontline_are_solved_there() -> None:
    dice = random.Random(7)
    drawn = Counter(fate_of(1, dice) for _ in range(2000))
    handed_on = sum(drawn[fate] for fate in (Fate.HANDED_UP, Fate.HANDED_UP_TWICE, Fate.INTRODUCED, Fate.RETURNED))
    assert 0.10 < handed_on / 2000 < 0.20


def test_an_issue_on_a_tier_without_a_table_is_solved() -> None:
    assert fate_of(7, random.Random(1)) is Fate.SOLVED
