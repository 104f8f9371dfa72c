"""A real HTTP server that takes webhooks, keeps them, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from onebox.ports import any_free

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Taken:
    """One request. headers: as they came."""

    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str:
        """The only value of a header."""
        (value,) = (value for key, value in self.headers if key == name.encode())
        return value.decode()


@dataclass
class Listener:
    """statuses: what is answered, in order; then 204. hold: set it aside to let nobody have an answer."""

    origin: str
    taken: list[Taken] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"{self.origin}/hook"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.taken.append(Taken(list(scope["headers"]), body))
        await self.answers.wait()
        status = self.statuses.pop(0) if self.statuses else 204
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


class _Server(uvicorn.Server):
    """Leaves signals to the test runner."""

    def capture_signals(self) -> AbstractAsyncContextManager[None]:  # type: ignore[override]
        return nullcontext()


@asynccontextmanager
async def listener() -> AsyncIterator[Listener]:
    """A listener that answers at once; clear `answers` to make it hang."""
    port = any_free(set())
    listening = Listener(f"http://{HOST}:{port}")
    listening.answers.set()
    server = _Server(uvicorn.Config(_as_asgi(listening), host=HOST, port=port, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.01)
        yield listening
    finally:
        listening.answers.set()
        server.should_exit = True
        await serving


def _as_asgi(listening: Listener) -> Any:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await listening(scope, receive, send)

    return application
