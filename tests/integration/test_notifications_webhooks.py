"""Client applications' webhooks: who may set them, what is sent and signed, and that one that hangs delays nobody."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx2
import pytest

from notifications.listeners import Listeners
from notifications.webhook_sender import WebhookSender
from shared.events import directory, work
from shared.http import Outgoing
from shared.ids import new_id
from shared.vocabulary import IssueState, Role
from shared.webhooks import verify
from support.events import submitted, worked
from support.infrastructure import Infrastructure
from support.listener import Listener, Taken, listener
from support.notifications import Bench, bench
from support.people import as_command, bearer
from support.waiting import until

OPERATOR = bearer(Role.OPERATOR)
SOON = timedelta(seconds=10)


@dataclass
class Desk(Bench):
    """Notifications with two listeners it may reach, and its API."""

    shop: Listener = None  # type: ignore[assignment]
    bank: Listener = None  # type: ignore[assignment]
    client: httpx2.AsyncClient = None  # type: ignore[assignment]
    sender: WebhookSender = None  # type: ignore[assignment]

    async def listen(self, application: str, at: Listener) -> str:
        """Register a webhook; its secret."""
        answer = await self.client.put(f"/notifications/webhooks/{application}", json={"url": at.url}, headers=OPERATOR)
        assert answer.status_code == 201
        secret: str = answer.json()["secret"]
        return secret

    async def send_webhooks(self) -> None:
        """Send until nothing more is due."""
        for application in ("shop", "bank"):
            while await self.sender.send_batch(application):
                pass


@pytest.fixture
async def desk(infrastructure: Infrastructure) -> AsyncIterator[Desk]:
    async with listener() as shop, listener() as bank, working(infrastructure, shop, bank) as made:
        yield made


@asynccontextmanager
async def working(infrastructure: Infrastructure, shop: Listener, bank: Listener) -> AsyncIterator[Desk]:
    allowed = frozenset({shop.origin, bank.origin})
    async with bench(infrastructure, allowed_private_targets=allowed) as made, Outgoing(made.settings) as outgoing:
        transport = httpx2.ASGITransport(app=made.service.api)
        async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as client:
            listeners = Listeners(made.settings.derived_key("webhook-secrets"), made.settings.secret_overlap)
            sender = WebhookSender(made.db, made.settings, outgoing, listeners)
            desk = Desk(made.service, made.settings, shop=shop, bank=bank, client=client, sender=sender)
            for name in ("shop", "bank"):
                await desk.hear(desk.event(listed(name)))
            yield desk
            await sender.drain()


def listed(name: str, **changes: Any) -> directory.ClientApplicationListed:
    values: dict[str, Any] = {"entity": name, "version": 1, "name": name.title(), "active": True}
    return directory.ClientApplicationListed(**values | changes)


def replied(version: int) -> work.WorkFact:
    return worked(work.IssueReplied, version=version, state=IssueState.ASSIGNED, message=new_id(), text="Try again.")


async def submit(desk: Desk, application: str = "shop") -> UUID:
    issue = new_id()
    await desk.hear(desk.event(submitted(application=application, reference="order-7"), issue))
    return issue


def types(taken: list[Taken]) -> list[str]:
    return [json.loads(one.body)["type"] for one in taken]


async def test_an_application_gets_each_fact_once_signed_and_in_order(desk: Desk) -> None:
    secret = await desk.listen("shop", desk.shop)
    issue = await submit(desk)
    closed = worked(work.IssueClosed, version=5, state=IssueState.CLOSED, cause="time")
    await desk.hear(desk.event(replied(3), issue), desk.event(closed, issue))
    await desk.send_webhooks()
    assert types(desk.shop.taken) == ["issue-received", "issue-replied", "issue-closed"]
    ids = [verify([secret], one.headers, one.body, datetime.now(UTC)) for one in desk.shop.taken]
    assert len(set(ids)) == 3
    view = json.loads(desk.shop.taken[1].body)["data"]
    assert (view["issue"], view["reference"], view["state"], view["text"]) == (
        str(issue),
        "order-7",
        "in_progress",
        "Try again.",
    )


async def test_an_application_hears_nothing_of_another_ones_issues(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    await desk.listen("bank", desk.bank)
    await submit(desk, "bank")
    await desk.send_webhooks()
    assert (len(desk.shop.taken), len(desk.bank.taken)) == (0, 1)


async def test_an_inactive_application_hears_nothing_more(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    await desk.hear(desk.event(listed("shop", version=2, active=False)))
    issue = await submit(desk)
    assert await desk.deliveries(issue, "channel") == ["mail"]


async def test_a_webhook_that_was_not_taken_comes_again_with_the_same_id_and_body(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    desk.shop.statuses = [500, 302]
    issue = await submit(desk)
    await desk.hear(desk.event(replied(3), issue))
    for _ in range(3):
        await desk.send_webhooks()
        await desk.pass_time(timedelta(minutes=5))
    assert types(desk.shop.taken) == ["issue-received"] * 3 + ["issue-replied"]
    first, *again = desk.shop.taken[:3]
    assert all((one.header("webhook-id"), one.body) == (first.header("webhook-id"), first.body) for one in again)


async def test_one_application_that_hangs_delays_no_other(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    await desk.listen("bank", desk.bank)
    desk.shop.answers.clear()
    await submit(desk, "shop")

    async def heard(wanted: int) -> bool:
        async with asyncio.timeout(SOON.total_seconds()):
            await desk.sender.start_lanes()
        return bool(desk.shop.taken) and len(desk.bank.taken) == wanted

    for number in range(3):
        await until(partial(heard, number), "the shop is asked and the bank has heard of its issues", within=SOON)
        await submit(desk, "bank")
    await until(partial(heard, 3), "the bank has heard of its last issue", within=SOON)
    assert len(desk.shop.taken) == 1
    desk.shop.answers.set()


async def test_what_waits_for_a_webhook_that_is_removed_is_dropped(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    issue = await submit(desk)
    gone = await desk.client.delete("/notifications/webhooks/shop", headers=OPERATOR)
    assert gone.status_code == 204
    (keep_house,) = [timer for timer in desk.service.timers if timer.name == "housekeeping"]
    await keep_house.act()
    assert (await desk.deliveries(issue, "channel", "state"))[1] == ("webhook", "dropped")


async def test_the_secret_is_told_once(desk: Desk) -> None:
    secret = await desk.listen("shop", desk.shop)
    shown = await desk.client.get("/notifications/webhooks/shop", headers=OPERATOR)
    listing = await desk.client.get("/notifications/webhooks", headers=OPERATOR)
    again = await desk.client.put("/notifications/webhooks/shop", json={"url": desk.shop.url}, headers=OPERATOR)
    assert (again.status_code, again.json()["secret"]) == (200, None)
    assert secret not in shown.text + listing.text + again.text
    async with desk.db.transaction() as tx:
        ((sealed,),) = await tx.fetch("SELECT secret FROM webhook")
    assert secret.encode() not in bytes(sealed)


async def test_after_a_rotation_both_secrets_sign_for_a_day(desk: Desk) -> None:
    old = await desk.listen("shop", desk.shop)
    body = {"url": desk.shop.url, "rotate_secret": True}
    new = (await desk.client.put("/notifications/webhooks/shop", json=body, headers=OPERATOR)).json()["secret"]
    await submit(desk)
    await desk.send_webhooks()
    await desk.pass_time(timedelta(hours=25))
    await submit(desk)
    await desk.send_webhooks()
    first, second = desk.shop.taken
    assert [len(one.header("webhook-signature").split()) for one in (first, second)] == [2, 1]
    for secret, one in ((old, first), (new, first), (new, second)):
        verify([secret], one.headers, one.body, datetime.now(UTC))


async def test_an_address_inside_is_refused_at_registration(desk: Desk) -> None:
    for url in (
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://user:password@example.com/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest",
        "ftp://example.com/hook",
        "not a url",
        "https://example.com:22/hook",
    ):
        answer = await desk.client.put("/notifications/webhooks/shop", json={"url": url}, headers=OPERATOR)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), url


async def test_an_application_that_nobody_listed_cannot_listen(desk: Desk) -> None:
    answer = await desk.client.put("/notifications/webhooks/nobody", json={"url": desk.shop.url}, headers=OPERATOR)
    assert answer.status_code == 404


async def test_a_webhook_that_is_not_there_is_not_found_and_no_name_at_all_is_refused(desk: Desk) -> None:
    for name, expected in (("shop", 404), ("a%00b", 422), ("x" * 101, 422)):
        answer = await desk.client.get(f"/notifications/webhooks/{name}", headers=OPERATOR)
        assert answer.status_code == expected, name


async def test_only_operators_set_webhooks_and_replay(desk: Desk) -> None:
    calls = [
        ("PUT", "/webhooks/shop"),
        ("GET", "/webhooks/shop"),
        ("DELETE", "/webhooks/shop"),
        ("GET", "/webhooks"),
        ("GET", "/operations/deliveries"),
        ("GET", "/operations/deliveries/failed"),
        ("POST", f"/deliveries/{new_id()}/replay"),
    ]
    for method, path in calls:
        for headers, expected in (({}, 401), (bearer(Role.AGENT), 403), (bearer(Role.LEAD), 403)):
            answer = await desk.client.request(method, f"/notifications{path}", headers=headers)
            assert answer.status_code == expected, (method, path)


async def test_staff_read_an_issues_deliveries_page_by_page(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    issue = await submit(desk)
    await desk.hear(desk.event(replied(3), issue))
    seen: list[tuple[str, str]] = []
    after: str | None = None
    while True:
        asked = {"issue": str(issue), "limit": "1"} | ({"after": after} if after else {})
        page = (await desk.client.get("/notifications/deliveries", params=asked, headers=bearer())).json()
        seen += [(item["channel"], item["about"]) for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [
        ("mail", "issue-received"),
        ("webhook", "issue-received"),
        ("mail", "issue-replied"),
        ("webhook", "issue-replied"),
    ]


async def test_a_malformed_question_is_refused(desk: Desk) -> None:
    issue = new_id()
    for query in ("", "issue=1", f"issue={issue}&after=x", f"issue={issue}&after=WzFd.", f"issue={issue}&limit=0"):
        answer = await desk.client.get(f"/notifications/deliveries?{query}", headers=bearer())
        assert answer.status_code == 422, query


async def test_a_failed_delivery_is_sent_again_by_an_operator_once_per_key(desk: Desk) -> None:
    await desk.listen("shop", desk.shop)
    issue = await submit(desk)
    async with desk.db.transaction() as tx:
        await tx.fetch("UPDATE delivery SET state = 'failed', settled_at = now() WHERE channel = 'webhook'")
    failed = (await desk.client.get("/notifications/operations/deliveries/failed", headers=OPERATOR)).json()["items"]
    assert [item["issue"] for item in failed] == [str(issue)]
    command = as_command(OPERATOR)
    path = f"/notifications/deliveries/{failed[0]['id']}/replay"
    first = await desk.client.post(path, headers=command)
    await desk.send_webhooks()
    again = await desk.client.post(path, headers=command)
    assert (first.status_code, again.content) == (200, first.content)
    other = await desk.client.post(path, headers=as_command(OPERATOR))
    assert (other.status_code, other.json()["state"]) == (409, "delivered")
    assert len(desk.shop.taken) == 1


async def test_a_delivery_that_does_not_exist_cannot_be_replayed(desk: Desk) -> None:
    path = f"/notifications/deliveries/{new_id()}/replay"
    assert (await desk.client.post(path, headers=as_command(OPERATOR))).status_code == 404
    assert (await desk.client.post(path, headers=OPERATOR)).status_code == 400


async def test_operators_see_how_far_sending_is_behind(desk: Desk) -> None:
    await submit(desk)
    await desk.pass_time(timedelta(hours=1))
    figures = (await desk.client.get("/notifications/operations/deliveries", headers=OPERATOR)).json()
    assert [(one["channel"], one["waiting"]) for one in figures] == [("mail", 1), ("webhook", 0), ("staff", 0)]
    overview = (await desk.client.get("/notifications/operations", headers=OPERATOR)).json()
    assert overview["alarms"] == ["1 deliveries by mail wait, the oldest for 60 minutes."]


async def test_two_operators_who_register_at_once_share_one_secret(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(
            desk.client.put("/notifications/webhooks/shop", json={"url": desk.shop.url}, headers=OPERATOR)
            for _ in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert sum(answer.json()["secret"] is not None for answer in answers) == 1
