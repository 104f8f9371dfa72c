"""The outermost ASGI layer of a process: routes by service, continues traces, measures, and never leaks a fault."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import trace
from shared.problems import unexpected
from shared.telemetry import REQUESTS, log

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Edge:
    """Sends `/<service>/…` to that service's application and everything else to `fallback`."""

    def __init__(self, applications: Mapping[str, ASGIApp], fallback: ASGIApp) -> None:
        self._applications = applications
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        service = scope["path"].split("/", 2)[1] if "/" in scope["path"] else ""
        application = self._applications.get(service, self._fallback)
        with trace.continued(_header(scope, b"traceparent")) as parent:
            await _Exchange(service if application is not self._fallback else "process", parent).run(
                application, scope, receive, send
            )


class _Exchange:
    """One request and its answer."""

    def __init__(self, service: str, parent: str) -> None:
        self._service = service
        self._parent = parent
        self._started = time.perf_counter()
        self._status = 0

    async def run(self, application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    *SECURITY_HEADERS,
                    (b"x-request-id", self._parent[3:].encode()),
                ]
            await send(message)

        try:
            await application(scope, receive, sending)
        except Exception:  # noqa: BLE001  The last line of defence: the unforeseen becomes an answer without details.
            log().exception("request failed", service=self._service, path=scope["path"])
            if not self._status:
                await unexpected().response()(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            seconds = time.perf_counter() - self._started
            _measured(self._service, scope["method"], route, str(self._status)).observe(seconds)


@cache
def _measured(*labels: str) -> Histogram:
    """The histogram of these labels; looking it up anew would cost as much as routing the request."""
    measured: Histogram = REQUESTS.labels(*labels)
    return measured


def _header(scope: Mapping[str, Any], name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None
