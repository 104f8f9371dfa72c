"""Requests that are complete and signed but for what a test makes wrong, and the shape of all refusals."""

import asyncio
import json
from urllib.parse import quote

import httpx2

from shared.problems import MEDIA_TYPE
from support.operations import Operation
from support.running import ANSWER_WITHIN_SECONDS, HOST
from support.whole import VENDOR, Whole


async def send(whole: Whole, operation: Operation, content: bytes, **headers: str | None) -> httpx2.Response:
    """A signed request with this body. headers: replaced; those that are None are left away."""
    given = whole.headers(operation, operation.caller, content)
    changed = given | {name.replace("_", "-"): value for name, value in headers.items()}
    return await whole.client.request(
        operation.method,
        operation.url(vendor_id=VENDOR if operation.caller == "vendor" else ""),
        params=operation.query(),
        content=content,
        headers={name.encode(): value.encode() for name, value in changed.items() if value is not None},
    )


async def announced(whole: Whole, operation: Operation, size_bytes: int) -> int:
    """The status of the answer to a request whose body is announced and never sent."""
    headers = whole.headers(operation, operation.caller) | {"host": "localhost", "content-length": f"{size_bytes}"}
    lines = [f"{operation.method} {operation.url()} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    reader, writer = await asyncio.open_connection(HOST, whole.client.base_url.port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def refused(answer: httpx2.Response, *statuses: int) -> None:
    """It is one of these refusals, in the shape of all refusals."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == MEDIA_TYPE
    if answer.request.method != "HEAD":
        assert answer.json()["status"] == answer.status_code


async def ask(whole: Whole, operation: Operation, **question: str) -> httpx2.Response:
    """Read with this in the query."""
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in (operation.query() | question).items())
    headers = whole.headers(operation, operation.caller)
    return await whole.client.get(f"{operation.url()}?{query}", headers=headers)


def fitting(operation: Operation) -> bytes:
    """A body that fits, or none where none is taken."""
    return b"" if operation.schema is None else json.dumps(operation.body()).encode()


def owner_of(operation: Operation) -> str:
    """Whose idempotency keys the caller of an operation uses."""
    caller = operation.caller
    return "application:shop" if caller == "application" else f"staff:{caller}"
