"""The running instance for commands that use one, or one that is started for them and stopped again."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from onebox.instance import Instance, State
from onebox.places import places
from onebox.up import READY_WITHIN


class NotStarted(Exception):
    """The instance did not come up; what it said is on standard error."""


@contextmanager
def running_instance() -> Iterator[State]:
    """The instance of TIERDESK_HOME. When it does not run, it is started, and stopped at the end. Raises NotStarted."""
    instance = Instance(places().home)
    already = instance.supervisor() is not None
    with started_instance(os.environ) if not already else _there(instance) as state:
        yield state


@contextmanager
def started_instance(environment: Mapping[str, str], *options: str) -> Iterator[State]:
    """An instance with this environment (its TIERDESK_HOME above all), up for the block. Raises NotStarted.

    options: those of `up`. What `up` says goes to standard error.
    """
    instance = Instance(places(environment).home)
    _command(("up", "--detach", *options), environment)
    try:
        with _there(instance) as state:
            yield state
    finally:
        _command(("down",), environment)


@contextmanager
def _there(instance: Instance) -> Iterator[State]:
    state = instance.wait_until_ready(within=READY_WITHIN)
    if state is None:
        raise NotStarted(f"Nothing runs in {instance.home}.")
    yield state


def _command(arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "onebox", *arguments], env=environment, stdout=sys.stderr, check=False
    )
    if finished.returncode != 0:
        raise NotStarted(f"`{arguments[0]}` did not work.")
