"""A pair of servers that a test may treat badly."""

from dataclasses import dataclass
from typing import Protocol


class Server(Protocol):
    """One of them. It keeps its address and what it stored."""

    async def start(self) -> None:
        """Start it again; returns when it serves."""

    async def stop(self) -> None:
        """Stop it in order."""

    async def kill(self) -> None:
        """SIGKILL."""

    async def restart(self) -> None:
        """Stop in order, then start."""

    async def pause(self) -> None:
        """SIGSTOP: it is there and answers nobody."""

    async def resume(self) -> None:
        """Undo pause."""


@dataclass(frozen=True)
class Servers:
    """Addresses and handles."""

    database_url: str
    kafka_bootstrap: str
    database: Server
    broker: Server
