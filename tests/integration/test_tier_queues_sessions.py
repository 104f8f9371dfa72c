"""Staff sign in, and their rights end when they should."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support import people
from support.infrastructure import Infrastructure
from support.queue_service import PASSWORD, QueueService, Staff, running_queues
from support.running import rows

LIMIT_PER_MINUTE = 1000
NEW_PASSWORD = "a brand new passphrase"


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture
async def browser(queues: QueueService) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of its own, that keeps cookies."""
    async with httpx2.AsyncClient(base_url=queues.running.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("root", role=Role.ADMIN, tiers=())


async def sign_in(client: httpx2.AsyncClient, agent: str, password: str = PASSWORD) -> httpx2.Response:
    return await client.post("/tier-queues/session", json={"agent": agent, "password": password})


async def test_who_signs_in_gets_two_cookies_that_scripts_cannot_read(
    queues: QueueService, browser: httpx2.AsyncClient
) -> None:
    ada = await queues.staff("ada", teams=["frontline"])
    answer = await sign_in(browser, ada.id)
    assert answer.status_code == 200
    assert (answer.json()["agent"]["id"], answer.json()["agent"]["teams"]) == (ada.id, ["frontline"])
    cookies = {cookie.split("=")[0]: cookie.lower() for cookie in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"tierdesk_token", "tierdesk_session"}
    assert all("httponly" in cookie and "samesite=strict" in cookie for cookie in cookies.values())
    assert "path=/tier-queues/session;" in cookies["tierdesk_session"]
    assert (await browser.get("/tier-queues/me")).json()["id"] == ada.id
    bearer = {"authorization": f"Bearer {answer.json()['token']}"}
    assert (await queues.running.client.get("/tier-queues/me", headers=bearer)).status_code == 200


async def test_cookies_are_secure_where_the_installation_is_reached_by_https(infrastructure: Infrastructure) -> None:
    changes = {"TIERDESK_PUBLIC_URL": "https://desk.example.com"}
    async with running_queues(infrastructure, frozenset({"web"}), **changes) as queues:
        ada = await queues.staff("ada")
        answer = await sign_in(queues.running.client, ada.id)
        assert all("secure" in cookie.lower() for cookie in answer.headers.get_list("set-cookie"))


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    queues: QueueService, browser: httpx2.AsyncClient
) -> None:
    ada = await queues.staff("ada")
    wrong, unknown = await sign_in(browser, ada.id, "not the password"), await sign_in(browser, "nobody")
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert wrong.status_code == 401


async def test_too_many_attempts_are_told_when_to_come_back(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure, frozenset({"web"}), sign_ins_per_minute=10) as queues:
        ada, bob = await queues.staff("ada"), await queues.staff("bob")
        answers = [await sign_in(queues.running.client, ada.id, "a wrong password") for _ in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60
        assert (await sign_in(queues.running.client, bob.id)).status_code == 200


async def test_a_session_renews_its_token_until_it_is_signed_out(
    queues: QueueService, browser: httpx2.AsyncClient
) -> None:
    ada = await queues.staff("ada")
    await sign_in(browser, ada.id)
    renewed = await browser.post("/tier-queues/session/renew")
    assert renewed.status_code == 200
    token = {"authorization": f"Bearer {renewed.json()['token']}"}
    session = browser.cookies["tierdesk_session"]
    assert (await browser.delete("/tier-queues/session")).status_code == 204
    assert (await queues.running.client.get("/tier-queues/me", headers=token)).status_code == 401
    stolen = {"cookie": f"tierdesk_session={session}"}
    assert (await queues.running.client.post("/tier-queues/session/renew", headers=stolen)).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", f"{new_id()}.wrong", "00000000-0000-0000-0000-000000000000."])
async def test_a_made_up_session_renews_nothing(queues: QueueService, cookie: str) -> None:
    answer = await queues.running.client.post(
        "/tier-queues/session/renew", headers={"cookie": f"tierdesk_session={cookie}"}
    )
    assert answer.status_code == 401


async def test_a_revoked_session_is_told_to_every_service(queues: QueueService, browser: httpx2.AsyncClient) -> None:
    ada = await queues.staff("ada")
    await sign_in(browser, ada.id)
    session = browser.cookies["tierdesk_session"].partition(".")[0]
    await browser.delete("/tier-queues/session")
    kept = await rows(queues.service.db, "SELECT kind FROM directory WHERE entity = $1", session)
    told = await rows(queues.service.db, "SELECT seq FROM outbox_sequence WHERE key = $1", f"revoked-session:{session}")
    assert (kept, told) == ([("revoked-session",)], [(1,)])


@pytest.mark.parametrize(
    "token",
    [
        people.token(life=timedelta(minutes=-1)),
        people.token(key=people.new_signing_key()),
        people.token()[:-3] + "abc",
        "e30.e30.",
        "none",
    ],
)
async def test_an_expired_or_forged_token_is_refused(queues: QueueService, token: str) -> None:
    answer = await queues.running.client.get("/tier-queues/me", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def agent_body(**changes: Any) -> dict[str, Any]:
    return {"name": "Grace", "role": "agent", "tiers": [1], "teams": ["frontline"], "capacity": 5} | changes


async def test_an_administrator_adds_an_agent_who_can_sign_in(
    queues: QueueService, admin: Staff, browser: httpx2.AsyncClient
) -> None:
    agent, key = f"grace-{new_id().hex[-6:]}", str(new_id())
    body = agent_body(id=agent, password=PASSWORD)
    added = await admin.send("POST", "/agents", body, key=key)
    assert (added.status_code, added.headers["etag"]) == (201, '"1"')
    assert "password" not in added.text
    assert (await admin.send("POST", "/agents", body, key=key)).content == added.content
    assert (await admin.send("POST", "/agents", body)).status_code == 409
    assert (await sign_in(browser, agent)).status_code == 200
    listed, after = [], None
    while True:
        page = (await admin.get("/agents", limit=2, **({"after": after} if after else {}))).json()
        listed += [member["id"] for member in page["items"]]
        if (after := page["next"]) is None:
            break
    assert agent in listed
    assert listed == sorted(listed)


@pytest.mark.parametrize(
    "changes",
    [{"id": "Has Spaces"}, {"password": "short"}, {"teams": ["unknown"]}, {"tiers": [77]}, {"role": "king"}, {"x": 1}],
)
async def test_an_agent_that_cannot_be_is_refused(admin: Staff, changes: dict[str, Any]) -> None:
    body = agent_body(id="somebody", password=PASSWORD) | changes
    assert (await admin.send("POST", "/agents", body)).status_code == 422


async def test_a_changed_agent_has_other_rights_at_once(
    queues: QueueService, admin: Staff, browser: httpx2.AsyncClient
) -> None:
    ada = await queues.staff("ada")
    await sign_in(browser, ada.id)
    assert (await admin.send("PUT", f"/agents/{ada.id}", agent_body())).status_code == 428
    assert (await admin.send("PUT", f"/agents/{ada.id}", agent_body(), version=9)).status_code == 412
    changed = await admin.send("PUT", f"/agents/{ada.id}", agent_body(tiers=[2], password=NEW_PASSWORD), version=1)
    assert (changed.status_code, changed.json()["tiers"], changed.headers["etag"]) == (200, [2], '"2"')
    assert (await browser.get("/tier-queues/me")).status_code == 401
    assert (await sign_in(browser, ada.id)).status_code == 401
    assert (await sign_in(browser, ada.id, NEW_PASSWORD)).status_code == 200


async def test_a_deactivated_agent_is_out_and_owns_nothing_new(
    queues: QueueService, admin: Staff, browser: httpx2.AsyncClient
) -> None:
    ada = await queues.staff("ada")
    await sign_in(browser, ada.id)
    gone = await admin.send("PUT", f"/agents/{ada.id}", agent_body(active=False), version=1)
    assert gone.json()["active"] is False
    assert (await browser.get("/tier-queues/me")).status_code == 401
    assert (await sign_in(browser, ada.id)).status_code == 401
    issue = await queues.issue()
    assert (await ada.give("claim", issue)).status_code == 403


async def test_only_administrators_change_agents(queues: QueueService) -> None:
    for role in (Role.AGENT, Role.LEAD, Role.OPERATOR):
        somebody = await queues.staff("somebody", role=role)
        assert (await somebody.send("POST", "/agents", agent_body(id="x", password=PASSWORD))).status_code == 403
        assert (await somebody.send("PUT", f"/agents/{somebody.id}", agent_body(), version=1)).status_code == 403
        assert (await somebody.get("/agents")).status_code == 200


async def test_many_sign_ins_at_once_leave_the_api_answering(queues: QueueService) -> None:
    ada = await queues.staff("ada")
    answers = await asyncio.gather(*(sign_in(queues.running.client, ada.id) for _ in range(20)), ada.get("/me"))
    assert {answer.status_code for answer in answers} == {200}
