"""Log files that do not fill the disk."""

import shutil
from pathlib import Path

LIMIT_BYTES = 20 * 1024 * 1024


def keep_small(folder: Path) -> None:
    """Move what is in a log over the limit to NAME.log.1, which is replaced.

    Copied and truncated rather than renamed: the writers keep their descriptors, which append.
    Lines written in between are lost.
    """
    for log in folder.glob("*.log"):
        if log.stat().st_size > LIMIT_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            with log.open("r+b") as file:
                file.truncate()
