"""Help between tiers: when one is too busy, from where claim next takes, and when it is over. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tier_queues.agents import Agent
from tier_queues.organisation import Limits, Overflow
from tier_queues.policies import Policies


@dataclass(frozen=True, slots=True)
class Source:
    """A queue from which an agent may take. room: units; because: why another tier's, None for one's own."""

    tier: int
    room: int
    because: str | None = None


def sources_of(
    agent: Agent, tiers: Collection[int], *, room: int, elsewhere: int, policies: Policies
) -> Sequence[Source]:
    """The agent's own queues, and those that their tiers help now, as far as their share of the capacity reaches.

    room: units left; elsewhere: units in hand that are other tiers'.
    """
    own = [Source(tier, room) for tier in sorted(tiers)]
    helped = {
        busy.tier: Source(busy.tier, min(room, int(busy.share * agent.capacity) - elsewhere), busy.because)
        for tier in sorted(tiers)
        for busy in policies.helps.get(tier, ())
        if busy.tier not in agent.tiers
    }
    return [*own, *(source for source in helped.values() if source.room > 0)]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits at a tier: how many, and how long already the one that waits longest."""

    count: int
    oldest: timedelta


def because(tier: int, rule: Overflow, waiting: Waiting) -> str | None:
    """Why another tier must help one that is not helped yet, as a sentence; None while it need not."""
    limits = rule.above
    if limits.count is not None and waiting.count > limits.count:
        return f"{waiting.count} issues wait at tier {tier}, more than {limits.count}."
    if limits.oldest is not None and waiting.oldest > limits.oldest:
        return f"An issue has waited at tier {tier} for {_whole(waiting.oldest)}, longer than {limits.oldest}."
    return None


def is_over(rule: Overflow, waiting: Waiting) -> bool:
    """Whether help may end: everything is back below its lower limit, so that it does not begin again at once."""
    return _is_below(rule.below, waiting)


def _is_below(limits: Limits, waiting: Waiting) -> bool:
    few = limits.count is None or waiting.count <= limits.count
    return few and (limits.oldest is None or waiting.oldest <= limits.oldest)


def _whole(span: timedelta) -> timedelta:
    return span - timedelta(microseconds=span.microseconds)
