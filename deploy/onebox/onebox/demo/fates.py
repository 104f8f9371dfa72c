"""What becomes of an issue on its tier, drawn so that about 70 / 25 / 5 % are solved at Tiers 1 / 2 / 3."""

import random
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from shared.vocabulary import FRONTLINE_TIER, TECHNICAL_TIER, VENDOR_TIER


class Fate(StrEnum):
    """The course of an issue from the moment when it can first be claimed."""

    SOLVED = "solved"
    RACED_FOR = "raced for"
    PUT_BACK = "put back"
    ASKED = "asked"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    RECLASSIFIED = "reclassified"
    HANDED_UP = "handed up"
    INTRODUCED = "introduced"
    RETURNED = "returned"
    HANDED_DOWN = "handed down"
    HANDED_UP_TWICE = "handed up twice"
    FORWARDED = "forwarded"


EXPERT_TIER: Final = 3
CHANCES: Final[Mapping[int, Mapping[Fate, int]]] = {
    FRONTLINE_TIER: {
        Fate.SOLVED: 62,
        Fate.RACED_FOR: 5,
        Fate.PUT_BACK: 3,
        Fate.ASKED: 8,
        Fate.WITHDRAWN: 2,
        Fate.REOPENED: 3,
        Fate.RECLASSIFIED: 2,
        Fate.HANDED_UP: 7,
        Fate.INTRODUCED: 4,
        Fate.RETURNED: 2,
        Fate.HANDED_UP_TWICE: 2,
    },
    TECHNICAL_TIER: {
        Fate.SOLVED: 60,
        Fate.RACED_FOR: 4,
        Fate.PUT_BACK: 4,
        Fate.ASKED: 10,
        Fate.REOPENED: 3,
        Fate.HANDED_DOWN: 4,
        Fate.HANDED_UP: 5,
        Fate.INTRODUCED: 2,
        Fate.FORWARDED: 8,
    },
    EXPERT_TIER: {Fate.SOLVED: 75, Fate.ASKED: 15, Fate.FORWARDED: 10},
}
"""Tier to fate to percent."""


def fate_of(tier: int, dice: random.Random) -> Fate:
    """Draw the fate of an issue that arrived at a tier; one that is not in the table is simply solved."""
    chances = CHANCES.get(tier, {Fate.SOLVED: 1})
    fates: Sequence[Fate] = tuple(chances)
    return dice.choices(fates, weights=tuple(chances.values()))[0]


__all__ = ["CHANCES", "EXPERT_TIER", "FRONTLINE_TIER", "TECHNICAL_TIER", "VENDOR_TIER", "Fate", "fate_of"]
