"""`check`: everything that can be said about the code without starting a server."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from onebox.places import CHECKOUT

AT_ONCE = 2
BIN = Path(sys.executable).parent
# The longest first, so that the others run beside it.
CHECKS = {
    "types": (sys.executable, "-m", "mypy"),
    "unit tests": (sys.executable, "-m", "pytest", "-q", "tests/unit"),
    "imports": (str(BIN / "lint-imports"), "--no-logo"),
    "lint": (str(BIN / "ruff"), "check", "."),
    "format": (str(BIN / "ruff"), "format", "--check", "."),
}


def check() -> bool:
    """Run all checks, print each with its time and the output of those that fail; whether all passed."""
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(_run, name) for name in CHECKS]
        passed = [_report(*done.result()) for done in as_completed(running)]
    print(f"{sum(passed)} of {len(passed)} passed in {time.monotonic() - began:.1f} s")
    return all(passed)


def _run(name: str) -> tuple[str, float, subprocess.CompletedProcess[str]]:
    began = time.monotonic()
    finished = subprocess.run(
        CHECKS[name], cwd=CHECKOUT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return name, time.monotonic() - began, finished


def _report(name: str, seconds: float, finished: subprocess.CompletedProcess[str]) -> bool:
    passed = finished.returncode == 0
    print(f"{'ok    ' if passed else 'FAILED'} {name:12} {seconds:5.1f} s", flush=True)
    if not passed:
        print(finished.stdout)
    return passed
