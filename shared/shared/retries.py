"""When a delivery to somebody outside is tried again: 24 retries over 8.4 days, then a person is told."""

import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=5),
    *[timedelta(hours=12)] * 16,
)
"""Wait before each retry, jitter not included."""
JITTER_SHARE: Final = 0.1
JITTER_MINIMUM: Final = timedelta(seconds=2)
"""Up to a tenth of a wait, but at least up to two seconds, is added, so that a healed receiver is not stormed."""
RETRY_AFTER_LIMIT: Final = timedelta(hours=24)
"""A receiver may ask for a longer wait than ours, up to this."""
ATTEMPTS: Final = len(SCHEDULE) + 1
"""Attempts in all, the first one included."""


def wait_before_retry(message: UUID, attempts: int, retry_after: timedelta | None = None) -> timedelta | None:
    """How long to wait after the last of `attempts` failed, or None when that was the last one planned.

    attempts: made so far, ≥ 1. retry_after: what the receiver asked for. The same question has the same answer.
    """
    if attempts > len(SCHEDULE):
        return None
    wait = SCHEDULE[attempts - 1]
    wait += max(wait * JITTER_SHARE, JITTER_MINIMUM) * _fraction(message, attempts)
    return max(wait, min(retry_after or timedelta(), RETRY_AFTER_LIMIT))


def _fraction(message: UUID, attempts: int) -> float:
    """A number in [0, 1), evenly spread over messages and attempts."""
    digest = hashlib.sha256(message.bytes + attempts.to_bytes(4)).digest()
    return int.from_bytes(digest[:6]) / 2**48
