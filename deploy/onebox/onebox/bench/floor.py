"""What our figures are measured against: a bare FastAPI endpoint that inserts one row with asyncpg, nothing more.

`--empty` answers every request at once without looking at it: it shows how fast the load itself is.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, cast
from uuid import uuid4

import asyncpg
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from onebox.ports import LOOPBACK

FLOOR_DATABASE: Final = "tierdesk_bench_floor"
"""In the server of what is measured, so that both write to the same disk."""
CONNECTIONS: Final = 10
"""asyncpg's own default for a pool."""
EMPTY_ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Customer(BaseModel):
    """Who asks."""

    name: str
    email: str


class Post(BaseModel):
    """The same body that intake is posted."""

    customer: Customer
    title: str
    text: str


def build(database_url: str) -> FastAPI:
    """One endpoint, one insert, one commit."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.post("/floor", status_code=202)
    async def floor(body: Post, request: Request) -> dict[str, str]:
        identity = uuid4()
        await request.app.state.pool.execute(
            "INSERT INTO post (id, name, email, title, text) VALUES ($1, $2, $3, $4, $5)",
            identity,
            body.customer.name,
            body.customer.email,
            body.title,
            body.text,
        )
        return {"id": str(identity)}

    @app.get("/readyz")
    async def readyz() -> Response:
        return Response("ready")

    return app


async def make_database(administrator_url: str) -> str:
    """The floor's own database with its empty table; its address."""
    database_url = f"{administrator_url.rpartition('/')[0]}/{FLOOR_DATABASE}"
    await drop_database(administrator_url)
    connection = await asyncpg.connect(administrator_url)
    try:
        await connection.execute(f"CREATE DATABASE {FLOOR_DATABASE}")
    finally:
        await connection.close()
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            "CREATE TABLE post (id uuid PRIMARY KEY, name text NOT NULL, email text NOT NULL, title text NOT NULL, "
            "text text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())"
        )
    finally:
        await connection.close()
    return database_url


async def drop_database(administrator_url: str) -> None:
    """Leave nothing on a server that is not ours."""
    connection = await asyncpg.connect(administrator_url)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {FLOOR_DATABASE} WITH (FORCE)")
    finally:
        await connection.close()


class Empty(asyncio.Protocol):
    """Answers each request as soon as its body's last byte may have come; requests here fit one packet."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        # Requests are smaller than a loopback packet, and the load sends one at a time: one piece, one request.
        self._transport.write(EMPTY_ANSWER)


async def serve_empty(port: int) -> None:
    """Serve until cancelled."""
    server = await asyncio.get_running_loop().create_server(Empty, LOOPBACK, port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve one or the other on a loopback port."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--empty", action="store_true")
    options = parser.parse_args()
    if options.empty:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_empty(options.port))
    else:
        app = build(os.environ["FLOOR_DATABASE_URL"])
        uvicorn.run(app, host=LOOPBACK, port=options.port, access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
