"""When a vendor is given a rest: its circuit opens when most of its latest deliveries failed. Pure."""

from typing import Final

WINDOW: Final = 10
"""Latest outcomes that are looked at; fewer say nothing."""
FAILING_SHARE: Final = 0.7
"""Share of failures in the window at which the circuit opens."""
FAILED: Final = "f"
WELL: Final = "o"


def after(outcomes: str, new: str) -> str:
    """The latest outcomes, oldest first, when new ones came; a success closes the circuit and starts anew."""
    if WELL in new and is_open(outcomes):
        return new[new.index(WELL) :][-WINDOW:]
    return (outcomes + new)[-WINDOW:]


def is_open(outcomes: str) -> bool:
    """Whether the vendor is only probed."""
    return len(outcomes) >= WINDOW and outcomes.count(FAILED) >= FAILING_SHARE * len(outcomes)
