"""The one port of `up --split`: passes each request to the process that the route table names, streaming both ways."""

import argparse
import itertools
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route as Endpoint

from onebox.ports import LOOPBACK
from onebox.routes import routes, upstreams_of

CONNECT_WITHIN = timedelta(seconds=2)
CONNECTIONS = 500
IDLE_CONNECTION_KEPT = timedelta(seconds=2)  # shorter than uvicorn's 5 s: it must not close one that we just chose
DRAIN_WITHIN = timedelta(seconds=10)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# RFC 9110 section 7.6.1: these belong to one connection.
CONNECTION_HEADERS = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
        # Services believe these because they come from us; a client's own would be a lie.
        *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"),
    )
)


class Proxy:
    """Sends requests on. ports: the loopback port of each process by name."""

    def __init__(self, ports: Mapping[str, int], client: httpx.AsyncClient) -> None:
        self._table = routes(tier_groups(ports))
        self._ports = ports
        self._client = client
        self._turn: Iterator[int] = itertools.count()

    async def pass_on(self, request: Request) -> Response:
        """The upstream's answer as it comes, or a problem when there is none."""
        upstreams = upstreams_of(request.url.path, self._table)
        port = self._ports[upstreams[next(self._turn) % len(upstreams)]]
        try:
            answer = await self._client.send(self._onward(request, port), stream=True)
        except httpx.ConnectError:
            return problem(503, "This part is starting or restarting.", retry_after_seconds=1)
        except httpx.TransportError:
            return problem(502, "This part broke off before it answered.")
        except ClientDisconnect:
            return Response(status_code=499)
        response = StreamingResponse(_body(answer), answer.status_code)
        response.raw_headers = [(k.lower(), v) for k, v in answer.headers.raw if _travels(k)]
        return response

    def _onward(self, request: Request, port: int) -> httpx.Request:
        target = request.scope["raw_path"]
        if request.scope["query_string"]:
            target += b"?" + request.scope["query_string"]
        headers = [(k, v) for k, v in request.headers.raw if _travels(k)]
        if request.client is not None:
            headers.append((b"x-forwarded-for", request.client.host.encode()))
        headers.append((b"x-forwarded-proto", request.url.scheme.encode()))
        url = httpx.URL(scheme="http", host=LOOPBACK, port=port, raw_path=target)
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        return httpx.Request(request.method, url, headers=headers, content=request.stream() if has_body else None)


def _travels(header: bytes) -> bool:
    return header.decode("latin-1").lower() not in CONNECTION_HEADERS


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def problem(status: int, detail: str, *, retry_after_seconds: int | None = None) -> Response:
    """An RFC 9457 answer of the proxy itself."""
    headers = {"retry-after": str(retry_after_seconds)} if retry_after_seconds is not None else None
    return JSONResponse(
        {"type": "about:blank", "title": "Not reachable", "status": status, "detail": detail},
        status,
        headers,
        media_type="application/problem+json",
    )


def tier_groups(ports: Mapping[str, int]) -> tuple[str, ...]:
    """The tier groups that the processes' names tell, e.g. tier-queues-2-3 runs "2,3"."""
    prefix = "tier-queues-"
    return tuple(name.removeprefix(prefix).replace("-", ",") for name in ports if name.startswith(prefix))


def build(ports: Mapping[str, int]) -> Starlette:
    """The proxy as an ASGI application."""

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        # No read timeout: live streams are silent for long, and each service has its own deadlines.
        timeout = httpx.Timeout(None, connect=CONNECT_WITHIN.total_seconds())
        limits = httpx.Limits(
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=IDLE_CONNECTION_KEPT.total_seconds(),
        )
        async with httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False) as client:
            application.state.proxy = Proxy(ports, client)
            yield

    async def ready(request: Request) -> Response:
        return PlainTextResponse("ready")

    async def pass_on(request: Request) -> Response:
        proxy: Proxy = request.app.state.proxy
        return await proxy.pass_on(request)

    endpoints = [Endpoint("/readyz", ready), Endpoint("/{path:path}", pass_on, methods=METHODS)]
    return Starlette(routes=endpoints, lifespan=lifespan)


def configuration(ports: Mapping[str, int], port: int) -> uvicorn.Config:
    """The proxy as a server. Nobody is in front of it, so what a request says of its origin is not believed."""
    return uvicorn.Config(
        build(ports),
        host=LOOPBACK,
        port=port,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=int(DRAIN_WITHIN.total_seconds()),
    )


def main() -> None:
    """Serve. The upstreams' ports come as JSON in TIERDESK_UPSTREAMS."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    upstreams = json.loads(os.environ["TIERDESK_UPSTREAMS"])
    uvicorn.Server(configuration(upstreams, parser.parse_args().port)).run()


if __name__ == "__main__":
    main()
