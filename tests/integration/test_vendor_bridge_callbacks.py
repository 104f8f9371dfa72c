"""What vendors say takes effect once, whenever it comes; what others say in their name never does."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from shared import webhooks
from shared.events.vendor import (
    VendorCaseAcknowledged,
    VendorCaseDelivered,
    VendorCaseOpened,
    VendorCaseRejected,
    VendorCaseResolved,
    VendorCaseUpdated,
)
from shared.ids import new_id
from support.bridge import Bridge, Registered
from support.events import forwarded
from support.vendor import Answer, Received, TestVendor, accepts, answers

OPENED = (VendorCaseOpened, VendorCaseDelivered)
FORGERIES = 300


@pytest.fixture(autouse=True)
def healed(vendor: TestVendor) -> None:
    vendor.behave = accepts


@pytest.fixture
async def acme(bridge: Bridge, vendor: TestVendor) -> Registered:
    return await bridge.register(vendor.url)


async def delivered(bridge: Bridge, acme: Registered) -> tuple[UUID, UUID]:
    """A case that the vendor has, and its issue."""
    case = new_id()
    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id))
    await bridge.heard(issue, *OPENED)
    return case, issue


async def test_a_vendors_words_become_facts_in_the_order_in_which_they_come(bridge: Bridge, acme: Registered) -> None:
    case, issue = await delivered(bridge, acme)

    for state, text in (("acknowledged", None), ("updated", "We look into it."), ("resolved", "Fixed.")):
        said = {"case": str(case), "state": state, "text": text, "reference": "ACME-9"}
        answer = await bridge.callback(acme, said)
        assert answer.status_code == 200, answer.text

    facts = await bridge.heard(issue, *OPENED, VendorCaseAcknowledged, VendorCaseUpdated, VendorCaseResolved)
    assert isinstance(facts[4], VendorCaseResolved)
    assert (facts[4].text, facts[4].reference) == ("Fixed.", "ACME-9")
    assert answer.json() == {"case": str(case), "state": "resolved"}


async def test_a_callback_before_the_recorded_answer_proves_the_delivery(
    bridge: Bridge, acme: Registered, vendor: TestVendor
) -> None:
    case, said = new_id(), []

    async def calls_back_first(request: Received) -> Answer:
        said.append(await bridge.callback(acme, {"case": request.json["case"], "state": "resolved", "text": "Fixed."}))
        return Answer(500)

    vendor.behave = calls_back_first
    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id))

    facts = await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered, VendorCaseResolved)
    assert said[0].status_code == 200
    assert isinstance(facts[1], VendorCaseDelivered)
    assert facts[1].attempts == 1
    seen = await bridge.until_case(case, lambda seen: seen["deliveries"][0]["attempts"], "the attempt in the log")
    assert (seen["state"], seen["deliveries"][0]["state"]) == ("resolved", "delivered")
    await bridge.ahead(timedelta(days=1))
    await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered, VendorCaseResolved)
    assert len(vendor.of_case(case)) == 1


async def test_a_reference_that_comes_after_the_callback_is_kept(
    bridge: Bridge, acme: Registered, vendor: TestVendor
) -> None:
    case = new_id()

    async def calls_back_first(request: Received) -> Answer:
        await bridge.callback(acme, {"case": request.json["case"], "state": "acknowledged"})
        return Answer(202, b'{"reference": "ACME-late"}')

    vendor.behave = calls_back_first
    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id))

    seen = await bridge.until_case(case, lambda seen: seen["reference"], "the reference")
    assert (seen["state"], seen["reference"]) == ("acknowledged", "ACME-late")
    await bridge.heard(issue, *OPENED, VendorCaseAcknowledged)


async def test_a_word_that_is_not_in_the_contract_asks_a_person_to_look(bridge: Bridge, vendor: TestVendor) -> None:
    acme = await bridge.register(vendor.url, states={"done": "resolved"})
    case, issue = await delivered(bridge, acme)

    await bridge.callback(acme, {"case": str(case), "state": "resolved"})
    await bridge.callback(acme, {"case": str(case), "state": "done"})

    facts = await bridge.heard(issue, *OPENED, VendorCaseUpdated, VendorCaseResolved)
    assert isinstance(facts[2], VendorCaseUpdated)
    assert (facts[2].question, facts[2].vendor_state) == (True, "resolved")


async def test_words_after_the_end_still_become_facts(bridge: Bridge, acme: Registered) -> None:
    case, issue = await delivered(bridge, acme)
    await bridge.callback(acme, {"case": str(case), "state": "rejected", "text": "Not ours."})

    late = await bridge.callback(acme, {"case": str(case), "state": "resolved", "text": "It was ours."})

    assert late.json()["state"] == "resolved"
    await bridge.heard(issue, *OPENED, VendorCaseRejected, VendorCaseResolved)


async def test_a_repeated_callback_has_one_effect_and_another_body_under_its_id_is_refused(
    bridge: Bridge, acme: Registered
) -> None:
    case, issue = await delivered(bridge, acme)
    said = {"case": str(case), "state": "updated", "text": "We look into it."}

    answers_ = await asyncio.gather(*(bridge.callback(acme, said, message="evt_1") for _ in range(20)))
    other = await bridge.callback(acme, said | {"text": "Something else."}, message="evt_1")
    await bridge.callback(acme, {"case": str(case), "state": "resolved"})

    assert {(answer.status_code, answer.text) for answer in answers_} == {(200, answers_[0].text)}
    assert (other.status_code, other.json()["type"]) == (409, "urn:tierdesk:problem:callback-id-reused")
    await bridge.heard(issue, *OPENED, VendorCaseUpdated, VendorCaseResolved)
    alarms = (await bridge.call("GET", "/operations")).json()["alarms"]
    assert "1 callbacks came again with the same id and another body." in alarms


async def test_a_vendor_that_signs_a_repeat_under_a_new_id_is_recognised_by_its_own_id(
    bridge: Bridge, acme: Registered
) -> None:
    case, issue = await delivered(bridge, acme)
    said = {"case": str(case), "state": "updated", "text": "We look into it.", "id": "comment-5"}

    for message in ("evt_a", "evt_b"):
        assert (await bridge.callback(acme, said, message=message)).status_code == 200
    await bridge.callback(acme, {"case": str(case), "state": "resolved"})

    await bridge.heard(issue, *OPENED, VendorCaseUpdated, VendorCaseResolved)


async def test_a_case_that_does_not_exist_and_one_of_another_vendor_look_the_same(
    bridge: Bridge, acme: Registered, vendor: TestVendor
) -> None:
    other = await bridge.register(vendor.url)
    case, _ = await delivered(bridge, acme)

    missing = await bridge.callback(other, {"case": str(new_id()), "state": "resolved"})
    foreign = await bridge.callback(other, {"case": str(case), "state": "resolved"})

    assert missing.status_code == foreign.status_code == 404
    assert missing.content == foreign.content
    assert (await bridge.case(case))["state"] == "delivered"


async def test_a_replaced_secret_works_for_a_day_and_both_signatures_go_out(
    bridge: Bridge, acme: Registered, vendor: TestVendor
) -> None:
    case, _ = await delivered(bridge, acme)
    new = (await bridge.command("POST", f"/vendors/{acme.id}/secrets")).json()
    said = {"case": str(case), "state": "updated", "text": "Working."}

    for secret in (acme.callback_secret, new["callback_secret"]):
        assert (await bridge.callback(acme, said, secret=secret)).status_code == 200
    await delivered(bridge, acme)
    assert len(vendor.received[-1].headers["webhook-signature"].split(" ")) == 2

    await bridge.ahead(bridge.settings.secret_overlap)
    assert (await bridge.callback(acme, said, secret=acme.callback_secret)).status_code == 401
    assert (await bridge.callback(acme, said, secret=new["callback_secret"])).status_code == 200
    await delivered(bridge, acme)
    assert len(vendor.received[-1].headers["webhook-signature"].split(" ")) == 1


async def test_forgeries_get_one_constant_answer_and_leave_nothing(bridge: Bridge, acme: Registered) -> None:
    case, issue = await delivered(bridge, acme)
    dice = random.Random(7)
    body = json.dumps({"case": str(case), "state": "resolved", "text": "Forged."}).encode()
    good = webhooks.sign([acme.callback_secret], "evt_good", datetime.now(UTC), body)
    forged = [mutated(dice, good, body) for _ in range(FORGERIES)] + malformed(good, body, acme)

    seen = [await send(bridge, acme.id, headers, content) for headers, content in forged]

    assert {(answer.status_code, answer.content) for answer in seen} == {(401, seen[0].content)}
    await bridge.heard(issue, *OPENED)
    async with bridge.db.transaction() as tx:
        assert not await tx.fetch("SELECT 1 FROM callback WHERE case_id = $1", case)
    genuine = await send(bridge, acme.id, list(good.items()), body)
    assert genuine.status_code == 200


Headers = list[tuple[str, str | bytes]]


async def send(bridge: Bridge, vendor: str, headers: Headers, body: bytes) -> httpx.Response:
    every = [("content-type", "application/json"), *headers]
    return await bridge.call("POST", f"/callbacks/{vendor}", headers=every, content=body)


def mutated(dice: random.Random, good: dict[str, str], body: bytes) -> tuple[Headers, bytes]:
    """One character of one header or of the body is another."""
    place = dice.choice([*good, "body"])
    if place == "body":
        at = dice.randrange(len(body))
        return list(good.items()), body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    at = dice.randrange(len(good[place]))
    other = dice.choice([letter for letter in "Aa0,+/=x9" if letter != good[place][at]])
    return replaced(good, place, good[place][:at] + other + good[place][at + 1 :]), body


def replaced(good: dict[str, str], name: str, value: str | bytes) -> Headers:
    return [pair if pair[0] != name else (name, value) for pair in good.items()]


MALFORMED = ("", "0", "-1", "1e9", "1700000000.5", "v1,", "v1,!!!!", b"\xff\xfe", "v2," + "A" * 44)


def malformed(good: dict[str, str], body: bytes, acme: Registered) -> list[tuple[Headers, bytes]]:
    """Headers as only a machine or an enemy writes them, and good signatures at the wrong time or of the wrong key."""
    wrong: list[Headers] = [replaced(good, name, value) for name in good for value in MALFORMED]
    wrong += [[pair for pair in good.items() if pair[0] != name] for name in good]
    wrong += [[*good.items(), (name, good[name])] for name in good]
    wrong += [
        signed(acme.callback_secret, body, off=off)
        for off in (timedelta(minutes=-6), timedelta(minutes=6), timedelta(days=-9))
    ]
    wrong += [signed(secret, body) for secret in (acme.outgoing_secret, webhooks.new_secret())]
    not_text = b'{"case": "\xff"}'
    return [*((headers, body) for headers in wrong), (signed(acme.callback_secret, not_text), not_text)]


def signed(secret: str, body: bytes, *, off: timedelta = timedelta()) -> Headers:
    return list(webhooks.sign([secret], "evt_1", datetime.now(UTC) + off, body).items())


async def test_a_forger_learns_not_even_which_vendors_there_are(bridge: Bridge, acme: Registered) -> None:
    body = b'{"case": "x", "state": "resolved"}'
    headers = signed(webhooks.new_secret(), body)

    seen = [await send(bridge, vendor, headers, body) for vendor in (acme.id, "nobody", "%00", "UPPER", "a%20b")]

    assert {(answer.status_code, answer.content) for answer in seen} == {(401, seen[0].content)}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"not json", 400),
        (b'{"case": 1, "case": 2}', 400),
        (b"[" * 40 + b"]" * 40, 400),
        (b'{"state": "resolved"}', 422),
        (b'{"case": "no-uuid", "state": "resolved"}', 422),
        (b'{"case": "01a204d0-804e-739f-87c8-e9d2fe96a720", "state": "resolved", "tier": 4}', 422),
        (b'{"case": "01a204d0-804e-739f-87c8-e9d2fe96a720", "state": "a\\u0000b"}', 422),
        (b'{"case": "01a204d0-804e-739f-87c8-e9d2fe96a720", "state": "' + b"x" * 101 + b'"}', 422),
    ],
)
async def test_a_signed_callback_that_makes_no_sense_is_refused_with_a_reason(
    bridge: Bridge, acme: Registered, body: bytes, status: int
) -> None:
    answer = await bridge.callback(acme, body)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_callback_of_another_type_or_beyond_the_limit_is_refused(bridge: Bridge, acme: Registered) -> None:
    typed = await bridge.callback(acme, {"case": str(new_id())}, headers={"content-type": "text/plain"})
    large = await bridge.callback(acme, b'{"text": "' + b"x" * 300_000 + b'"}')

    assert (typed.status_code, large.status_code) == (415, 413)


async def test_a_vendors_answer_that_is_not_json_delivers_all_the_same(
    bridge: Bridge, acme: Registered, vendor: TestVendor
) -> None:
    vendor.behave = answers(200, b"<html>\x00 thanks \xff", content_type="text/html")
    case, _ = await delivered(bridge, acme)

    attempt = (await bridge.case(case))["deliveries"][0]["attempts"][0]
    assert (attempt["status"], attempt["reply"]) == (200, "<html>\\x00 thanks \\xff")
