"""What becomes of feature requests reaches those who make the product, with how many customers ask."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from notifications.listeners import Listeners
from notifications.webhook_sender import WebhookSender
from shared.events.directory import ClientApplicationListed
from shared.events.features import AccountCount, FeatureRequestChanged
from shared.http import Outgoing
from shared.ids import new_id
from shared.vocabulary import Role
from support.events import ACCEPTED_AT, submitted
from support.infrastructure import Infrastructure
from support.kafka import published
from support.listener import Listener, listener
from support.notifications import Bench, bench
from support.people import bearer
from support.queue_service import QueueService, running_queues
from support.running import rows, wait_until

SOON = timedelta(seconds=20)
OPERATOR = bearer(Role.OPERATOR)


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, count_every=timedelta(milliseconds=50)) as started:
        yield started


async def told(queues: QueueService, request: str, what: str) -> list[FeatureRequestChanged]:
    """What was published of a request, once it holds such a fact and nothing waits to be counted."""

    async def there() -> Any:
        waiting = await rows(queues.service.db, "SELECT 1 FROM problems_uncounted UNION ALL SELECT 1 FROM outbox")
        events = await published(queues.settings, "support.work", request) if not waiting else []
        facts = [event.data for event in events]
        return facts if facts and facts[-1].what == what else None

    facts: list[FeatureRequestChanged] = await wait_until(there, SOON, f"{what} is told")
    return facts


async def test_a_feature_request_is_told_of_with_who_asks_for_it(queues: QueueService) -> None:
    ada, lead = await queues.staff("ada"), await queues.staff("lea", role=Role.LEAD)
    first, second, third = await queues.issues(3)
    body = {"kind": "feature-request", "title": "Export it", "description": "As a table.", "issues": [str(first)]}
    request = (await ada.send("POST", "/problems", body)).json()["id"]
    created = (await told(queues, request, "counted"))[0]
    assert (created.what, created.title, created.issues, created.accounts) == ("created", "Export it", 1, 1)
    for issue in (second, third):
        assert (await ada.give("link-problem", issue, problem=request)).status_code == 200
    counted = (await told(queues, request, "counted"))[-1]
    assert (counted.issues, counted.by_account[0].issues) == (3, 3)
    await ada.give("unlink-problem", third, problem=request)

    async def fewer() -> bool:
        return (await told(queues, request, "counted"))[-1].issues == 2

    await wait_until(fewer, SOON, "the unlinked one is not counted")
    decided = await lead.send("POST", f"/problems/{request}/decide", {"fix": True, "reason": "Many ask."})
    assert decided.status_code == 200, decided.text
    assert (await told(queues, request, "decided"))[-1].will_be_made is True


async def test_a_problem_that_is_no_feature_request_is_not_told_of(queues: QueueService) -> None:
    ada = await queues.staff("ada")
    (issue,) = await queues.issues(1)
    body = {"title": "It breaks", "description": "Always.", "issues": [str(issue)]}
    problem = (await ada.send("POST", "/problems", body)).json()["id"]

    async def counted() -> bool:
        return not await rows(queues.service.db, "SELECT 1 FROM problems_uncounted UNION ALL SELECT 1 FROM outbox")

    await wait_until(counted, SOON, "all is counted and published")
    assert await published(queues.settings, "support.work", problem) == []


@pytest.fixture
async def desk(infrastructure: Infrastructure, shop: Listener, bank: Listener) -> AsyncIterator[Bench]:
    allowed = frozenset({shop.origin, bank.origin})
    async with bench(infrastructure, allowed_private_targets=allowed) as made:
        for name in ("shop", "bank"):
            entry = ClientApplicationListed(entity=name, version=1, name=name.title(), active=True)
            await made.hear(made.event(entry))
        yield made


@pytest.fixture
async def shop() -> AsyncIterator[Listener]:
    async with listener() as listening:
        yield listening


@pytest.fixture
async def bank() -> AsyncIterator[Listener]:
    async with listener() as listening:
        yield listening


async def listen(desk: Bench, application: str, at: Listener, **settings: Any) -> dict[str, Any]:
    transport = httpx2.ASGITransport(app=desk.service.api)
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as client:
        body = {"url": at.url} | settings
        answer = await client.put(f"/notifications/webhooks/{application}", json=body, headers=OPERATOR)
    assert answer.status_code in (200, 201), answer.text
    view: dict[str, Any] = answer.json()
    return view


async def send(desk: Bench, *applications: str) -> None:
    listeners = Listeners(desk.settings.derived_key("webhook-secrets"), desk.settings.secret_overlap)
    async with Outgoing(desk.settings) as outgoing:
        sender = WebhookSender(desk.db, desk.settings, outgoing, listeners)
        for application in applications:
            while await sender.send_batch(application):
                pass
        await sender.drain()


def changed(request: UUID, what: str, issues: int = 3) -> FeatureRequestChanged:
    return FeatureRequestChanged(
        what=what,
        request=request,
        number=12,
        title="Export it",
        state="open",
        issues=issues,
        customers=2,
        accounts=1,
        by_account=(AccountCount(account="acme", customers=2, issues=3),),
        at=ACCEPTED_AT,
    )


async def test_an_application_that_asked_for_it_hears_of_feature_requests_in_order(
    desk: Bench, shop: Listener, bank: Listener
) -> None:
    assert (await listen(desk, "shop", shop, feature_requests=True))["feature_requests"] is True
    assert (await listen(desk, "bank", bank))["feature_requests"] is False
    request = new_id()
    facts = [changed(request, what, issues=place) for place, what in enumerate(("created", "counted", "later"))]
    await desk.hear(*(desk.event(fact, request) for fact in facts))
    await send(desk, "shop", "bank")
    bodies = [json.loads(one.body) for one in shop.taken]
    assert [body["type"] for body in bodies] == ["feature-request.created", "feature-request.counted"]
    assert bodies[1]["data"]["by_account"] == [{"account": "acme", "customers": 2, "issues": 3}]
    assert (bodies[1]["data"]["issues"], bodies[1]["data"]["request"]) == (1, str(request))
    assert bank.taken == []
    assert (await rows(desk.db, "SELECT count(*) FROM outbox"))[0][0] == 0


async def test_asking_for_feature_requests_stays_as_it_is_until_it_is_said_otherwise(
    desk: Bench, shop: Listener
) -> None:
    await listen(desk, "shop", shop, feature_requests=True)
    assert (await listen(desk, "shop", shop))["feature_requests"] is True
    assert (await listen(desk, "shop", shop, feature_requests=False))["feature_requests"] is False
    await desk.hear(desk.event(changed(new_id(), "created"), new_id()))
    issue = new_id()
    await desk.hear(desk.event(submitted(application="shop"), issue))
    await send(desk, "shop")
    assert [json.loads(one.body)["type"] for one in shop.taken] == ["issue-received"]
