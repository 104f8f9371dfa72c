"""Free loopback ports, remembered so that a restart keeps them."""

import json
import socket
from pathlib import Path

from onebox.files import write_json

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """Somebody else listens on the port that was asked for."""


class Ports:
    """The ports of one instance by name, kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._numbers: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def take(self, name: str, *, preferred: int | None = None) -> int:
        """The remembered port when it is free, else the preferred one when it is, else any free one."""
        taken = {number for other, number in self._numbers.items() if other != name}
        for candidate in (self._numbers.get(name), preferred):
            if candidate is not None and candidate not in taken and is_free(candidate):
                break
        else:
            candidate = any_free(taken)
        self._numbers[name] = candidate
        write_json(self._file, self._numbers)
        return candidate

    def fix(self, name: str, number: int) -> int:
        """Exactly this port. Raises PortTaken."""
        if not is_free(number):
            raise PortTaken(f"Port {number} is taken by another program.")
        self._numbers = {other: port for other, port in self._numbers.items() if port != number}
        self._numbers[name] = number
        write_json(self._file, self._numbers)
        return number


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # servers do; old connections must not count
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free(taken: set[int]) -> int:
    """A free port that is not in taken."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
