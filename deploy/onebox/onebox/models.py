"""`train` and `evaluate`: the router's own commands, which need no running instance."""

import os
import sys
from collections.abc import Sequence
from typing import Literal, NoReturn


def become(command: Literal["train", "evaluate"], arguments: Sequence[str]) -> NoReturn:
    """Become the router's command."""
    os.execv(sys.executable, [sys.executable, "-m", "router", command, *arguments])  # noqa: S606
