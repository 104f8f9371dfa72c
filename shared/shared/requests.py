"""What a request says: a bounded body of strict JSON, who sent it, under which key, expecting which version."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header
from pydantic import BaseModel, ConfigDict
from starlette.requests import ClientDisconnect, Request

from shared.auth import Caller
from shared.idempotency import KEY_LIMIT, Key
from shared.problems import Problem
from shared.strict_json import loads

BODY_LIMIT_BYTES: Final = 256 * 1024
INT64_LIMIT: Final = 2**63 - 1


class Body(BaseModel):
    """A request body: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StrictRequest(Request):
    """A request whose body is bounded and whose JSON is strict."""

    async def body(self) -> bytes:
        """The whole body. Raises Problem 413 before more than the limit is kept."""
        if not hasattr(self, "_body"):
            body, more = b"", True
            while more:
                piece, more = await self._next_piece()
                body += piece
                if len(body) > BODY_LIMIT_BYTES:
                    raise too_large(BODY_LIMIT_BYTES)
            self._body = body
        return self._body

    async def _next_piece(self) -> tuple[bytes, bool]:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message.get("body", b""), message.get("more_body", False)

    async def json(self) -> Any:
        """The body's value, strictly."""
        if not hasattr(self, "_json"):
            self._json = loads(await self.body())
        return self._json


def too_large(limit_bytes: int) -> Problem:
    """413: the body exceeds the limit."""
    return Problem(413, "too-large", f"The body exceeds {limit_bytes} bytes.")


async def read_caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def read_request(request: Request) -> Request:
    return request


CallerOf = Annotated[Caller, Depends(read_caller)]
"""Parameter type: who sent the request."""


@dataclass(frozen=True, slots=True)
class CommandHeaders:
    """What a commanding request says besides its body. expected: the version in If-Match, or None."""

    caller: Caller
    key: Key
    expected: int | None


async def _idempotency_key(
    idempotency_key: Annotated[str | None, Header(description="Required; the same key, the same effect.")] = None,
) -> str:
    if idempotency_key is None or not 0 < len(idempotency_key) <= KEY_LIMIT or not idempotency_key.isprintable():
        raise Problem(400, "idempotency-key-missing", f"Send an Idempotency-Key of 1 to {KEY_LIMIT} characters.")
    return idempotency_key


def request_digest(request: Request, content: bytes) -> bytes:
    """What makes two requests the same: method, path and content."""
    return hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode() + content).digest()


IdempotencyKey = Annotated[str, Depends(_idempotency_key)]
"""Parameter type: the key alone, for requests whose body is not JSON."""


async def _command(
    request: Request,
    key: IdempotencyKey,
    if_match: Annotated[str | None, Header(description='Expected version, as `"7"`.')] = None,
) -> CommandHeaders:
    caller: Caller = request.state.caller
    return CommandHeaders(
        caller, Key(caller.key, key, request_digest(request, await request.body())), _version(if_match)
    )


async def read_command(request: Request) -> CommandHeaders:
    """`_command` for who calls an endpoint straight."""
    headers = request.headers
    return await _command(request, await _idempotency_key(headers.get("idempotency-key")), headers.get("if-match"))


Command = Annotated[CommandHeaders, Depends(_command)]
"""Parameter type: caller, idempotency key and expected version of a commanding request."""


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    version = number_in(if_match.strip().removeprefix('"').removesuffix('"'))
    if version > INT64_LIMIT:
        raise Problem(400, "malformed-if-match", 'If-Match must hold a version, as in `"7"`.')
    return version


def number_in(digits: str) -> int:
    """The number that ASCII digits say; beyond int64 when they are none or too many."""
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 20 else INT64_LIMIT + 1


def etag(version: int) -> tuple[str, str]:
    """The header that tells a version."""
    return ("etag", f'"{version}"')
