"""`up`: in the foreground, or detached and followed until it is ready."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from onebox.artifacts import ArtifactRefused, NotDownloaded
from onebox.instance import POLL, Instance, StillStarting
from onebox.keys import Secrets
from onebox.layout import Planner
from onebox.places import Places, places
from onebox.ports import Ports, PortTaken
from onebox.processes import NotReady
from onebox.seed import Credentials
from onebox.servers import servers
from onebox.supervisor import Supervisor

PUBLIC_PORT = 8080
READY_WITHIN = timedelta(minutes=10)
"""From the command to ready, downloads over a slow line included."""


class Failed(Exception):
    """The instance did not come up. The message says why."""


def up(*, port: int | None, split: bool, detach: bool, show_sign_ins: bool) -> None:
    """Bring the instance up, or say where it runs already. Raises Failed.

    show_sign_ins: whether to print addresses and passwords in the end, which must not get into a log.
    """
    where = places()
    where.make()
    instance = Instance(where.home)
    if instance.supervisor() is not None:
        _await_running(instance)
    elif detach:
        _start_detached(instance, where, port=port, split=split)
    elif instance.acquire():
        _supervise(instance, where, port=port, split=split, show_sign_ins=show_sign_ins)
        return
    else:  # another `up` got the lock in between
        _await_running(instance)
    if show_sign_ins:
        tell(instance, where)


def _supervise(instance: Instance, where: Places, *, port: int | None, split: bool, show_sign_ins: bool) -> None:
    """Be the supervisor until asked to stop."""
    for name in instance.end_leftovers():
        say(f"Ended {name}, which a killed run had left.")
    if where.postgres.parent != where.home:
        say(f"PostgreSQL's user cannot reach {where.home}; its data are in {where.postgres}.")
    ports = Ports(where.home / "ports.json")
    try:
        public_port = ports.fix("web", port) if port else ports.take("web", preferred=PUBLIC_PORT)
        found = servers(where, ports, say=say)
        planner = Planner(where, ports, Secrets(where.home / "secrets.json"), public_port=public_port)
        layout = planner.plan(split=split, database_url=found.database_url, kafka_bootstrap=found.kafka_bootstrap)
        say("Starting …")
        supervisor = Supervisor(instance, found, layout, say=say)
        asyncio.run(supervisor.run(on_ready=lambda: tell(instance, where) if show_sign_ins else say("Ready.")))
    except (PortTaken, NotDownloaded, ArtifactRefused, NotReady) as failure:
        raise Failed(str(failure)) from failure
    say("Stopped.")


def _start_detached(instance: Instance, where: Places, *, port: int | None, split: bool) -> None:
    """Start the supervisor in the background and show what it says until it is ready."""
    options = [*(["--port", str(port)] if port else []), *(["--split"] if split else [])]
    log = where.logs / "supervisor.log"
    with log.open("ab") as output:
        begin = output.tell()
        child = subprocess.Popen(
            [sys.executable, "-u", "-m", "onebox", "up", "--hide-sign-ins", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    lines = _follow(log, begin)
    deadline = time.monotonic() + READY_WITHIN.total_seconds()
    while time.monotonic() < deadline:
        status = child.poll()
        state = instance.state()
        ready = state is not None and state.supervisor == child.pid and state.ready
        print(next(lines), end="", flush=True)
        if ready or status == 0:  # 0: somebody else was faster, and is ready
            return
        if status is not None:
            raise Failed(f"It did not come up; see {log}.")
        time.sleep(POLL.total_seconds())
    raise Failed(f"Not ready after {READY_WITHIN}; it goes on in the background, see {log}.")


def _follow(log: Path, begin: int) -> Iterator[str]:
    """What was written since the last time it was asked."""
    with log.open(errors="replace") as lines:
        lines.seek(begin)
        while True:
            yield lines.read()


def _await_running(instance: Instance) -> None:
    say("Running already.")
    try:
        state = instance.wait_until_ready(within=READY_WITHIN)
    except StillStarting as failure:
        raise Failed(str(failure)) from failure
    if state is None:
        raise Failed("The other start gave up. Run it again to see why.")


def tell(instance: Instance, where: Places) -> None:
    """Print where the instance answers and how to sign in."""
    state = instance.state()
    if state is None:  # taken down at this very moment
        return
    print(f"\nTierdesk is ready: {state.url}\n  {'mail sent by it':20} {state.mail_url}")
    for line in Credentials(where.home).lines():
        print(f"  {line}")
    print(f"  {'stop':20} ./tierdesk down, or Ctrl-C where it runs in the foreground\n", flush=True)


def say(text: str) -> None:
    """Progress, with the time since the command began."""
    seconds = time.monotonic() - BEGAN
    print(f"[{seconds:6.1f} s] {text}", flush=True)


BEGAN = time.monotonic() - (time.time() - float(os.environ.get("TIERDESK_BEGAN", time.time())))
