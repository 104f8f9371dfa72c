"""Whatever is sent, the answer is the one the contract names, never a 500, and nothing is left behind."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx2
import pytest

from shared import idempotency
from shared.api import BODY_LIMIT_BYTES, INT64_LIMIT
from shared.idempotency import KEY_LIMIT, Answer, Key
from shared.ids import new_id
from shared.paging import cursor_of
from shared.problems import MEDIA_TYPE
from shared.strict_json import DEPTH_LIMIT
from support.operations import Operation, commanding_operations, json_operations, operations
from support.running import ANSWER_WITHIN_SECONDS, HOST
from support.whole import Whole

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SURPLUS: Final = "surplus"

NOT_JSON: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "half a document": b'{"text": ',
    "a key twice": b'{"text": "a", "text": "b"}',
    "a key twice, deep down": b'{"text": {"a": 1, "a": 2}}',
    "NaN": b'{"text": NaN}',
    "infinity": b'{"text": -Infinity}',
    "lists too deep": b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1),
    "objects too deep": b'{"a":' * (DEPTH_LIMIT + 1) + b"1" + b"}" * (DEPTH_LIMIT + 1),
    "deeper than any stack": b"[" * 100_000,
    "no UTF-8": b'{"text": "\xff"}',
    "another encoding": '{"text": "a"}'.encode("utf-16"),
    "single quotes": b"{'text': 'a'}",
    "two documents": b"{} {}",
}
NOT_TEXT: Final = {"no UTF-8", "another encoding"}
UNFIT: Final[Mapping[str, bytes]] = {
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "an integer beyond int64": b'{"surplus": 9223372036854775808}',
    "a negative integer beyond int64": b'{"surplus": -9223372036854775809}',
    "an integer of a thousand digits": b'{"surplus": ' + b"9" * 1000 + b"}",
    "a number too large": b'{"surplus": 1e999}',
    "U+0000": b'{"surplus": "\\u0000"}',
    "U+0000 in a key": b'{"sur\\u0000plus": 1}',
    "a lone surrogate": b'{"surplus": "\\ud800"}',
}
BAD_VALUES: Final[Mapping[str, Any]] = {
    "U+0000": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "a number": 7,
    "an object": {"a": 1},
    "a huge text": "x" * 100_000,
}
BAD_VERSIONS: Final = ("abc", '"abc"', 'W/"1"', "*", '"-1"', '"1.5"', '"1", "2"', '""', f'"{INT64_LIMIT + 1}"', '"²"')
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

every_json_operation = pytest.mark.parametrize("operation", json_operations(), ids=str)
every_command = pytest.mark.parametrize("operation", commanding_operations(), ids=str)


@pytest.fixture(scope="module", autouse=True)
async def nothing_is_left_behind(whole: Whole) -> AsyncIterator[None]:
    """Refused requests have no effect whatever: the tables hold what they held."""
    before = await whole.rows()
    yield
    assert await whole.rows() == before


async def send(whole: Whole, operation: Operation, content: bytes, **headers: str | None) -> httpx2.Response:
    """A signed request with this body. headers: replaced; those that are None are left away."""
    given = whole.headers(operation, operation.caller, content)
    changed = given | {name.replace("_", "-"): value for name, value in headers.items()}
    return await whole.client.request(
        operation.method,
        operation.url(vendor_id="acme" if operation.caller == "vendor" else ""),
        params=operation.query(),
        content=content,
        headers={name.encode(): value.encode() for name, value in changed.items() if value is not None},
    )


async def announced(whole: Whole, operation: Operation, size_bytes: int) -> int:
    """The status of the answer to a request whose body is announced and never sent."""
    headers = whole.headers(operation, operation.caller) | {"host": "localhost", "content-length": f"{size_bytes}"}
    lines = [f"{operation.method} {operation.url()} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    reader, writer = await asyncio.open_connection(HOST, whole.client.base_url.port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            return int((await reader.readline()).split()[1])
    finally:
        writer.close()


def refused(answer: httpx2.Response, *statuses: int) -> None:
    """It is one of these refusals, in the shape of all refusals."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == MEDIA_TYPE
    if answer.request.method != "HEAD":
        assert answer.json()["status"] == answer.status_code


@every_json_operation
async def test_the_smallest_body_that_fits_is_understood(whole: Whole, operation: Operation) -> None:
    """Otherwise the tests below would be refused for another reason than theirs. It names nothing that exists."""
    if operation.places:
        answer = await send(whole, operation, json.dumps(operation.body()).encode(), if_match='"1"')
        assert answer.status_code in (200, 404), answer.text


@every_json_operation
async def test_a_body_that_is_too_large_is_refused_before_it_is_kept(whole: Whole, operation: Operation) -> None:
    large = b'{"text": "' + b"x" * BODY_LIMIT_BYTES + b'"}'
    refused(await send(whole, operation, large), 413)
    if operation.caller != "vendor":  # whose signature cannot be known before the body
        assert await announced(whole, operation, BODY_LIMIT_BYTES + 1) == 413


@every_json_operation
async def test_a_body_that_grows_too_large_without_saying_so_is_refused(whole: Whole, operation: Operation) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(BODY_LIMIT_BYTES // 1024 + 1):
            yield b" " * 1024

    headers = whole.headers(operation, operation.caller)
    answer = await whole.client.request(
        operation.method, operation.url(vendor_id="acme"), content=pieces(), headers=headers
    )
    refused(answer, 413)


@every_json_operation
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", None])
async def test_a_body_of_another_type_is_refused(whole: Whole, operation: Operation, kind: str | None) -> None:
    refused(await send(whole, operation, json.dumps(operation.body()).encode(), content_type=kind), 415)


@every_json_operation
async def test_a_body_that_is_no_strict_json_is_malformed(whole: Whole, operation: Operation) -> None:
    for fault, content in NOT_JSON.items():
        answer = await send(whole, operation, content)
        # Who signs what is not even text is nobody.
        expected = 401 if operation.caller == "vendor" and fault in NOT_TEXT else 400
        assert answer.status_code == expected, (fault, answer.text)
        refused(answer, expected)


@every_json_operation
async def test_a_body_that_does_not_fit_is_refused(whole: Whole, operation: Operation) -> None:
    for fault, content in UNFIT.items():
        answer = await send(whole, operation, content)
        assert answer.status_code == 422, (fault, answer.text)
        refused(answer, 422)


@every_json_operation
async def test_an_unknown_field_is_refused_and_named(whole: Whole, operation: Operation) -> None:
    answer = await send(whole, operation, json.dumps(operation.body() | {SURPLUS: "x"}).encode())
    refused(answer, 422)
    assert SURPLUS in answer.text


@every_json_operation
async def test_a_field_that_is_missing_is_refused(whole: Whole, operation: Operation) -> None:
    body = operation.body()
    for name in body:
        rest = {other: value for other, value in body.items() if other != name}
        refused(await send(whole, operation, json.dumps(rest).encode()), 422)


@every_json_operation
async def test_a_field_with_a_bad_value_is_refused(whole: Whole, operation: Operation) -> None:
    for name in operation.fields("string"):
        for fault, value in BAD_VALUES.items():
            content = json.dumps(operation.body() | {name: value}).encode()
            answer = await send(whole, operation, content)
            assert answer.status_code == 422, (name, fault, answer.text[:300])
    for name in operation.fields("integer"):
        for number in (2**31, INT64_LIMIT, -INT64_LIMIT, INT64_LIMIT + 1, 0.5):
            content = json.dumps(operation.body() | {name: number}).encode()
            answer = await send(whole, operation, content)
            assert answer.status_code == 422, (name, number, answer.text[:300])


@every_command
@pytest.mark.parametrize("key", [None, "", "x" * (KEY_LIMIT + 1), "a\tb"])
async def test_a_command_without_a_key_is_refused(whole: Whole, operation: Operation, key: str | None) -> None:
    answer = await send(whole, operation, fitting(operation), idempotency_key=key)
    refused(answer, 400)
    assert answer.json()["type"].endswith("idempotency-key-missing")


@every_command
async def test_a_key_that_was_used_for_another_request_is_refused(whole: Whole, operation: Operation) -> None:
    caller, key = owner_of(operation), str(new_id())
    service = whole.services[operation.service]
    used = Key(caller, key, digest=b"of another request")
    async with service.db.transaction() as tx:
        await idempotency.store(tx, [(used, Answer(200, b"{}"))])
    try:
        answer = await send(whole, operation, fitting(operation), idempotency_key=key, if_match='"1"')
        refused(answer, 422)
        assert answer.json()["type"].endswith("idempotency-key-reused")
    finally:
        async with service.db.transaction() as tx:
            await tx.fetch("DELETE FROM idempotency WHERE caller = $1 AND key = $2", caller, key)


@every_command
async def test_a_version_that_is_none_is_refused(whole: Whole, operation: Operation) -> None:
    if "if-match" in operation.parameters:
        for version in BAD_VERSIONS:
            answer = await send(whole, operation, fitting(operation), if_match=version)
            assert answer.status_code == 400, (version, answer.text)
            refused(answer, 400)


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


async def ask(whole: Whole, operation: Operation, **question: str) -> httpx2.Response:
    """Read with this in the query."""
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in (operation.query() | question).items())
    headers = whole.headers(operation, operation.caller)
    return await whole.client.get(f"{operation.url()}?{query}", headers=headers)


def fitting(operation: Operation) -> bytes:
    """A body that fits, or none where none is taken."""
    return b"" if operation.schema is None else json.dumps(operation.body()).encode()


def owner_of(operation: Operation) -> str:
    """Whose idempotency keys the caller of an operation uses."""
    caller = operation.caller
    return "application:shop" if caller == "application" else f"staff:{caller}"
