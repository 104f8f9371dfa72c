"""Locks that a crash releases by itself."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

ATTEMPTS = 20
BETWEEN_ATTEMPTS = timedelta(milliseconds=10)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file; waits for as long as another process holds it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_exclusive(path: Path) -> int | None:
    """A descriptor that holds the lock until it is closed or this process dies, or None when another one holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(BETWEEN_ATTEMPTS.total_seconds())
        else:
            return descriptor
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock. Looking is a shared lock for microseconds, which try_exclusive waits out."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
