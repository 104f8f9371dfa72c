"""JSON as strictly as a contract deserves: no duplicate keys, no NaN, bounded depth, no text a database cannot keep."""

import json
import math
import re
from typing import Any, Final, NoReturn

from shared.problems import Problem, invalid

DEPTH_LIMIT: Final = 32
INTEGER_LIMIT_DIGITS: Final = 20
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def loads(body: bytes) -> Any:
    """The value in a body. Raises Problem 400 for malformed JSON, 422 for what a database cannot keep."""
    if body.count(b"[") + body.count(b"{") > DEPTH_LIMIT:
        _check_depth(body)
    try:
        value = _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise Problem(400, "malformed-json", f"The body is not JSON: {error}"[:300]) from error
    if b"\\u" in body:
        _check_text(value)
    return value


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in _STRUCTURE.findall(body):
        depth += (token in b"[{") - (token in b"]}")
        if depth > DEPTH_LIMIT:
            raise Problem(400, "malformed-json", f"The body is nested deeper than {DEPTH_LIMIT} levels.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key appears twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= INTEGER_LIMIT_DIGITS else None
    if number is None or not -(2**63) <= number < 2**63:
        raise invalid("An integer is beyond 64 bits.")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise invalid("A number is too large.")
    return number


def _check_text(value: Any) -> None:
    """Escapes can smuggle in what UTF-8 cannot: look at every string once."""
    match value:
        case str():
            if "\x00" in value or (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)):
                raise invalid("Text must not contain U+0000 or a lone surrogate.")
        case dict():
            for key, member in value.items():
                _check_text(key)
                _check_text(member)
        case list():
            for member in value:
                _check_text(member)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_finite, parse_constant=_refuse_constant
)
