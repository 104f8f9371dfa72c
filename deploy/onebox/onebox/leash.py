"""Run a command that cannot outlive the process that started it.

Run as a script, by path: `python -ISE leash.py PARENT_PID SIGNAL USER_ID NICENESS COMMAND…`, then becomes COMMAND.
USER_ID 0 or more drops to that user; -1 keeps the current one. NICENESS 0 is normal, 19 the last to get a processor.
Linux only keeps the leash (PR_SET_PDEATHSIG); elsewhere COMMAND runs without it and the next start cleans up.
Standard library only: it starts before everything else and must cost milliseconds.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def drop_to(user_id: int) -> None:
    """Become an unprivileged user, with nothing of the privileged one left."""
    os.setgroups([])
    os.setgid(user_id)
    os.setuid(user_id)


def give_way(niceness: int) -> None:
    """Let others have the processor first. Linux groups sessions of their own, and weighs the group besides."""
    os.nice(niceness)
    try:
        with open("/proc/self/autogroup", "w") as group:  # noqa: PTH123  Faster to import than pathlib.
            group.write(str(niceness))
    except OSError:
        return


def hold(parent: int, death_signal: int) -> None:
    """Ask the kernel to signal this process when its parent dies. Must follow setuid, which clears it."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # it died before the line above: nobody would ever tell us
        sys.exit(1)


def run(arguments: list[str]) -> None:
    """Replace this process by the command."""
    parent, death_signal, user_id, niceness, *command = arguments
    if int(niceness):
        give_way(int(niceness))
    if int(user_id) >= 0:
        drop_to(int(user_id))
    hold(int(parent), int(death_signal))
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    run(sys.argv[1:])
