"""One issue's fault is its own: whoever works on many passes it by, and it is counted and in the log."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from shared.db import Unavailable
from shared.telemetry import FAULTS, log
from tier_queues.store import SOURCE

Outcome = TypeVar("Outcome")


def attempted(issue: UUID, part: str, act: Callable[[], Outcome]) -> Outcome | None:
    """What `act` gives; None when it fails, whatever is wrong with this issue, so that the others do not wait for it.

    part: of the service, for the count of faults. act: does no input or output. Raises Unavailable as `act` does: a
    calendar that this process has not read yet is waited for, and no fault.
    """
    try:
        return act()
    except Unavailable:
        raise
    except Exception:  # noqa: BLE001  What was foreseen is no exception here.
        FAULTS.labels(SOURCE, part).inc()
        log().exception("an issue is passed by", service=SOURCE, part=part, issue=str(issue))
        return None
