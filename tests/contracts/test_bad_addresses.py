"""Whatever a path or a query says, the answer is the one the contract names, never a 500."""

from typing import Final

import pytest

from shared.paging import cursor_of
from support.operations import Operation, operations
from support.requests import ask, fitting, refused
from support.whole import Whole

pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BAD_CURSORS: Final = (
    "!",
    "a",
    "bm90IGpzb24",
    "\x00",
    "é",
    cursor_of([]),
    cursor_of([None]),
    cursor_of([{"a": 1}]),
    cursor_of([10**30]),
    cursor_of(["\x00", "\ud800"]),
    cursor_of(["x"] * 50),
    "x" * 1001,
)
BAD_LIMITS: Final = ("0", "-1", "201", "abc", "1.5", "", str(10**30))
BAD_NAMES: Final = ("not-an-id", "%00", "%ED%A0%80", "..%2F..", "%F0%9F%98%80", "'", "-1", str(10**30), "x" * 2000)


@pytest.mark.parametrize("path", sorted({operation.path for operation in operations()}))
async def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(whole: Whole, path: str) -> None:
    there = {operation.method: operation for operation in operations() if operation.path == path}
    address = next(iter(there.values())).url()
    for method in METHODS:
        if method not in there:
            answer = await whole.client.request(method, address)
            refused(answer, 405)
            assert {name.strip() for name in answer.headers["allow"].split(",")} == there.keys(), method


OF_PLACES: Final = [operation for operation in operations() if operation.places]


@pytest.mark.parametrize("operation", OF_PLACES, ids=str)
async def test_a_name_in_a_path_that_is_none_is_refused(whole: Whole, operation: Operation) -> None:
    caller = operation.caller
    for name in BAD_NAMES:
        content = fitting(operation)
        headers = whole.headers(operation, caller, content) | {"if-match": '"1"'}
        address = operation.url(**dict.fromkeys(operation.places, name))
        answer = await whole.client.request(operation.method, address, content=content, headers=headers)
        expected = (401, 404) if caller == "vendor" else (404, 405, 422)
        assert answer.status_code in expected, (name, answer.status_code, answer.text[:300])
        refused(answer, *expected)


PAGED: Final = [operation for operation in operations() if {"after", "limit"} & operation.parameters.keys()]


@pytest.mark.parametrize("operation", PAGED, ids=str)
async def test_a_cursor_or_a_limit_that_is_none_is_refused(whole: Whole, operation: Operation) -> None:
    questions = [("after", value) for value in BAD_CURSORS] + [("limit", value) for value in BAD_LIMITS]
    for name, value in questions:
        if name in operation.parameters:
            answer = await ask(whole, operation, **{name: value})
            # A page of something that is not there may say so first.
            assert answer.status_code in (404, 422), (name, value, answer.text[:300])
            refused(answer, 404, 422)


@pytest.mark.parametrize("operation", [each for each in operations() if each.method == "GET"], ids=str)
async def test_a_question_with_bad_values_is_refused(whole: Whole, operation: Operation) -> None:
    asked = [name for name, one in operation.parameters.items() if one["in"] == "query"]
    for name in asked:
        for value in ("\x00", "x" * 5000, "ÿ\ufffd"):
            answer = await ask(whole, operation, **{name: value})
            assert answer.status_code < 500, (name, value, answer.text)
            assert answer.status_code != 200 or "\x00" not in value, (name, answer.text)
