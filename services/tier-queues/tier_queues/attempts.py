"""How often somebody may try a password."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Final

WINDOW_SECONDS: Final = 60.0
REMEMBERED: Final = 10_000
"""Pairs of agent and address that are kept in mind; the least recent is forgotten first."""


@dataclass(eq=False)
class Attempts:
    """Counts attempts per agent and address over a sliding minute. limit: those allowed in it."""

    limit: int
    clock: Callable[[], float] = time.monotonic
    _made: OrderedDict[tuple[str, str], deque[float]] = field(default_factory=OrderedDict)

    def wait(self, agent: str, address: str) -> int:
        """Count an attempt. Returns 0 when it is allowed, else the whole seconds until one is; it then counts not."""
        now = self.clock()
        made = self._made.setdefault((agent, address), deque())
        self._made.move_to_end((agent, address))
        while made and made[0] <= now - WINDOW_SECONDS:
            made.popleft()
        if len(made) >= self.limit:
            return max(1, ceil(made[0] + WINDOW_SECONDS - now))
        made.append(now)
        if len(self._made) > REMEMBERED:
            self._made.popitem(last=False)
        return 0
