"""What a load is told and what it tells."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shot:
    """One request. headers: without Host, Content-Length and Idempotency-Key, which the load adds."""

    path: str
    body: str = ""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What to send. rate: requests per second of an open loop, None for a closed one.

    repeat: go round the shots until the time is up, each time with a fresh key; otherwise each is sent once.
    keep: answer bodies are returned, with the epoch second at which their request was meant to start.
    """

    port: int
    shots: Sequence[Shot]
    connections: int
    seconds: float
    rate: float | None = None
    repeat: bool = True
    warm_up_seconds: float = 0.0
    keep: bool = False
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Outcome:
    """What came back in time. latencies_ms: of the good answers, unsorted; statuses: how many of each.

    answers: (epoch second of the intended start, latency in ms, body) of each good answer, when they were to be kept.
    """

    statuses: Mapping[str, int]
    seconds: float
    latencies_ms: Sequence[float]
    answers: Sequence[tuple[float, float, str]] = ()

    @property
    def good(self) -> int:
        """Answers below 400."""
        return len(self.latencies_ms)

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return self.good / self.seconds if self.seconds else 0.0

    @property
    def bad(self) -> dict[str, int]:
        """Everything else by status."""
        return {status: count for status, count in self.statuses.items() if not status.startswith(("2", "3"))}


def requests(job: Job) -> Iterator[bytes]:
    """The requests of a job as bytes, each with a key of its own."""
    run = secrets.token_hex(6)
    prepared = [_prepared(job, shot) for shot in job.shots]
    number = 0
    while True:
        for head, body in prepared:
            yield b"%s%s-%d\r\n\r\n%s" % (head, run.encode(), number, body)
            number += 1
        if not job.repeat or not prepared:
            return


def _prepared(job: Job, shot: Shot) -> tuple[bytes, bytes]:
    """A request up to its key's value, and its body."""
    body = shot.body.encode()
    lines = [f"{shot.method} {shot.path} HTTP/1.1", f"Host: {job.host}:{job.port}", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    lines += [f"{name}: {value}" for name, value in shot.headers.items()]
    return "\r\n".join([*lines, "Idempotency-Key: "]).encode(), body
