"""Records that no consumer can handle, of ten kinds, made from events that are in order."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from shared.events import Envelope
from shared.ids import new_id

DEPTH: Final = 20_000
BEYOND_INT64: Final = 2**70


@dataclass(frozen=True)
class Raw:
    """A record as it is sent."""

    key: str
    type: str
    body: bytes


def raw(event: Envelope[Any]) -> Raw:
    """An event as its producer's relay sends it."""
    return Raw(event.subject, event.type, event.model_dump_json().encode())


def _with(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda body: json.dumps(json.loads(body) | changes).encode()


POISONS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        "nothing": lambda body: b"",
        "no JSON": lambda body: b"<event/>",
        "no text": lambda body: body.replace(b'"specversion"', b'"\xff\xfe"', 1),
        "cut off": lambda body: body[: len(body) // 2],
        "a list": lambda body: b"[" + body + b"]",
        "without its fact": _with(data={}),
        "a number that is none": _with(seq="many"),
        "a number beyond measure": _with(seq=BEYOND_INT64),
        "nested without end": lambda body: body[:-1] + b',"form":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "about another issue": lambda body: _with(subject=str(new_id()))(body),
    }
)
"""Kind to what it makes of a body in order."""


def poisoned(event: Envelope[Any], kind: str) -> Raw:
    """The event's record with a body that cannot be handled."""
    sound = raw(event)
    return Raw(sound.key, sound.type, POISONS[kind](sound.body))
