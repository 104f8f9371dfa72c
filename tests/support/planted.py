"""Copies of the shared kernel with one bug planted: whoever judges a run must find it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import shared

PATCHES: Final = Path(__file__).parents[1] / "chaos" / "planted"


class NotPlanted(Exception):
    """The patch does not fit the kernel any more: bring it up to date, or the judges are tested no longer."""


@contextmanager
def planted(name: str | None) -> Iterator[Path]:
    """A folder for PYTHONPATH whose package `shared` has the bug of this name; None: a faithful copy.

    Raises NotPlanted.
    """
    with TemporaryDirectory(prefix="tierdesk-planted-") as folder:
        copy = Path(folder)
        source = Path(next(iter(shared.__path__)))
        shutil.copytree(source, copy / "shared", ignore=shutil.ignore_patterns("__pycache__"))
        if name is not None:
            _apply(PATCHES / f"{name}.patch", copy)
        yield copy


def _apply(patch: Path, copy: Path) -> None:
    # Below a work tree git would look at that one instead of at the folder it is in.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(copy.parent)}
    command = ["git", "apply", "-p2", "--verbose", str(patch)]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPlanted(f"{patch.name}: {done.stderr}")
