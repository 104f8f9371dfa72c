"""The grammar of every endpoint: who may call it, problem+json out, and requests as `shared.requests` reads them."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar, Final

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from shared.auth import Allow
from shared.commands import Read, straight
from shared.db import Unavailable
from shared.documents import PROBLEM_SCHEMA, Examples, complete
from shared.problems import MEDIA_TYPE, Problem, invalid, unavailable, unexpected
from shared.requests import (
    BODY_LIMIT_BYTES,
    INT64_LIMIT,
    Body,
    CallerOf,
    Command,
    CommandHeaders,
    IdempotencyKey,
    StrictRequest,
    etag,
    number_in,
    read_caller,
    read_command,
    read_request,
    request_digest,
    too_large,
)

__all__ = [
    "BODY_LIMIT_BYTES",
    "INT64_LIMIT",
    "Api",
    "Body",
    "CallerOf",
    "Command",
    "CommandHeaders",
    "IdempotencyKey",
    "StrictRequest",
    "Undeclared",
    "application",
    "etag",
    "request_digest",
    "too_large",
]

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _Guarded(APIRoute):
    """Authenticates, then bounds and types the body, then has it validated and acted on."""

    ALLOW: ClassVar[Allow]
    LIMIT_BYTES: ClassVar[int]

    def get_route_handler(self) -> Handler:
        takes_json = self.body_field is not None
        known: dict[Any, Read] = {Command: read_command, CallerOf: read_caller, Request: read_request}
        self.straight = straight(self.endpoint, set(self.param_convertors), known)
        handle = self.straight or super().get_route_handler()

        async def guarded(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            await _admit(strict, self.ALLOW, self.LIMIT_BYTES)
            if takes_json:
                _check_type(strict)
                # Parsed here, because the framework would turn every refusal of its parser into a 400.
                await strict.json()
            return await handle(strict)

        self.guarded = guarded
        return guarded


async def _admit(request: StrictRequest, allow: Allow, limit_bytes: int) -> None:
    """Note who calls. Raises Problem 401, 403, or 413 for a body that announces itself as too large."""
    request.state.caller = await allow.authenticate(request)
    length = request.headers.get("content-length")
    if length is not None and number_in(length) > limit_bytes:
        raise too_large(limit_bytes)


def _check_type(request: Request) -> None:
    """Raises Problem 415 when the body is not announced as JSON."""
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
        extra = {"x-allow": allow.who} | options.pop("openapi_extra", {})
        guarded = type("Guarded", (_Guarded,), {"ALLOW": allow, "LIMIT_BYTES": limit_bytes})

        def register(endpoint: Callable[..., Any]) -> Callable[..., Any]:
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                route_class_override=guarded,
                openapi_extra=extra,
                responses=_REFUSED | options.pop("responses", {}),
                **options,
            )
            return endpoint

        return register


_REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "Refused.", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}
}


class Undeclared(Exception):
    """An endpoint does not say who may call it: give it to its service by `Api`, with `allow`."""


class _Application(FastAPI):
    """Takes straight commands past the framework's layers when their path is fixed, and the rest through them."""

    def __init__(self, apis: Sequence[Api], examples: Examples, **options: Any) -> None:
        super().__init__(**options)
        self._examples = examples
        self._shortcuts: dict[tuple[str, str], _Guarded] = {}
        for route in (route for api in apis for route in api.router.routes):
            if not isinstance(route, _Guarded):
                raise Undeclared(route)
            # Not `include_router`, which would match every request twice.
            self.router.routes.append(route)
            if route.straight and not route.param_convertors:
                self._shortcuts |= {(method, route.path): route for method in route.methods or ()}
        for kind, handler in _REFUSALS.items():
            self.add_exception_handler(kind, handler)
        self.add_exception_handler(Exception, _on_anything)

    def openapi(self) -> dict[str, Any]:
        """The document, made when it is first asked for."""
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi(), self._examples)
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._shortcuts.get((scope.get("method", ""), scope.get("path", "")))
        if route is None:
            await super().__call__(scope, receive, send)
            return
        scope["route"], scope["path_params"] = route, {}
        request = Request(scope, receive)
        try:
            response = await route.guarded(request)
        except tuple(_REFUSALS) as error:
            response = await next(answer for kind, answer in _REFUSALS.items() if isinstance(error, kind))(
                request, error
            )
        await response(scope, receive, send)


def application(apis: Sequence[Api], *, title: str, examples: Examples | None = None) -> FastAPI:
    """The ASGI application of one service's endpoints. examples: of fields, for its document.

    Raises Undeclared when an endpoint does not say who may call it.
    """
    prefix = f"/{apis[0].service}"
    return _Application(
        apis,
        examples or {},
        title=title,
        openapi_url=f"{prefix}/openapi.json",
        # The framework's page of documentation would load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"where": list(fault["loc"]), "what": fault["msg"]} for fault in error.errors()]
    return invalid("The request does not fit the contract.", faults=faults).response()


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return Problem(405, "method-not-allowed", headers={"Allow": ", ".join(_methods(request))}).response()
    kinds = {404: "not-found", 400: "malformed"}
    return Problem(error.status_code, kinds.get(error.status_code, "refused"), headers=error.headers).response()


def _methods(request: Request) -> list[str]:
    """The methods of a path; the framework names only those of the first route that has it."""
    routes: Sequence[BaseRoute] = request.app.routes
    fitting = (route for route in routes if isinstance(route, Route) and route.matches(request.scope)[0] != Match.NONE)
    return sorted({method for route in fitting for method in route.methods or ()})


async def _on_unavailable(_request: Request, _error: Exception) -> Response:
    return unavailable().response()


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    """Nobody reads this answer: the client went away while it was sending."""
    return Problem(400, "incomplete").response()


_REFUSALS: Final[dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]] = {
    Problem: _on_problem,
    RequestValidationError: _on_invalid,
    HTTPException: _on_http,
    Unavailable: _on_unavailable,
    ClientDisconnect: _on_disconnect,
}


async def _on_anything(_request: Request, _error: Exception) -> Response:
    """The answer for what was not foreseen; the framework raises the error on, and the edge logs it."""
    return unexpected().response()
