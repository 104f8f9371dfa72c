"""How large a chaos run is: 1 runs the promises at full numbers, 0.1 a tenth of them."""

import os
from typing import Final

SCALE: Final = float(os.environ.get("TIERDESK_CHAOS_SCALE", "0.1"))


def scaled(full: float, *, least: int = 1) -> int:
    """A number at this run's scale, but never fewer than make the test worth something."""
    return max(least, round(full * SCALE))
