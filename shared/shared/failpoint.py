"""Named places at which a process can be killed on purpose, so that tests can prove that nothing is lost there."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Final

AFTER_COMMIT: Final = "after-commit-before-publish"
AFTER_PUBLISH: Final = "after-publish-before-mark"
AFTER_EFFECT: Final = "after-effect-before-offset"
AFTER_VENDOR_ACCEPTED: Final = "after-vendor-accepted-before-mark"
AFTER_MAIL_ACCEPTED: Final = "after-mail-accepted-before-mark"

_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Kill this process with SIGKILL when TIERDESK_FAILPOINT names this place and its turn has come.

    TIERDESK_FAILPOINT is `name:n`: the n-th pass kills, n ≥ 1. Each kill appends a line to the file that
    TIERDESK_FAILPOINT_LOG names, so that a test can prove that the rare path really occurred.
    """
    armed = os.environ.get("TIERDESK_FAILPOINT")
    if armed is None or not armed.startswith(f"{name}:"):
        return
    _passed[name] += 1
    if _passed[name] < int(armed.rpartition(":")[2]):
        return
    log = os.environ.get("TIERDESK_FAILPOINT_LOG")
    if log is not None:
        with Path(log).open("a") as lines:
            lines.write(f"{name}\n")
    os.kill(os.getpid(), signal.SIGKILL)
