"""The mail sink as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from onebox.ports import LOOPBACK
from support.waiting import eventually


@contextmanager
def mail_sink(folder: Path, smtp_port: int, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A mail sink that answers on both ports until the block ends."""
    arguments = ("--folder", str(folder), "--smtp-port", str(smtp_port), "--port", str(port))
    with subprocess.Popen([sys.executable, "-m", "onebox.mailsink", *arguments]) as process:
        try:
            eventually(lambda: _answers(port), "the mail sink is ready")
            yield process
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False
