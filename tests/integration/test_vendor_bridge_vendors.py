"""Operators register vendors; secrets are told once, kept sealed, and nobody else comes near."""

import asyncio
import json
import os
import sys
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from onebox.ports import any_free
from shared.events.vendor import VendorCaseAcknowledged, VendorCaseDelivered, VendorCaseOpened, VendorCaseResolved
from shared.ids import new_id
from shared.vocabulary import Role
from support.bridge import EVERYTHING, Bridge, vendor_bridge
from support.events import forwarded, session_revoked
from support.infrastructure import Infrastructure
from support.people import as_command, bearer, token
from support.vendor import TestVendor
from support.waiting import until
from vendor_bridge.seed import add

HOSTILE = (
    "http://example.com/cases",
    "https://user:password@example.com/",
    "https://example.com:22/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/",
    "https://localhost/",
    "not a url",
)


def contract(vendor: TestVendor, **changes: Any) -> dict[str, Any]:
    return {"id": f"v{new_id().hex}", "name": "Acme Cloud", "url": vendor.url, "fields": ["title"], **changes}


async def test_a_repeated_registration_gets_the_same_bytes_and_makes_one_vendor(
    bridge: Bridge, vendor: TestVendor
) -> None:
    body, key = contract(vendor), str(new_id())

    seen = await asyncio.gather(*(bridge.command("POST", "/vendors", key=key, json=body) for _ in range(10)))

    assert {(answer.status_code, answer.content) for answer in seen} == {(201, seen[0].content)}
    assert seen[0].headers["etag"] == '"1"'
    again = await bridge.command("POST", "/vendors", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "urn:tierdesk:problem:vendor-exists")
    reused = await bridge.command("POST", "/vendors", key=key, json=body | {"name": "Other"})
    assert reused.status_code == 422


async def test_a_secret_is_told_once_and_is_nowhere_in_the_database(bridge: Bridge, vendor: TestVendor) -> None:
    body = contract(vendor)
    told = (await bridge.command("POST", "/vendors", json=body)).json()

    shown = (await bridge.call("GET", f"/vendors/{body['id']}")).json()

    assert {name for name in told if "secret" in name} == {"outgoing_secret", "callback_secret"}
    assert shown == {name: value for name, value in told.items() if "secret" not in name}
    assert shown["callback_url"].endswith(f"/vendor-bridge/callbacks/{body['id']}")
    async with bridge.db.transaction() as tx:
        for (table,) in await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for (row,) in await tx.fetch(f"SELECT row_to_json(kept)::text FROM {table} AS kept"):
                for secret in (told["outgoing_secret"], told["callback_secret"]):
                    assert secret not in row
                    assert secret.encode().hex() not in row


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_url_that_does_not_lead_to_the_public_internet_is_refused(
    bridge: Bridge, vendor: TestVendor, url: str
) -> None:
    body = contract(vendor, url=url)

    registered = await bridge.command("POST", "/vendors", json=body)
    acme = await bridge.register(vendor.url)
    changed = await bridge.command("PUT", f"/vendors/{acme.id}", json={"name": "Acme", "url": url})

    assert (registered.status_code, changed.status_code) == (422, 422)
    assert (await bridge.call("GET", f"/vendors/{body['id']}")).status_code == 404
    assert (await bridge.call("GET", f"/vendors/{acme.id}")).json()["url"] == vendor.url


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Upper"},
        {"id": "a b"},
        {"id": ""},
        {"id": "x" * 64},
        {"name": ""},
        {"name": "x\u0000y"},
        {"url": ""},
        {"fields": ["notes"]},
        {"states": {"done": "finished"}},
        {"products": ["p"] * 101},
        {"secret": "mine"},
        {"active": "perhaps"},
    ],
    ids=str,
)
async def test_a_contract_that_makes_no_sense_is_refused(
    bridge: Bridge, vendor: TestVendor, change: dict[str, Any]
) -> None:
    answer = await bridge.command("POST", "/vendors", json=contract(vendor) | change)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_a_change_needs_the_version_that_was_read(bridge: Bridge, vendor: TestVendor) -> None:
    acme = await bridge.register(vendor.url)
    body = {"name": "Acme Next", "url": vendor.url, "fields": ["account"], "states": {"done": "resolved"}}
    headers = as_command(bearer(Role.OPERATOR), version=1)

    first = await bridge.call("PUT", f"/vendors/{acme.id}", headers=headers, json=body)
    repeated = await bridge.call("PUT", f"/vendors/{acme.id}", headers=headers, json=body)
    stale = await bridge.call(
        "PUT", f"/vendors/{acme.id}", headers=as_command(bearer(Role.OPERATOR), version=1), json=body
    )

    assert (first.status_code, first.json()["version"], first.headers["etag"]) == (200, 2, '"2"')
    assert repeated.content == first.content
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    assert (await bridge.command("PUT", "/vendors/nobody", json=body)).status_code == 404
    assert (await bridge.command("POST", "/vendors/nobody/secrets")).status_code == 404


async def test_vendors_and_cases_are_listed_page_by_page(bridge: Bridge, vendor: TestVendor) -> None:
    acme = await bridge.register(vendor.url)
    cases = [new_id() for _ in range(5)]
    issues = await bridge.forward(*(forwarded(case=case, vendor=acme.id) for case in cases))
    for issue in issues:
        await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered)

    newest_first = sorted(map(str, cases), reverse=True)
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while len(pages) < 5:
        page = (await bridge.call("GET", "/cases", params={"vendor": acme.id, "limit": 2, **cursor})).json()
        pages.append([row["id"] for row in page["items"]])
        if page["next"] is None:
            break
        cursor = {"after": page["next"]}

    assert pages == [newest_first[at : at + 2] for at in (0, 2, 4)]
    of_issue = (await bridge.call("GET", "/cases", params={"issue": str(issues[0])})).json()["items"]
    assert [row["id"] for row in of_issue] == [str(cases[0])]
    assert (await bridge.call("GET", "/cases", params={"vendor": acme.id, "state": "resolved"})).json()["items"] == []
    assert (await bridge.call("GET", "/vendors", params={"limit": 1})).json()["next"] is not None
    for strange in ("x", "WyJhXHUwMDAwIl0", "W10"):
        assert (await bridge.call("GET", "/vendors", params={"after": strange})).status_code == 422
        assert (await bridge.call("GET", "/cases", params={"after": strange})).status_code == 422


COMMANDS: tuple[tuple[str, str, dict[str, str] | None], ...] = (
    ("POST", "/vendors", {"id": "x"}),
    ("PUT", "/vendors/nobody", {}),
    ("POST", "/vendors/nobody/secrets", None),
    ("POST", "/cases/01a204d0-804e-739f-87c8-e9d2fe96a720/replay", None),
)
READS = ("/vendors", "/vendors/nobody", "/operations", "/operations/dead-letters")


@pytest.mark.parametrize("role", [Role.AGENT, Role.LEAD])
async def test_only_operators_touch_vendors(bridge: Bridge, role: Role) -> None:
    for method, path, body in COMMANDS:
        answer = await bridge.call(method, path, headers=as_command(bearer(role)), json=body)
        assert answer.status_code == 403, path
    for path in READS:
        assert (await bridge.call("GET", path, headers=bearer(role))).status_code == 403, path
    assert (await bridge.call("GET", "/cases", headers=bearer(role))).status_code == 200


async def test_without_a_good_token_there_is_one_answer(bridge: Bridge) -> None:
    unsigned: list[dict[str, str]] = [{}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}]

    seen = [await bridge.call("GET", path, headers=headers) for path in ("/cases", *READS) for headers in unsigned]

    assert {(answer.status_code, answer.content) for answer in seen} == {(401, seen[0].content)}


async def test_a_commands_key_is_required(bridge: Bridge) -> None:
    for method, path, body in COMMANDS:
        answer = await bridge.call(method, path, headers=bearer(Role.OPERATOR), json=body)
        assert answer.status_code in {400, 422}, path


async def test_a_revoked_session_is_refused_here_too(bridge: Bridge) -> None:
    session = new_id()
    headers = {"authorization": f"Bearer {token(Role.OPERATOR, session=session)}"}
    assert (await bridge.call("GET", "/cases", headers=headers)).status_code == 200
    fact = session_revoked(session)

    await bridge.publish("tier-queues.directory", fact, subject=fact.entity)

    async def refused() -> bool:
        return (await bridge.call("GET", "/cases", headers=headers)).status_code == 401

    await until(refused, "the revoked session is refused")


async def test_other_services_hear_of_vendors_without_their_secrets(bridge: Bridge, vendor: TestVendor) -> None:
    acme = await bridge.register(vendor.url, products=["Acme Cloud"])
    topic = f"{bridge.settings.namespace}vendor-bridge.directory"
    async with AIOKafkaConsumer(
        bootstrap_servers=bridge.settings.kafka_bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        bodies: list[bytes] = []

        async def listed() -> bytes | None:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                bodies.extend(record.value for record in records if acme.id.encode() in record.key)
            return bodies[0] if bodies else None

        event = json.loads(await until(listed, "the vendor is listed"))

    assert event["data"] == {
        "entity": acme.id,
        "version": 1,
        "name": "Acme Cloud",
        "products": ["Acme Cloud"],
        "active": True,
    }


async def test_the_command_line_adds_a_vendor_once_and_the_demos_vendor_works_its_cases(
    infrastructure: Infrastructure,
) -> None:
    port = any_free(set())
    url = f"http://127.0.0.1:{port}/cases"
    async with vendor_bridge(infrastructure, TestVendor(port=port)) as bridge:
        told = await add_vendor(bridge, "--id", "acme-cloud", "--name", "Acme Cloud", "--url", url)
        contract: dict[str, Any] = {"name": "Acme Cloud", "url": url, "products": ()}
        again = await add(bridge.settings, "acme-cloud", **contract)
        rotated = await add(bridge.settings, "acme-cloud", **contract, rotate=True)
        assert again == {name: value for name, value in told.items() if "secret" not in name}
        assert (rotated["version"], rotated["fields"]) == (2, sorted(EVERYTHING))
        assert rotated["outgoing_secret"] != told["outgoing_secret"]

        process = await demo_vendor(port, f"{bridge.url}/vendor-bridge/callbacks/acme-cloud", rotated)
        try:
            cases = [new_id() for _ in range(20)]
            issues = await bridge.forward(*(forwarded(case=case, vendor="acme-cloud") for case in cases))
            await bridge.until_case(cases[0], lambda seen: seen["state"] != "open", "the vendor works")
            for case in cases:
                await bridge.until_case(case, answered, "the vendor's answer")
            async with httpx.AsyncClient(trust_env=False) as client:
                log = (await client.get(f"http://127.0.0.1:{port}/received")).json()
        finally:
            process.terminate()
            await process.wait()

        assert sorted(row["case"] for row in log["received"]) == sorted(map(str, cases))
        assert {said["status"] for said in log["callbacks"]} == {200}
        resolved = [issue for issue in issues if isinstance(bridge.facts[issue][-1], VendorCaseResolved)]
        assert resolved
        for issue in resolved:
            await bridge.heard(issue, VendorCaseOpened, VendorCaseDelivered, VendorCaseAcknowledged, VendorCaseResolved)


def answered(seen: dict[str, Any]) -> bool:
    """The vendor resolved it, or asked back, which leaves it acknowledged."""
    return bool(seen["state"] == "resolved" or (seen["state"] == "acknowledged" and seen["version"] >= 4))


async def add_vendor(bridge: Bridge, *options: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vendor_bridge",
        "add-vendor",
        *options,
        env=os.environ | bridge.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(output)
    return told


async def demo_vendor(port: int, callback: str, told: dict[str, Any]) -> asyncio.subprocess.Process:
    secrets = {
        "DEMO_VENDOR_SECRET": told["outgoing_secret"],
        "DEMO_VENDOR_CALLBACK_SECRET": told["callback_secret"],
    }
    options = ("--port", str(port), "--callback", callback, "--pace-milliseconds", "50")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "onebox.demo.vendor", *options, env=os.environ | secrets
    )

    async def answers() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/received")).status_code == 200
            except httpx.HTTPError:
                return False

    await until(answers, "the demo's vendor answers")
    return process
