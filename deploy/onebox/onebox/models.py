"""`train` and `evaluate`: the router's own commands; only confirmed labels need a running instance."""

import os
import sys
from collections.abc import Sequence
from typing import Final, Literal, NoReturn

from onebox.add import running_settings

FROM_CONFIRMED: Final = "--from-confirmed"


def become(command: Literal["train", "evaluate"], arguments: Sequence[str]) -> NoReturn:
    """Become the router's command. Raises NotRunning when it needs the labels of an instance."""
    if FROM_CONFIRMED in arguments and "DATABASE_URL" not in os.environ:
        os.environ.update(running_settings())
    os.execv(sys.executable, [sys.executable, "-m", "router", command, *arguments])  # noqa: S606
