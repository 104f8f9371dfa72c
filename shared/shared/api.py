"""The grammar of every endpoint: who may call it, strict JSON in, problem+json out, idempotency keys and versions."""

import hashlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Header
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.auth import Allow, Caller
from shared.db import Unavailable
from shared.idempotency import KEY_LIMIT, Key
from shared.problems import MEDIA_TYPE, Problem, invalid, unavailable, unexpected
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
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > BODY_LIMIT_BYTES:
                    raise too_large(BODY_LIMIT_BYTES)
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """The body's value, strictly."""
        if not hasattr(self, "_json"):
            self._json = loads(await self.body())
        return self._json


def too_large(limit_bytes: int) -> Problem:
    """413: the body exceeds the limit."""
    return Problem(413, "too-large", f"The body exceeds {limit_bytes} bytes.")


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def _guarded(allow: Allow, limit_bytes: int) -> type[APIRoute]:
    class Guarded(APIRoute):
        """Authenticates, then bounds and types the body, then lets FastAPI validate it."""

        def get_route_handler(self) -> Handler:
            handle = super().get_route_handler()
            takes_json = self.body_field is not None

            async def guarded(request: Request) -> Response:
                strict = StrictRequest(request.scope, request.receive)
                strict.state.caller = await allow.authenticate(strict)
                _check_length(strict, limit_bytes)
                if takes_json:
                    _check_type(strict)
                return await handle(strict)

            return guarded

    return Guarded


def _check_length(request: Request, limit_bytes: int) -> None:
    length = request.headers.get("content-length")
    if length is not None and (not length.isdecimal() or int(length) > limit_bytes):
        raise too_large(limit_bytes)


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "")
    if kind != "application/json" and kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "unsupported-media-type", "Send application/json.")


class Api:
    """A service's endpoints; each declares who may call it."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.router = APIRouter(prefix=f"/{service}", tags=[service])

    def get(self, path: str, *, allow: Allow, **options: Any) -> Callable[..., Any]:
        """Read; never changes anything."""
        return self._route("GET", path, allow, **options)

    def post(self, path: str, *, allow: Allow, **options: Any) -> Callable[..., Any]:
        """Create or command."""
        return self._route("POST", path, allow, **options)

    def put(self, path: str, *, allow: Allow, **options: Any) -> Callable[..., Any]:
        """Replace."""
        return self._route("PUT", path, allow, **options)

    def delete(self, path: str, *, allow: Allow, **options: Any) -> Callable[..., Any]:
        """Remove."""
        return self._route("DELETE", path, allow, **options)

    def _route(
        self, method: str, path: str, allow: Allow, *, limit_bytes: int = BODY_LIMIT_BYTES, **options: Any
    ) -> Callable[..., Any]:
        def register(endpoint: Callable[..., Any]) -> Callable[..., Any]:
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                route_class_override=_guarded(allow, limit_bytes),
                openapi_extra={"x-allow": allow.who},
                responses={"4XX": {"description": "Refused.", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}},
                **options,
            )
            return endpoint

        return register


PROBLEM_SCHEMA: Final = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def application(apis: Sequence[Api], *, title: str) -> FastAPI:
    """The ASGI application of one service's endpoints."""
    prefix = f"/{apis[0].service}"
    app = FastAPI(title=title, openapi_url=f"{prefix}/openapi.json", docs_url=f"{prefix}/docs", redoc_url=None)
    for api in apis:
        app.include_router(api.router)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Unavailable, _on_unavailable)
    app.add_exception_handler(Exception, _on_anything)
    return app


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"where": list(fault["loc"]), "what": fault["msg"]} for fault in error.errors()]
    return invalid("The request does not fit the contract.", faults=faults).response()


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "not-found", 405: "method-not-allowed", 400: "malformed"}
    return Problem(error.status_code, kinds.get(error.status_code, "refused"), headers=error.headers).response()


async def _on_unavailable(_request: Request, _error: Exception) -> Response:
    return unavailable().response()


async def _on_anything(_request: Request, _error: Exception) -> Response:
    """The answer for what was not foreseen; the framework raises the error on, and the edge logs it."""
    return unexpected().response()


async def _caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


CallerOf = Annotated[Caller, Depends(_caller)]
"""Parameter type: who sent the request."""


@dataclass(frozen=True, slots=True)
class CommandHeaders:
    """What a commanding request says besides its body. expected: the version in If-Match, or None."""

    caller: Caller
    key: Key
    expected: int | None


async def _command(
    request: Request,
    idempotency_key: Annotated[str | None, Header(description="Required; the same key, the same effect.")] = None,
    if_match: Annotated[str | None, Header(description='Expected version, as `"7"`.')] = None,
) -> CommandHeaders:
    if idempotency_key is None or not 0 < len(idempotency_key) <= KEY_LIMIT or not idempotency_key.isprintable():
        raise Problem(400, "idempotency-key-missing", f"Send an Idempotency-Key of 1 to {KEY_LIMIT} characters.")
    caller: Caller = request.state.caller
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + await request.body()).digest()
    return CommandHeaders(caller, Key(caller.key, idempotency_key, digest), _version(if_match))


Command = Annotated[CommandHeaders, Depends(_command)]
"""Parameter type: caller, idempotency key and expected version of a commanding request."""


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    digits = if_match.strip().removeprefix('"').removesuffix('"')
    if not digits.isdecimal() or not digits.isascii() or int(digits) > INT64_LIMIT:
        raise Problem(400, "malformed-if-match", 'If-Match must hold a version, as in `"7"`.')
    return int(digits)


def etag(version: int) -> tuple[str, str]:
    """The header that tells a version."""
    return ("etag", f'"{version}"')
