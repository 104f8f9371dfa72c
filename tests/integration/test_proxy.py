"""The proxy of `up --split` passes requests on as they are, streams both ways, and says so when nobody answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from onebox import proxy
from onebox.ports import LOOPBACK, any_free

MEGABYTE = 1024 * 1024


class Upstream:
    """A service that tells what reached it."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.stream_closed = asyncio.Event()

    async def echo(self, request: Request) -> Response:
        size = sum([len(chunk) async for chunk in request.stream()])
        headers = [(name, value) for name, value in request.headers.items() if name.startswith(("x-", "forwarded"))]
        path = request.scope["raw_path"].decode()
        return JSONResponse({"path": path, "query": request.url.query, "headers": headers, "body_bytes": size})

    async def stream(self, request: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            try:
                yield b"first"
                await self.go_on.wait()
                yield b"second"
            finally:
                self.stream_closed.set()

        return StreamingResponse(events(), media_type="text/event-stream")

    async def cookies(self, request: Request) -> Response:
        response = Response(status_code=204)
        response.set_cookie("token", "1")
        response.set_cookie("session", "2")
        return response

    def application(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/intake/stream", self.stream),
                Route("/intake/cookies", self.cookies),
                Route("/{path:path}", self.echo, methods=["GET", "POST"]),
            ]
        )


@asynccontextmanager
async def served(configuration: Callable[[int], uvicorn.Config]) -> AsyncIterator[int]:
    port = any_free(set())
    server = uvicorn.Server(configuration(port))
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[httpx.AsyncClient]:
    async with served(lambda port: uvicorn.Config(upstream.application(), port=port, proxy_headers=False)) as port:
        ports = {"intake": port, "router": any_free({port}), "tier-queues-1": port, "tier-queues-2": any_free({port})}
        async with (
            served(lambda public: proxy.configuration(ports, public)) as public,
            httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{public}", timeout=10) as http,
        ):
            yield http


async def test_path_and_query_arrive_byte_by_byte(client: httpx.AsyncClient) -> None:
    answer = await client.get("/intake/issues/%2Fodd%20name?after=a%2Bb&limit=5")
    assert answer.json()["path"] == "/intake/issues/%2Fodd%20name"
    assert answer.json()["query"] == "after=a%2Bb&limit=5"


async def test_a_large_upload_is_passed_on_whole(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield bytes(MEGABYTE)

    answer = await client.post("/intake/attachments", content=body())
    assert answer.json()["body_bytes"] == 10 * MEGABYTE


async def test_what_a_client_claims_about_forwarding_is_not_believed(client: httpx.AsyncClient) -> None:
    claims = {"x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7", "x-forwarded-proto": "https"}
    answer = await client.get("/intake/issues", headers=claims | {"x-own": "kept"})
    headers = dict(answer.json()["headers"])
    assert headers == {"x-forwarded-for": LOOPBACK, "x-forwarded-proto": "http", "x-own": "kept"}


async def test_every_cookie_comes_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/intake/cookies")
    assert len(answer.headers.get_list("set-cookie")) == 2


async def test_a_stream_arrives_as_it_is_written(client: httpx.AsyncClient, upstream: Upstream) -> None:
    async with client.stream("GET", "/intake/stream") as answer:
        chunks = answer.aiter_raw()
        assert await anext(chunks) == b"first"
        upstream.go_on.set()
        assert await anext(chunks) == b"second"


async def test_a_client_that_leaves_ends_the_stream_behind_the_proxy(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    async with client.stream("GET", "/intake/stream") as answer:
        assert await anext(answer.aiter_raw()) == b"first"
    async with asyncio.timeout(5):
        await upstream.stream_closed.wait()


async def test_a_part_that_is_away_is_answered_for_with_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post("/router/dry-run", json={"title": "x"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"


async def test_each_tier_has_its_process(client: httpx.AsyncClient) -> None:
    assert (await client.get("/tier-queues/tiers/1/issues")).status_code == 200
    assert (await client.get("/tier-queues/tiers/2/issues")).status_code == 503
