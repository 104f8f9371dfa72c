"""A vendor as it could be: an HTTP server of its own, which knows us only by two secrets and Standard Webhooks.

It takes cases, acknowledges them, answers most and asks back on some; it repeats a callback until we take it, and
remembers every message, so that an audit can compare. It checks and signs with the reference library, not with ours.
"""

import asyncio
import json
import zlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

import httpx
import typer
import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ASKS_BACK_EVERY: Final = 8
"""One case in so many, chosen by its id, is answered with a question."""
REPEAT_AFTER: Final = timedelta(seconds=0.5)
GIVE_UP_AFTER: Final = timedelta(minutes=5)
REFUSED_FOR_GOOD: Final = frozenset({400, 404, 409, 413, 415, 422})
MESSAGE_LIMIT_BYTES: Final = 1024 * 1024


@dataclass
class Said:
    """A callback. attempts: how often it was sent; status: of the last answer, None before the first."""

    id: str
    case: str
    state: str
    attempts: int = 0
    status: int | None = None


@dataclass
class Vendor:
    """What the vendor knows. pace: between its taking a case and each word about it."""

    callback: str
    incoming: Webhook
    outgoing: Webhook
    pace: timedelta
    received: Counter[str] = field(default_factory=Counter)
    cases: dict[str, str] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    at_work: set[asyncio.Task[None]] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        """A case: verified, remembered by its message's id, and worked once however often it comes."""
        body = await request.body()
        if len(body) > MESSAGE_LIMIT_BYTES or not self._is_from_us(body, dict(request.headers)):
            return JSONResponse({"error": "not signed by who should"}, 401)
        message, case = request.headers["webhook-id"], str(UUID(json.loads(body)["case"]))
        self.received[message] += 1
        if message not in self.cases:
            self.cases[message] = case
            task = asyncio.create_task(self._work(case))
            self.at_work.add(task)
            task.add_done_callback(self.at_work.discard)
        return JSONResponse({"reference": reference(case)}, 202)

    def _is_from_us(self, body: bytes, headers: dict[str, str]) -> bool:
        try:
            self.incoming.verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            return False
        return True

    async def show(self, _request: Request) -> Response:
        """Everything that came and everything that was said, for audits."""
        received = [{"id": id_, "case": self.cases[id_], "times": times} for id_, times in self.received.items()]
        return JSONResponse({"received": received, "callbacks": [vars(said) for said in self.said]})

    async def _work(self, case: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            for state, text in answers(case):
                await asyncio.sleep(self.pace.total_seconds())
                await self._say(client, case, state, text)

    async def _say(self, client: httpx.AsyncClient, case: str, state: str, text: str | None) -> None:
        said = Said(f"acme-{uuid4().hex}", case, state)
        self.said.append(said)
        body = json.dumps({"case": case, "reference": reference(case), "state": state, "text": text}).encode()
        started = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - started < GIVE_UP_AFTER.total_seconds():
            said.attempts += 1
            said.status = await self._sent(client, said.id, body)
            if said.status is not None and (said.status < 300 or said.status in REFUSED_FOR_GOOD):
                return
            await asyncio.sleep(REPEAT_AFTER.total_seconds())

    async def _sent(self, client: httpx.AsyncClient, message: str, body: bytes) -> int | None:
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.outgoing.sign(message, now, body.decode()),
        }
        try:
            return (await client.post(self.callback, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return None

    async def stop(self) -> None:
        """Leave everything as it is."""
        for task in self.at_work:
            task.cancel()
        await asyncio.gather(*self.at_work, return_exceptions=True)


def reference(case: str) -> str:
    """The vendor's own number for a case."""
    return f"ACME-{zlib.crc32(case.encode()) % 1_000_000:06}"


def answers(case: str) -> list[tuple[str, str | None]]:
    """What the vendor says about a case, in order."""
    if zlib.crc32(case.encode()) % ASKS_BACK_EVERY == 0:
        return [("acknowledged", None), ("question", "Which region is the account in?")]
    return [("acknowledged", None), ("resolved", "A faulty node was taken out of service; please try again.")]


def application(vendor: Vendor) -> Starlette:
    """The vendor's HTTP server."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await vendor.stop()

    routes = [
        Route("/cases", vendor.take, methods=["POST"]),
        Route("/received", vendor.show),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def main(
    port: Annotated[int, typer.Option(help="Port to listen on; cases go to /cases.")],
    callback: Annotated[str, typer.Option(help="Where callbacks go.")],
    secret: Annotated[str, typer.Option(envvar="DEMO_VENDOR_SECRET", help="Signs what comes in.")],
    callback_secret: Annotated[str, typer.Option(envvar="DEMO_VENDOR_CALLBACK_SECRET", help="Signs callbacks.")],
    host: Annotated[str, typer.Option(envvar="TIERDESK_DEMO_VENDOR_HOST", help="Address to listen on.")] = "127.0.0.1",
    pace_milliseconds: Annotated[int, typer.Option(help="Before each word about a case.")] = 200,
) -> None:
    """Run the vendor until SIGTERM."""
    pace = timedelta(milliseconds=pace_milliseconds)
    vendor = Vendor(callback, Webhook(secret), Webhook(callback_secret), pace)
    config: dict[str, Any] = {"log_level": "warning", "timeout_graceful_shutdown": 5}
    uvicorn.run(application(vendor), host=host, port=port, **config)


if __name__ == "__main__":
    typer.run(main)
