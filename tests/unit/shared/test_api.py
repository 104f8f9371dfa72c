"""The grammar of endpoints: whether a command is called straight or through the framework, its contract is the same."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI, Response

from shared.api import Api, Body, CallerOf, Command, application
from shared.auth import anyone
from shared.db import Unavailable
from shared.ids import new_id
from shared.problems import conflict
from shared.vocabulary import Text

OPEN = anyone("it is a test")


class Say(Body):
    """A text."""

    text: Text


def built() -> FastAPI:
    api = Api("echo")

    async def said(body: Say, command: Command, caller: CallerOf) -> Any:
        if body.text == "conflict":
            raise conflict("taken", "Somebody was faster.")
        if body.text == "away":
            raise Unavailable("the database is away")
        return {"text": body.text, "key": command.key.key, "expected": command.expected, "caller": caller.id}

    @api.post("/straight", allow=OPEN)
    async def straight(body: Say, command: Command, caller: CallerOf) -> Response:
        return Response(json.dumps(await said(body, command, caller)), media_type="application/json")

    @api.post("/things/{thing}/straight", allow=OPEN)
    async def straight_below(thing: UUID, body: Say, command: Command, caller: CallerOf) -> Response:
        return Response(json.dumps(await said(body, command, caller) | {"thing": str(thing)}))

    @api.post("/framed", allow=OPEN)
    async def framed(body: Say, command: Command, caller: CallerOf) -> dict[str, Any]:
        answer: dict[str, Any] = await said(body, command, caller)
        return answer

    return application([api], title="Echo")


THING = new_id()
PATHS = ("/echo/straight", f"/echo/things/{THING}/straight", "/echo/framed")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=built())
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
async def test_a_command_is_told_its_key_version_and_caller(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path, json={"text": " hi "}, headers={"idempotency-key": "k", "if-match": '"7"'})
    assert answer.status_code == 200
    told = answer.json()
    assert {name: told[name] for name in ("text", "key", "expected", "caller")} == {
        "text": "hi",
        "key": "k",
        "expected": 7,
        "caller": "anyone",
    }
    assert told.get("thing") in (None, str(THING))


REFUSED: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "no key": (400, b'{"text":"hi"}', {}),
    "no key and a faulty body": (400, b'{"txt":"hi"}', {}),
    "a faulty version": (400, b'{"text":"hi"}', {"idempotency-key": "k", "if-match": "x"}),
    "no JSON": (400, b"{", {"idempotency-key": "k"}),
    "another type": (415, b'{"text":"hi"}', {"idempotency-key": "k", "content-type": "text/plain"}),
    "an unknown field": (422, b'{"text":"hi","more":1}', {"idempotency-key": "k"}),
    "no object": (422, b'["text"]', {"idempotency-key": "k"}),
    "an integer beyond int64": (422, b'{"text":99999999999999999999}', {"idempotency-key": "k"}),
    "too much": (413, b'{"text":"' + b"x" * 300_000 + b'"}', {"idempotency-key": "k"}),
    "what the domain refuses": (409, b'{"text":"conflict"}', {"idempotency-key": "k"}),
    "a database that is away": (503, b'{"text":"away"}', {"idempotency-key": "k"}),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_both_ways_refuse_the_same_with_the_same_words(client: httpx2.AsyncClient, case: str) -> None:
    status, body, headers = REFUSED[case]
    answers = [
        await client.post(path, content=body, headers={"content-type": "application/json"} | headers) for path in PATHS
    ]
    assert {answer.status_code for answer in answers} == {status}
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert len({answer.content for answer in answers}) == 1


async def test_a_path_that_does_not_fit_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/echo/things/7/straight", json={"text": "hi"}, headers={"idempotency-key": "k"})
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, ["path", "thing"])


def test_straight_commands_are_documented_like_all_others() -> None:
    paths = built().openapi()["paths"]
    for path in ("/echo/straight", "/echo/framed"):
        operation = paths[path]["post"]
        assert operation["x-allow"].startswith("anyone")
        assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/Say")
        assert {each["name"] for each in operation["parameters"]} == {"idempotency-key", "if-match"}
