"""Cases reach vendors once, in spite of failing vendors, restarts and kills, and only with what may leave."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from standardwebhooks import Webhook

from onebox.ports import any_free
from shared.events import issues
from shared.events.vendor import VendorCaseDelivered, VendorCaseOpened, VendorDeliveryExhausted
from shared.failpoint import AFTER_VENDOR_ACCEPTED
from shared.ids import new_id
from shared.retries import ATTEMPTS, SCHEDULE
from support.bridge import Bridge, vendor_bridge
from support.events import forwarded
from support.infrastructure import Infrastructure
from support.vendor import TestVendor, accepts, answers, hangs, vendor_server
from support.waiting import until
from vendor_bridge import breaker

ANSWER_WITHIN = timedelta(seconds=3)
KILLED_WITHIN = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=14)
"""Longer than any planned wait with its jitter."""


@pytest.fixture(scope="module")
async def other() -> AsyncIterator[TestVendor]:
    async with vendor_server() as running:
        yield running


@pytest.fixture(scope="module")
async def bridge(infrastructure: Infrastructure, vendor: TestVendor, other: TestVendor) -> AsyncIterator[Bridge]:
    async with vendor_bridge(infrastructure, vendor, other, outgoing_timeout=ANSWER_WITHIN) as running:
        yield running


@pytest.fixture(autouse=True)
def healed(vendor: TestVendor, other: TestVendor) -> None:
    vendor.behave = other.behave = accepts


async def test_a_forward_reaches_its_vendor_signed_and_the_vendors_reference_comes_back(
    bridge: Bridge, vendor: TestVendor
) -> None:
    vendor.behave = answers(202, b'{"reference": "ACME-7"}')
    acme, case = await bridge.register(vendor.url), new_id()

    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id, ask="Please find out why."))

    facts = await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)
    assert (facts[1].case, facts[1].vendor_name, facts[1].reference) == (case, "Acme Cloud", "ACME-7")
    (request,) = vendor.of_case(case)
    Webhook(acme.outgoing_secret).verify(request.body, request.headers)
    assert request.json["ask"] == "Please find out why."
    seen = await bridge.case(case)
    assert (seen["state"], seen["reference"], seen["issue"]) == ("delivered", "ACME-7", str(issue))
    assert [attempt["status"] for attempt in seen["deliveries"][0]["attempts"]] == [202]
    assert seen["deliveries"][0]["id"] == request.id


async def test_only_the_fields_that_the_contract_allows_leave(bridge: Bridge, vendor: TestVendor) -> None:
    acme, case = await bridge.register(vendor.url, fields=["title", "attachments"]), new_id()
    file = issues.Attachment(id=new_id(), name="log.txt", media_type="text/plain", size_bytes=7)

    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id, account="secret-co", attachments=(file,)))
    await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)

    (request,) = vendor.of_case(case)
    assert set(request.json) == {"type", "case", "ask", "callback_url", "title", "attachments"}
    assert b"secret-co" not in request.body
    assert request.json["attachments"] == [
        {"id": str(file.id), "name": "log.txt", "media_type": "text/plain", "size_bytes": 7}
    ]


async def test_a_vendor_that_fails_gets_the_same_message_again_until_it_takes_it(
    bridge: Bridge, vendor: TestVendor
) -> None:
    vendor.behave = answers(503)
    acme, case = await bridge.register(vendor.url), new_id()
    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id))
    for attempt in (1, 2):
        await bridge.attempted(case, attempt)
        vendor.behave = answers(503) if attempt == 1 else accepts
        await bridge.ahead(LONGEST_WAIT)

    facts = await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)

    assert isinstance(facts[1], VendorCaseDelivered)
    assert facts[1].attempts == 3
    requests = vendor.of_case(case)
    assert len({(request.id, request.body) for request in requests}) == 1
    assert len(requests) == 3


async def test_a_redirection_is_a_failure_and_is_not_followed(bridge: Bridge, vendor: TestVendor) -> None:
    vendor.behave = answers(307, location=f"{vendor.origin}/elsewhere")
    acme, case = await bridge.register(vendor.url), new_id()

    await bridge.forward(forwarded(case=case, vendor=acme.id))
    seen = await bridge.attempted(case, 1)

    assert (seen["state"], seen["deliveries"][0]["state"]) == ("open", "due")
    assert seen["deliveries"][0]["attempts"][0]["reason"] == "HTTP 307"
    assert {request.path for request in vendor.of_case(case)} == {"/cases"}


async def test_what_a_vendor_asks_to_wait_is_waited(bridge: Bridge, vendor: TestVendor) -> None:
    vendor.behave = answers(429, retry_after="3600")
    acme, case = await bridge.register(vendor.url), new_id()
    await bridge.forward(forwarded(case=case, vendor=acme.id))
    seen = await bridge.attempted(case, 1)

    delivery = seen["deliveries"][0]
    wait = datetime.fromisoformat(delivery["next_attempt_at"]) - datetime.fromisoformat(delivery["attempts"][0]["at"])
    assert timedelta(hours=1) <= wait < timedelta(hours=1, minutes=1)


async def test_after_the_last_planned_attempt_a_person_is_told_and_a_replay_delivers(
    bridge: Bridge, vendor: TestVendor
) -> None:
    vendor.behave = answers(500, b"no")
    acme, case = await bridge.register(vendor.url), new_id()
    (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id))
    for attempt in range(1, ATTEMPTS):
        await bridge.attempted(case, attempt)
        await bridge.ahead(LONGEST_WAIT)

    facts = await bridge.heard(issue, VendorCaseOpened, VendorDeliveryExhausted)
    assert isinstance(facts[1], VendorDeliveryExhausted)
    assert (facts[1].attempts, facts[1].reason) == (len(SCHEDULE) + 1, "HTTP 500")
    operations = (await bridge.call("GET", "/operations")).json()
    assert any("could not be delivered" in alarm for alarm in operations["alarms"])

    vendor.behave = accepts
    replayed = await bridge.command("POST", f"/cases/{case}/replay")

    assert (replayed.status_code, replayed.json()["state"]) == (200, "open")
    await bridge.heard(issue, VendorCaseOpened, VendorDeliveryExhausted, VendorCaseDelivered)
    assert len({request.id for request in vendor.of_case(case)}) == 1
    again = await bridge.command("POST", f"/cases/{case}/replay")
    assert (again.status_code, again.json()["state"]) == (409, "delivered")


async def test_a_forward_to_an_unknown_vendor_is_told_at_once_and_sent_when_the_vendor_is_known(
    bridge: Bridge, vendor: TestVendor
) -> None:
    case, unknown = new_id(), f"v{new_id().hex}"
    (issue,) = await bridge.forward(forwarded(case=case, vendor=unknown))
    facts = await bridge.heard(issue, VendorCaseOpened, VendorDeliveryExhausted)
    assert isinstance(facts[1], VendorDeliveryExhausted)
    assert (facts[1].attempts, facts[1].reason) == (0, "The vendor is not registered.")
    refused = await bridge.command("POST", f"/cases/{case}/replay")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:tierdesk:problem:no-such-vendor")

    body = {"id": unknown, "name": "Late Inc", "url": vendor.url, "fields": ["title"]}
    (await bridge.command("POST", "/vendors", json=body)).raise_for_status()
    (await bridge.command("POST", f"/cases/{case}/replay")).raise_for_status()

    await bridge.heard(issue, VendorCaseOpened, VendorDeliveryExhausted, VendorCaseDelivered)
    assert vendor.of_case(case)[0].json["title"] == "Acme Cloud is slow"


async def test_a_vendor_that_hangs_delays_nobody_else(bridge: Bridge, vendor: TestVendor, other: TestVendor) -> None:
    vendor.behave, before = hangs, len(vendor.received)
    hanging, healthy = await bridge.register(vendor.url), await bridge.register(other.url)
    await bridge.forward(*(forwarded(case=new_id(), vendor=hanging.id) for _ in range(30)))
    await until(lambda: at_work(vendor, before), "the hanging vendor holds all it can")
    started = time.monotonic()

    issues = await bridge.forward(*(forwarded(case=new_id(), vendor=healthy.id) for _ in range(30)))
    for issue in issues:
        await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)

    assert time.monotonic() - started < ANSWER_WITHIN.total_seconds()
    assert await at_work(vendor, before) == bridge.settings.deliveries_at_once


async def at_work(vendor: TestVendor, before: int) -> int:
    return len(vendor.received) - before


async def test_a_vendor_that_fails_again_and_again_is_only_probed_until_it_is_back(
    bridge: Bridge, vendor: TestVendor
) -> None:
    vendor.behave, before = answers(500), len(vendor.received)
    acme = await bridge.register(vendor.url)
    issues = await bridge.forward(*(forwarded(case=new_id(), vendor=acme.id) for _ in range(40)))
    await until(lambda: is_resting(bridge, acme.id), "the circuit is open and an alarm says so")
    tried = len(vendor.received) - before
    assert breaker.WINDOW <= tried <= breaker.WINDOW + bridge.settings.deliveries_at_once

    vendor.behave = accepts
    await bridge.ahead(bridge.settings.breaker_probe_every)
    await until(lambda: at_work(vendor, before + tried), "a probe")
    await bridge.ahead(LONGEST_WAIT)

    for issue in issues:
        await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)


async def is_resting(bridge: Bridge, vendor: str) -> bool:
    alarms: list[str] = (await bridge.call("GET", "/operations")).json()["alarms"]
    return any("only probed" in alarm and vendor in alarm for alarm in alarms)


async def test_a_restart_loses_no_delivery_that_waits_for_its_retry(bridge: Bridge, vendor: TestVendor) -> None:
    vendor.behave = answers(500)
    acme, cases = await bridge.register(vendor.url), [new_id() for _ in range(5)]
    issues = await bridge.forward(*(forwarded(case=case, vendor=acme.id) for case in cases))
    for case in cases:
        await bridge.attempted(case, 1)

    await bridge.stop()
    vendor.behave = accepts
    await bridge.ahead(LONGEST_WAIT)
    await bridge.start()

    for issue in issues:
        await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)
    for case in cases:
        assert len({request.id for request in vendor.of_case(case)}) == 1
        assert len(vendor.of_case(case)) == 2


async def test_a_kill_between_the_vendors_answer_and_its_mark_repeats_the_message_but_not_the_fact(
    infrastructure: Infrastructure, vendor: TestVendor
) -> None:
    async with vendor_bridge(infrastructure, vendor) as bridge:
        acme, case = await bridge.register(vendor.url), new_id()
        await bridge.stop()
        (issue,) = await bridge.forward(forwarded(case=case, vendor=acme.id))
        with process_of(bridge, TIERDESK_FAILPOINT=f"{AFTER_VENDOR_ACCEPTED}:1") as killed:
            assert await asyncio.to_thread(killed.wait, KILLED_WITHIN.total_seconds()) == -signal.SIGKILL
        assert len(vendor.of_case(case)) == 1

        await bridge.start()
        assert (await bridge.case(case))["state"] == "open"
        await bridge.ahead(bridge.settings.delivery_lease)

        await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)
        first, second = vendor.of_case(case)
        assert (first.id, first.body) == (second.id, second.body)


@contextmanager
def process_of(bridge: Bridge, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "vendor_bridge", "run", "--port", str(any_free(set()))]
    with subprocess.Popen(
        command, env=os.environ | bridge.environment() | environment, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_many_forwards_at_once_reach_the_vendor_once_each(bridge: Bridge, vendor: TestVendor) -> None:
    acme, cases = await bridge.register(vendor.url), [new_id() for _ in range(300)]

    issues = await bridge.forward(*(forwarded(case=case, vendor=acme.id) for case in cases))
    for issue in issues:
        await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)

    received = Counter(request.json["case"] for request in vendor.received)
    assert all(received[str(case)] == 1 for case in cases)
