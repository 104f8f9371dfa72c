"""W3C trace context: one trace from a customer's request through every service and topic."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> str | None:
    """The traceparent of what is being worked on, or None outside of any."""
    return _current.get()


def trace_id() -> str | None:
    """The 32 hex digits that all logs and events of one request share."""
    parent = _current.get()
    return None if parent is None else parent[3:35]


@contextmanager
def continued(parent: str | None) -> Iterator[str]:
    """Work as a child of `parent`; a missing or malformed one starts a new trace."""
    known = None if parent is None else _TRACEPARENT.fullmatch(parent)
    trace = known[1] if known else secrets.token_hex(16)
    token = _current.set(f"00-{trace}-{secrets.token_hex(8)}-01")
    try:
        yield f"00-{trace}"
    finally:
        _current.reset(token)
