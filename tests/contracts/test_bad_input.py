"""Whatever is sent, the answer is the one the contract names, never a 500, and nothing is left behind."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import pytest

from shared import idempotency
from shared.api import BODY_LIMIT_BYTES, INT64_LIMIT
from shared.idempotency import KEY_LIMIT, Answer, Key
from shared.ids import new_id
from shared.strict_json import DEPTH_LIMIT
from support.operations import Operation, commanding_operations, json_operations
from support.requests import announced, fitting, owner_of, refused, send
from support.whole import Whole

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
pytestmark = pytest.mark.usefixtures("nothing_is_left_behind")

every_json_operation = pytest.mark.parametrize("operation", json_operations(), ids=str)
every_command = pytest.mark.parametrize("operation", commanding_operations(), ids=str)


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
