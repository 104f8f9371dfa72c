"""`test`: pytest over the repository's tests, with the long runs at the scale that was asked for."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from onebox.places import CHECKOUT

SUITES = ("unit", "contracts", "integration", "e2e", "browser", "chaos")
FULL_SCALE, TENTH_SCALE = "1.0", "0.1"


def become_pytest(arguments: Sequence[str]) -> None:
    """Run one suite, if the first argument names one, else all; the other arguments are pytest's.

    pytest replaces this process, so its closing line and exit status are ours.
    """
    suite = arguments[0] if arguments and arguments[0] in SUITES else None
    os.chdir(CHECKOUT)
    if suite is not None:
        folders, others = [f"tests/{suite}"], arguments[1:]
    elif any(Path(argument.partition("::")[0]).exists() for argument in arguments):
        folders, others = [], arguments
    else:
        folders, others = [f"tests/{name}" for name in SUITES if Path("tests", name).is_dir()], arguments
    os.environ.setdefault("TIERDESK_CHAOS_SCALE", FULL_SCALE if suite == "chaos" else TENTH_SCALE)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *folders, *others])  # noqa: S606
