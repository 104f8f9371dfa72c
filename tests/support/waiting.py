"""Wait for a condition, with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

DEADLINE = timedelta(seconds=60)
POLL_SECONDS = 0.05

Found = TypeVar("Found")


def eventually(condition: Callable[[], bool], what: str, *, within: timedelta = DEADLINE) -> None:
    """Return once the condition holds. Raises AssertionError that names what did not happen."""
    deadline = time.monotonic() + within.total_seconds()
    while not condition():
        assert time.monotonic() < deadline, f"not within {within}: {what}"
        time.sleep(POLL_SECONDS)


async def until(
    look: Callable[[], Awaitable[Found | None]],
    what: str,
    *,
    within: timedelta = DEADLINE,
    every: timedelta = timedelta(seconds=POLL_SECONDS),
) -> Found:
    """What `look` finds, once it finds something true. Raises AssertionError that names what did not happen."""
    deadline = time.monotonic() + within.total_seconds()
    while not (found := await look()):
        assert time.monotonic() < deadline, f"not within {within}: {what}"
        await asyncio.sleep(every.total_seconds())
    return found
