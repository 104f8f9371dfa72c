"""Which process minds which tiers. A tier that no process names belongs to the process with the lowest."""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from shared.db import Transaction

_ANNOUNCE: Final = """
INSERT INTO tier_processes (instance, tiers) VALUES ($1, $2)
ON CONFLICT (instance) DO UPDATE SET tiers = excluded.tiers, seen_at = clock_timestamp()
"""
_OTHERS: Final = "SELECT tiers FROM tier_processes WHERE instance <> $1 AND seen_at > clock_timestamp() - $2::interval"


@dataclass(frozen=True, slots=True)
class Minded:
    """Whose timers are ours: those of `tiers`; and, unless others is None, those of every tier not in `others`."""

    tiers: frozenset[int]
    others: frozenset[int] | None

    def holds(self, tier: int) -> bool:
        """Whether a tier is minded here."""
        return tier in self.tiers or (self.others is not None and tier not in self.others)


@dataclass(eq=False)
class Presence:
    """This process among those of its service. tiers: what it names, None for all.

    life: how long an announcement of another process counts; look: how long what was read of them is trusted.
    """

    instance: str
    tiers: frozenset[int] | None
    life: timedelta
    look: timedelta
    _others: frozenset[int] = frozenset()
    _looked_at: float = field(default=float("-inf"))

    async def announce(self, tx: Transaction) -> None:
        """Say that this process runs and which tiers it names."""
        if self.tiers is not None:
            await tx.fetch(_ANNOUNCE, self.instance, sorted(self.tiers))

    async def serves(self, tx: Transaction, tier: int) -> bool:
        """Whether a list of this tier may be asked for here: it is ours, or no other process names it."""
        return self.tiers is None or tier in self.tiers or tier not in await self._named_by_others(tx)

    async def minded(self, tx: Transaction) -> Minded:
        """Whose timers run here."""
        if self.tiers is None:
            return Minded(frozenset(), frozenset())
        named = await self._named_by_others(tx)
        return Minded(self.tiers, named - self.tiers if _is_lowest(self.tiers, named) else None)

    async def _named_by_others(self, tx: Transaction) -> frozenset[int]:
        if time.monotonic() - self._looked_at > self.look.total_seconds():
            rows = await tx.fetch(_OTHERS, self.instance, self.life)
            self._others = frozenset(tier for (tiers,) in rows for tier in tiers)
            self._looked_at = time.monotonic()
        return self._others


def _is_lowest(mine: Collection[int], others: Collection[int]) -> bool:
    return bool(mine) and min(mine) <= min(others, default=min(mine))
