"""Makes .venv: run by `./tierdesk` with the machine's own Python, so with the standard library only.

A file .venv/stamp, written last, says what the environment was made for. Without it the environment is half-made.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MEMBERS: tuple[str, ...] = (
    "client",
    "shared",
    "services/intake",
    "services/router",
    "services/tier-queues",
    "services/vendor-bridge",
)
MEMBERS += ("services/notifications", "deploy/onebox")
HTTP_TIMEOUT_SECONDS = "300"


class Failed(Exception):
    """A step did not work. The message says what a person can do."""


def main(root: Path, wanted: str) -> None:
    """Make or renew the environment, unless another start did so while we waited for it."""
    with alone(root):
        environment = root / ".venv"
        stamp = environment / "stamp"
        if stamp.exists() and stamp.read_text() == wanted and (environment / "bin" / "python").exists():
            return
        began = time.monotonic()
        complete = stamp.exists() and stamp.read_text().endswith(f" {root}")
        if complete and (environment / "bin" / "python").exists():
            say("Bringing .venv up to date …")
            stamp.unlink()
        else:
            say("Installing what Tierdesk needs into .venv, once (about 117 packages, 260 MB to download) …")
            make_environment(environment)
        install(environment, root)
        unfinished = stamp.with_suffix(".unfinished")
        unfinished.write_text(wanted)
        unfinished.rename(stamp)
        say(f"Installed in {time.monotonic() - began:.0f} s.")


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold a lock on the checkout's folder itself: it leaves no file, and a crash releases it."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is installing; waiting for it …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_environment(folder: Path) -> None:
    """A fresh virtual environment with pip."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError:
        raise Failed(
            "This Python cannot make a virtual environment with pip; on Debian: apt install python3-venv"
        ) from None


def install(environment: Path, root: Path) -> None:
    """Everything pinned, then this repository's own packages, by uv; by pip where uv does not get through."""
    python = str(environment / "bin" / "python")
    requirements = root / "requirements.txt"
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as uv_only:
        uv_only.write(pinned("uv", requirements))
        uv_only.flush()
        run([*pip, "--require-hashes", "-r", uv_only.name])
    uv = [python, "-m", "uv", "pip", "install", "--python", python]
    own = ["--no-deps", "--no-build-isolation", *(part for name in MEMBERS for part in ("-e", str(root / name)))]
    try:
        run([*uv, "--require-hashes", "-r", str(requirements)])
    except Failed:
        # pip may know of an index, a proxy or a certificate that uv was not told of.
        say("uv could not do it; trying pip, which takes longer …")
        run([*pip, "--require-hashes", "-r", str(requirements)])
    run([*uv, "--offline", *own])


def pinned(name: str, requirements: Path) -> str:
    """The lines of one package in requirements.txt, hashes included."""
    lines = iter(requirements.read_text().splitlines(keepends=True))
    found = ""
    for line in lines:
        if line.startswith(f"{name}=="):
            found = line
            while line.rstrip().endswith("\\"):
                line = next(lines)
                found += line
    return found


def run(command: Sequence[str]) -> None:
    """Run one step with its output shown. Raises Failed."""
    environment = {"UV_HTTP_TIMEOUT": HTTP_TIMEOUT_SECONDS, **os.environ, "UV_NO_CONFIG": "1"}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise Failed(f"This did not work: {' '.join(command[2:7])} …")


def say(text: str) -> None:
    """Progress for the person who waits."""
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except Failed as failure:
        sys.exit(f"{failure}")
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next start begins again.")
