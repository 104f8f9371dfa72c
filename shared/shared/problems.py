"""Problem details (RFC 9457): every refusal has one shape, names its kind and says what the caller can do."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from shared import trace

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Exception):
    """A refusal that the caller is told about. kind: a stable slug; detail: one sentence; more: extra members."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail or kind)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def members(self) -> dict[str, Any]:
        """What is sent, as it is said."""
        title = self.kind.replace("-", " ").capitalize()
        members: dict[str, Any] = {"type": f"urn:tierdesk:problem:{self.kind}", "title": title, "status": self.status}
        if self.detail is not None:
            members["detail"] = self.detail
        return members | self.more

    def body(self) -> bytes:
        """The JSON that is sent."""
        return json.dumps(self.members(), default=str, ensure_ascii=False).encode()

    def response(self) -> Response:
        """The answer to send."""
        return Response(self.body(), self.status, self.headers, MEDIA_TYPE)


def unauthenticated() -> Problem:
    """401 with one constant body, whatever was wrong."""
    return Problem(401, "unauthenticated", headers={"WWW-Authenticate": "Bearer"})


def forbidden() -> Problem:
    """403: known, but not allowed."""
    return Problem(403, "forbidden", "Your role does not allow this.")


def not_found() -> Problem:
    """404 with identical bytes for what does not exist and what belongs to somebody else."""
    return Problem(404, "not-found")


def invalid(detail: str, **more: Any) -> Problem:
    """422: understood but unacceptable."""
    return Problem(422, "invalid", detail, **more)


def conflict(kind: str, detail: str, **more: Any) -> Problem:
    """409: illegal in the present state."""
    return Problem(409, kind, detail, **more)


def stale(version: int) -> Problem:
    """412: somebody changed it since; `version` is the present one."""
    return Problem(412, "stale-version", "It has changed since you read it.", version=version)


def unavailable(retry_after_seconds: int = 1) -> Problem:
    """503: a part we depend on is away; nothing was done."""
    detail = "A part this needs is away for the moment; nothing was done."
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(retry_after_seconds)})


def unexpected() -> Problem:
    """500 with a correlation id only."""
    return Problem(500, "unexpected", correlation=trace.trace_id())
