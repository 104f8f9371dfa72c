"""What customers are told before they ask: made by leads, addressed by intake, mailed by notifications, each once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from intake import announcement_api, announcing, seed
from intake.seed import SeededCustomer
from shared.events.announcements import Addressee, AnnouncementAddressed, AnnouncementMade
from shared.events.work import Actor
from shared.ids import new_id
from shared.vocabulary import Role
from support.events import envelope
from support.infrastructure import Infrastructure
from support.intake import ISSUE, Intake, Shop
from support.notifications import Bench, bench
from support.people import bearer
from support.post_office import PostOffice
from support.queue_service import QueueService
from support.running import rows

SAID: dict[str, Any] = {
    "title": "Exports are slow today",
    "text": "Exports take up to an hour today.\nNothing is lost.",
    "product": "navy",
}


async def test_a_lead_announces_once_however_often_it_is_sent(queues: QueueService) -> None:
    lead, ada = await queues.staff("lea", role=Role.LEAD), await queues.staff("ada")
    key = str(new_id())
    made = await lead.send("POST", "/announcements", SAID | {"plan": "gold"}, key=key)
    assert made.status_code == 202, made.text
    again = await lead.send("POST", "/announcements", SAID | {"plan": "gold"}, key=key)
    assert again.content == made.content
    shown = (await ada.get(f"/announcements/{made.json()['id']}")).json()
    assert (shown["title"], shown["plan"], shown["made_by"]) == (SAID["title"], "gold", lead.id)
    other = (await lead.send("POST", "/announcements", SAID)).json()["id"]
    newest = (await ada.get("/announcements", limit=1)).json()
    older = (await ada.get("/announcements", limit=1, after=newest["next"])).json()
    assert [page["items"][0]["id"] for page in (newest, older)] == [other, made.json()["id"]]
    assert (await ada.get(f"/announcements/{new_id()}")).status_code == 404
    assert (await lead.send("POST", "/announcements", SAID | {"text": "x" * 4001})).status_code == 422


def made_of(**changes: Any) -> AnnouncementMade:
    actor = Actor(kind="agent", id="lea", name="Lea")
    return AnnouncementMade(**SAID | {"actor": actor, "at": datetime.now(UTC)} | changes)


async def customer(shop: Shop, email: str, **issue: Any) -> str:
    """Someone who asked; the id under which intake knows them."""
    given = {"customer": {"email": email, "name": "Casey"}, "product": "navy"} | issue
    await shop.submit(**given)
    return email


async def addressed_to(intake: Intake, announcement: UUID) -> list[str]:
    sql = (
        "SELECT email FROM announcement_customer JOIN customer ON customer.id = customer_id "
        "WHERE announcement_id = $1 ORDER BY email"
    )
    return [row[0] for row in await rows(intake.service.db, sql, announcement)]


async def address_all(intake: Intake, *, limit: int = 2) -> None:
    while True:
        async with intake.service.db.transaction() as tx:
            if not await announcing.address(tx, limit=limit):
                return


async def test_everybody_who_asked_about_the_product_is_addressed_once(intake: Intake, shop: Shop, bank: Shop) -> None:
    tail = new_id().hex[-8:]
    navy = [f"a.{tail}@example.com", f"b.{tail}@example.com"]
    for email in (*navy, navy[0]):
        await customer(shop, email, product=f"navy-{tail}")
    await customer(shop, f"c.{tail}@example.com", product="other")
    announcement = new_id()
    event = envelope(made_of(product=f"navy-{tail}"), subject=announcement)
    await intake.handle(event)
    await address_all(intake)
    assert await addressed_to(intake, announcement) == navy
    await intake.handle(event.model_copy(update={"id": new_id(), "seq": 2}))
    await address_all(intake)
    assert await addressed_to(intake, announcement) == navy
    known = await rows(intake.service.db, "SELECT id FROM customer WHERE email = $1", navy[0])
    page = (await shop.get("/announcements", customer=str(known[0][0]))).json()
    assert [(one["id"], one["title"]) for one in page["items"]] == [(str(announcement), SAID["title"])]
    assert (await bank.get("/announcements", customer=str(known[0][0]))).json()["items"] == []
    progress = await intake.running.client.get(f"/intake/announcements/{announcement}", headers=bearer(Role.AGENT))
    assert (progress.json()["addressed"], progress.json()["done"]) == (2, True)


async def test_filters_narrow_whom_an_announcement_concerns(intake: Intake) -> None:
    shop, tail = await intake.application("vouching", vouches=True), new_id().hex[-8:]
    product = f"navy-{tail}"
    for name, plan, category in (("a", "gold", "export"), ("b", "gold", "import"), ("c", "basic", "export")):
        given = {"email": f"{name}.{tail}@example.com", "name": "Casey", "account": "acme", "plan": plan}
        await shop.post("/issues", ISSUE, customer=given, product=product, category=category)
    announcement = new_id()
    await intake.handle(envelope(made_of(product=product, plan="gold", category="export"), subject=announcement))
    await address_all(intake)
    assert await addressed_to(intake, announcement) == [f"a.{tail}@example.com"]


async def test_who_has_the_product_is_addressed_too_and_whoever_also_asked_only_once(
    intake: Intake, shop: Shop
) -> None:
    tail = new_id().hex[-8:]
    product, names = f"navy-{tail}", ("a", "b", "c", "d")
    emails = [f"{name}.{tail}@example.com" for name in names]
    owned = ((product, "other"), (product,), (product,), ("other",))
    await seed.add_customers(
        intake.service.db,
        [
            SeededCustomer(email=email, name="Casey", plan="basic" if email == emails[2] else "gold", products=products)
            for email, products in zip(emails, owned, strict=True)
        ],
    )
    await shop.submit(customer={"email": emails[0]}, product=product)
    announcement, narrowed = new_id(), new_id()
    await intake.handle(envelope(made_of(product=product, plan="gold"), subject=announcement))
    await intake.handle(envelope(made_of(product=product, category="export"), subject=narrowed))
    await address_all(intake)
    assert await addressed_to(intake, announcement) == emails[:2]
    assert await addressed_to(intake, narrowed) == []


class Crash(Exception):
    """The process ends here."""


async def crash_while_addressing(intake: Intake) -> None:
    async with intake.service.db.transaction() as tx:
        await announcing.address(tx, limit=1_000)
        raise Crash


async def test_a_crash_while_customers_are_found_loses_nobody(intake: Intake, shop: Shop) -> None:
    tail = new_id().hex[-8:]
    emails = [f"{n}.{tail}@example.com" for n in range(5)]
    for email in emails:
        await customer(shop, email, product=f"navy-{tail}")
    announcement = new_id()
    await intake.handle(envelope(made_of(product=f"navy-{tail}"), subject=announcement))
    with pytest.raises(Crash):
        await crash_while_addressing(intake)
    await address_all(intake)
    assert await addressed_to(intake, announcement) == emails


async def test_a_customer_s_announcements_are_read_by_an_index(intake: Intake) -> None:
    async with intake.service.db.transaction() as tx:
        await tx.fetch("SET LOCAL enable_seqscan = off")
        explained = await tx.fetch(f"EXPLAIN {announcement_api.CONCERNING}", new_id(), "shop", new_id(), 50)
    assert "announcement_customer_pkey" in "\n".join(row[0] for row in explained)


@pytest.fixture
async def desk(infrastructure: Infrastructure, office: PostOffice) -> AsyncIterator[Bench]:
    async with bench(infrastructure, smtp_url=office.url, mails_per_second=10_000) as made:
        yield made


async def test_everybody_addressed_gets_one_mail_that_belongs_to_no_issue(desk: Bench, office: PostOffice) -> None:
    announcement = new_id()
    people = tuple(
        Addressee(customer=new_id(), name=name, email=f"{name}@example.com", application=application, language="en")
        for name, application in (("casey", "shop"), ("kim", ""))
    )
    fact = AnnouncementAddressed(title=SAID["title"], text=SAID["text"], customers=people, at=datetime.now(UTC))
    await desk.hear(desk.event(fact, announcement))
    await desk.send_all()
    await desk.hear(desk.event(fact, announcement))
    await desk.send_all()
    for name in ("casey", "kim"):
        (text,) = office.texts(f"{name}@example.com")
        assert text.splitlines()[:5] == [f"Hello {name},", "", SAID["title"], "", "Exports take up to an hour today."]
    assert {mail["Subject"] for _, mail in office.taken} == {SAID["title"]}
    assert [mail["Reply-To"] for _, mail in office.taken] == [None, None]
    assert len({mail["Message-ID"] for _, mail in office.taken}) == 2
    published = await rows(desk.db, "SELECT count(*) FROM outbox")
    assert published[0][0] == 0
