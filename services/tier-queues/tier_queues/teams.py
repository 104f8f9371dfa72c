"""Teams and tiers as decisions see them: who leads, how work is given out, who helps whom."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Push(StrEnum):
    """Whose turn it is when work is given out."""

    ROUND_ROBIN = "round-robin"
    """Whoever was given work longest ago."""
    LEAST_LOADED = "least-loaded"
    """Whoever has the fewest units in hand."""


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told that nobody takes an issue. after: since the step before, or since it came into the queue.

    tell: lead, account-manager or agent; agent: the sign-in name of that one.
    """

    after: timedelta
    tell: str
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """A team. leads: sign-in names; named: whether somebody named them, else they are members with the role lead.

    push: how work is given out; None where agents take it. accept_within: how long an agent has for what is given.
    idle_after: how long an owner may do nothing on an issue; None for as long as they like. behind_the_scenes: it
    does not write to customers. steps: what happens one after the other while nobody takes an issue, repeats included.
    """

    name: str
    tiers: frozenset[int]
    leads: tuple[str, ...] = ()
    named: bool = False
    push: Push | None = None
    accept_within: timedelta = timedelta(minutes=2)
    idle_after: timedelta | None = None
    behind_the_scenes: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Help:
    """A tier that is too busy now, for the one that helps it. share: of a helper's capacity; because: a sentence."""

    tier: int
    share: float
    because: str
