"""Client applications post issues and follow them, on a real database and broker."""

import asyncio
import os
from collections import Counter
from typing import Any

import pytest

from shared.ids import new_id
from shared.vocabulary import TEXT_LIMIT
from support.intake import ADA, ISSUE, Intake, Shop
from support.people import as_command, bearer
from support.running import rows

SCALE = float(os.environ.get("TIERDESK_CHAOS_SCALE", "0.1"))
KEYS = max(20, int(1000 * SCALE))
SENDS_PER_KEY = 50
SENDS_AT_ONCE = 200


async def test_an_accepted_issue_can_be_followed_at_once(shop: Shop) -> None:
    answer = await shop.post("/issues", ISSUE, reference="order 7")
    assert answer.status_code == 202
    accepted = answer.json()
    assert answer.headers["location"] == accepted["status_url"] == f"/intake/issues/{accepted['id']}"
    view = await shop.issue(accepted["id"])
    assert view["state"] == "received"
    assert view["number"] == accepted["number"]
    assert view["customer"] == {"name": ADA.name, "email": ADA.email}
    assert view["text"] == ISSUE["text"]


async def test_entitlements_come_from_the_organisations_list_and_not_from_the_request(
    intake: Intake, shop: Shop
) -> None:
    refused = await shop.post("/issues", ISSUE, customer={"email": ADA.email, "plan": "platinum"})
    assert refused.status_code == 422
    issue = await shop.submit(customer={"email": ADA.email.upper(), "name": "Somebody Else"})
    assert await _customer_of(intake, issue) == (ADA.name, ADA.account, ADA.plan)


async def test_an_application_that_vouches_is_believed(intake: Intake) -> None:
    trusted = await intake.application("trusted", vouches=True)
    given = {"email": "eve@example.com", "name": "Eve", "account": "eden", "plan": "gold"}
    assert await _customer_of(intake, await trusted.submit(customer=given)) == ("Eve", "eden", "gold")
    renamed = {"email": "eve@example.com", "name": "Eva"}
    assert await _customer_of(intake, await trusted.submit(customer=renamed)) == ("Eva", "eden", "gold")


async def _customer_of(intake: Intake, issue: str) -> tuple[str, str, str]:
    found = await rows(intake.service.db, "SELECT submission -> 'customer' FROM issue WHERE id = $1", issue)
    customer = found[0][0]
    return customer["name"], customer["account"], customer["plan"]


async def test_a_customer_can_be_named_by_id(intake: Intake, shop: Shop, bank: Shop) -> None:
    issue = await shop.submit(customer={"email": "kim@example.com", "name": "Kim"})
    found = await rows(intake.service.db, "SELECT customer_id FROM issue WHERE id = $1", issue)
    kim = {"id": str(found[0][0])}
    assert (await shop.issue(await shop.submit(customer=kim)))["customer"]["name"] == "Kim"
    assert (await bank.post("/issues", ISSUE, customer=kim)).status_code == 422


async def test_lists_are_filtered_and_paged_newest_first(shop: Shop) -> None:
    issues = [await shop.submit(reference=f"order {number % 2}") for number in range(5)]
    first = (await shop.get("/issues", limit=3)).json()
    second = (await shop.get("/issues", limit=3, after=first["next"])).json()
    assert [line["id"] for line in first["items"] + second["items"]] == issues[::-1]
    assert second["next"] is None
    odd = (await shop.get("/issues", reference="order 1", state="received")).json()
    assert [line["id"] for line in odd["items"]] == [issues[3], issues[1]]
    assert (await shop.get("/issues", state="solved")).json()["items"] == []


async def test_one_key_is_one_issue_however_often_and_fast_it_is_sent(intake: Intake, shop: Shop) -> None:
    limit = asyncio.Semaphore(SENDS_AT_ONCE)

    async def send(key: str) -> tuple[str, bytes, int]:
        async with limit:
            answer = await shop.post("/issues", ISSUE, key=key)
        return key, answer.content, answer.status_code

    keys = [str(new_id()) for _ in range(KEYS)]
    answers = await asyncio.gather(*(send(key) for key in keys for _ in range(SENDS_PER_KEY)))
    assert {status for _, _, status in answers} == {202}
    assert Counter(key for key, _, _ in answers) == dict.fromkeys(keys, SENDS_PER_KEY)
    assert len({content for _, content, _ in answers}) == len({(key, content) for key, content, _ in answers}) == KEYS
    issues = await rows(intake.service.db, "SELECT count(*) FROM issue WHERE application = $1", shop.id)
    assert issues[0][0] == KEYS


async def test_a_key_belongs_to_its_application_and_its_request(shop: Shop, bank: Shop) -> None:
    first = await shop.post("/issues", ISSUE, key="same")
    assert (await shop.post("/issues", ISSUE, key="same")).content == first.content
    assert (await shop.post("/issues", ISSUE, key="same", title="Other")).status_code == 422
    other = await bank.post("/issues", ISSUE, key="same")
    assert other.status_code == 202
    assert other.json()["id"] != first.json()["id"]


async def test_two_different_requests_with_one_key_at_the_same_time_make_one_issue(intake: Intake, shop: Shop) -> None:
    answers = await asyncio.gather(
        *(shop.post("/issues", ISSUE, key="contested", title=f"Title {number % 2}") for number in range(20))
    )
    assert Counter(answer.status_code for answer in answers) == {202: 10, 422: 10}
    assert len((await shop.get("/issues")).json()["items"]) == 1


async def test_only_the_offender_of_a_group_is_refused(shop: Shop) -> None:
    stranger = {"customer": {"email": "nobody@example.com"}}
    huge = {"text": "\x01" * TEXT_LIMIT}
    bodies = [ISSUE, ISSUE | stranger, ISSUE, ISSUE | huge, ISSUE, ISSUE | {"attachments": [str(new_id())]}] * 5
    answers = await asyncio.gather(*(shop.post("/issues", body) for body in bodies))
    assert [answer.status_code for answer in answers] == [202, 422, 202, 422, 202, 422] * 5
    assert len((await shop.get("/issues")).json()["items"]) == 15


async def test_what_belongs_to_one_application_does_not_exist_for_another(shop: Shop, bank: Shop) -> None:
    issue = await shop.submit()
    absent = await bank.get(f"/issues/{new_id()}")
    for answer in (
        await bank.get(f"/issues/{issue}"),
        await bank.get(f"/issues/{issue}/messages"),
        await bank.post(f"/issues/{issue}/messages", {"text": "hello"}),
        await bank.post(f"/issues/{issue}/reopen", {}),
        await bank.post(f"/issues/{issue}/withdraw", {}),
    ):
        assert (answer.status_code, answer.content) == (404, absent.content)
    assert (await bank.get("/issues")).json() == {"items": [], "next": None}
    assert (await shop.get(f"/issues/{issue}/messages")).json() == {"items": [], "next": None}


async def test_a_key_that_was_replaced_or_never_existed_opens_nothing(intake: Intake, shop: Shop) -> None:
    wrong = ("td_", shop.key + "x", shop.key[:-1] + "_", "td_0_0", "é")
    headers: list[dict[bytes, bytes]] = [{b"authorization": f"Bearer {text}".encode()} for text in wrong]
    headers += [{}, {b"authorization": f"Basic {shop.key}".encode()}]
    headers += [{name.encode(): value.encode()} for name, value in bearer("admin").items()]
    answers = [await intake.running.client.get("/intake/issues", headers=each) for each in headers]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


BAD_BODIES: dict[str, tuple[int, bytes]] = {
    "no JSON": (400, b"issue"),
    "nothing": (400, b""),
    "a key twice": (400, b'{"title":"a","title":"b"}'),
    "NaN": (400, b'{"form":{"a":NaN}}'),
    "too deep": (400, b'{"form":' + b'{"a":' * 40 + b"1" + b"}" * 41),
    "not UTF-8": (400, b'{"title":"\xff"}'),
    "an array": (422, b"[]"),
    "an integer beyond int64": (422, b'{"form":{"a":9223372036854775808}}'),
    "an integer of many digits": (422, b'{"form":{"a":' + b"9" * 5000 + b"}}"),
    "an infinite number": (422, b'{"form":{"a":1e999}}'),
    "U+0000": (422, b'{"title":"a\\u0000b"}'),
    "a lone surrogate": (422, b'{"title":"\\ud800"}'),
    "a lone surrogate as key": (422, b'{"form":{"\\ud800":1}}'),
    "too many bytes": (413, b'{"text":"' + b"x" * 300_000 + b'"}'),
}


@pytest.mark.parametrize("case", BAD_BODIES)
async def test_a_malformed_body_is_refused_without_effect(shop: Shop, case: str) -> None:
    status, body = BAD_BODIES[case]
    headers = as_command(shop.headers) | {"content-type": "application/json"}
    answer = await shop.client.post("/intake/issues", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (await shop.get("/issues")).json()["items"] == []


BAD_VALUES: dict[str, dict[str, Any]] = {
    "an unknown field": {"priority": 1},
    "an empty title": {"title": " "},
    "a long title": {"title": "x" * 301},
    "a long text": {"text": "x" * (TEXT_LIMIT + 1)},
    "no customer": {"customer": {}},
    "a customer of two kinds": {"customer": {"id": str(new_id()), "email": ADA.email}},
    "an address without host": {"customer": {"email": "ada", "name": "Ada"}},
    "an address with a line break": {"customer": {"email": "ada@example.com\nBcc: x@example.com", "name": "Ada"}},
    "an unknown urgency": {"urgency": "asap"},
    "a large form": {"form": {"notes": "x" * 20_000}},
    "many attachments": {"attachments": [str(new_id()) for _ in range(21)]},
    "a language that is none": {"language": "../../etc"},
}


@pytest.mark.parametrize("case", BAD_VALUES)
async def test_an_unacceptable_value_is_refused_without_effect(shop: Shop, case: str) -> None:
    answer = await shop.post("/issues", ISSUE | BAD_VALUES[case])
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await shop.get("/issues")).json()["items"] == []


async def test_headers_are_checked_before_anything_is_done(shop: Shop) -> None:
    async def post(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await shop.client.post("/intake/issues", json=ISSUE, headers=shop.headers | named)
        return answer.status_code

    assert await post() == 400
    assert await post(idempotency_key="") == 400
    assert await post(idempotency_key="x" * 256) == 400
    assert await post(idempotency_key="a", content_type="text/plain") == 415
    assert await post(idempotency_key="a", if_match="latest") == 400
    assert await post(idempotency_key="a", if_match="9" * 5000) == 400
    assert (await shop.get("/issues")).json()["items"] == []


async def test_paths_methods_and_cursors_that_do_not_exist_are_told_so(shop: Shop) -> None:
    wrong = await shop.client.request("DELETE", "/intake/issues", headers=shop.headers)
    assert (wrong.status_code, "POST" in wrong.headers["allow"]) == (405, True)
    assert (await shop.get("/nothing")).status_code == 404
    assert (await shop.get("/issues/not-an-id")).status_code == 422
    assert (await shop.get("/issues", after="bm9uc2Vuc2U")).status_code == 422
    assert (await shop.get("/issues", reference="a\x00b")).status_code == 422
    assert (await shop.get("/issues", limit=0)).status_code == 422
