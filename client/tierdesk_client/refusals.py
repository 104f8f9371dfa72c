"""What goes wrong, as the caller can tell it apart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_NAMED: Final = frozenset({"type", "title", "status", "detail"})


@dataclass
class Refused(Exception):
    """An answer that is not the one hoped for: a problem (RFC 9457).

    type: a stable name, e.g. `urn:tierdesk:problem:stale-version`; more: what else the problem says, e.g. `version`.
    """

    request: str
    status: int
    type: str
    title: str
    detail: str | None
    more: Mapping[str, Any]

    def __str__(self) -> str:
        told = f": {self.detail}" if self.detail else ""
        return f"{self.request}: {self.status} {self.title}{told}"


class NoAnswer(Exception):
    """No attempt got an answer: whether the request had an effect is unknown."""


def refusal_of(request: str, status: int, content: bytes) -> Refused:
    """The refusal that an answer is, also when something before the service gave it and it is no problem."""
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Refused(request, status, "about:blank", content[:300].decode(errors="replace"), None, {})
    more = {name: value for name, value in said.items() if name not in _NAMED}
    return Refused(request, status, said.get("type", "about:blank"), said.get("title", ""), said.get("detail"), more)
