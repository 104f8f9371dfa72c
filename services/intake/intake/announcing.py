"""Announcements: heard from tier-queues, addressed batch by batch to the customers whom they concern, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from intake.accepting import SOURCE
from intake.announcement_tables import ANNOUNCEMENT, ANNOUNCEMENT_CUSTOMER
from shared.db import NOW, Transaction
from shared.events import Envelope
from shared.events.announcements import Addressee, AnnouncementAddressed, AnnouncementMade
from shared.outbox import Outgoing, publish

TOGETHER: Final = 50
"""Customers of one fact, so that it is never too large."""
LANGUAGE: Final = "en"
"""Of customers who have a product and never wrote."""
_BEFORE_ALL: Final = UUID(int=0)
_NEXT: Final = f"""
SELECT id, title, text, product, category, account, plan, reached, reached_customer, {NOW} AS now FROM announcement
WHERE NOT done ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""  # noqa: S608
_WALK: Final = """
SELECT id, customer_id, application, submission ->> 'language' AS language,
    submission ->> 'product' = $3 AND ($4::text IS NULL OR submission ->> 'category' = $4) IS TRUE AS concerned
FROM issue WHERE id > $1 ORDER BY id LIMIT $2
"""
_OWNERS: Final = """
SELECT id, application, products ? $3 AS concerned FROM customer WHERE id > $1 ORDER BY id LIMIT $2
"""
_CUSTOMERS: Final = """
SELECT id, name, email FROM customer
WHERE id = ANY($1) AND ($2::text IS NULL OR account = $2) AND ($3::text IS NULL OR plan = $3) ORDER BY id
"""
_REACHED: Final = """
UPDATE announcement SET addressed = addressed + $2, reached = $3, reached_customer = $4, done = $5 WHERE id = $1
"""


async def hear(tx: Transaction, events: Sequence[Envelope[AnnouncementMade]]) -> None:
    """Keep what is to be told; whom it concerns is found batch by batch."""
    rows = [
        {
            "id": UUID(event.subject),
            "title": event.data.title,
            "text": event.data.text,
            "product": event.data.product,
            "category": event.data.category,
            "account": event.data.account,
            "plan": event.data.plan,
            "made_at": event.data.at,
            "reached": _BEFORE_ALL,
        }
        for event in events
    ]
    await tx.insert(ANNOUNCEMENT, rows, tail="ON CONFLICT (id) DO NOTHING")


async def address(tx: Transaction, *, limit: int) -> bool:
    """Look at the next `limit` issues for an announcement, then at customers, and address it to whom it concerns.

    Returns whether there is more to do. How far it is, whom it found and what it publishes are one transaction: a
    crash loses nobody and tells nobody twice.
    """
    rows = await tx.fetch(_NEXT)
    if not rows:
        return False
    announcement = rows[0]
    looked = await (_who_asked if announcement.reached_customer is None else _who_has_it)(tx, announcement, limit)
    found = await _new(tx, announcement, list(looked.concerned))
    await _publish(tx, announcement, [_addressee(customer, *looked.concerned[customer.id]) for customer in found])
    await tx.fetch(_REACHED, announcement.id, len(found), looked.reached, looked.reached_customer, looked.done)
    return True


@dataclass(frozen=True, slots=True)
class _Looked:
    """A batch that was looked at. concerned: customers to their application and language; the rest as in the table."""

    concerned: Mapping[UUID, tuple[str, str]]
    reached: UUID
    reached_customer: UUID | None
    done: bool


async def _who_asked(tx: Transaction, announcement: Any, limit: int) -> _Looked:
    issues = await tx.fetch(_WALK, announcement.reached, limit, announcement.product, announcement.category)
    concerned = {issue.customer_id: (issue.application, issue.language) for issue in issues if issue.concerned}
    reached = issues[-1].id if issues else announcement.reached
    is_last = len(issues) < limit
    # Who has a product has asked nothing that a category could tell.
    done = is_last and announcement.category is not None
    return _Looked(concerned, reached, _BEFORE_ALL if is_last else None, done)


async def _who_has_it(tx: Transaction, announcement: Any, limit: int) -> _Looked:
    customers = await tx.fetch(_OWNERS, announcement.reached_customer, limit, announcement.product)
    concerned = {customer.id: (customer.application, LANGUAGE) for customer in customers if customer.concerned}
    reached = customers[-1].id if customers else announcement.reached_customer
    return _Looked(concerned, announcement.reached, reached, len(customers) < limit)


async def _new(tx: Transaction, announcement: Any, customers: Sequence[UUID]) -> Sequence[Any]:
    """Those of these customers who fit and were not found before."""
    if not customers:
        return ()
    fitting = await tx.fetch(_CUSTOMERS, customers, announcement.account, announcement.plan)
    rows = [{"customer_id": customer.id, "announcement_id": announcement.id} for customer in fitting]
    tail = "ON CONFLICT DO NOTHING RETURNING customer_id"
    added = {row[0] for row in await tx.insert_returning(ANNOUNCEMENT_CUSTOMER, rows, tail=tail)}
    return [customer for customer in fitting if customer.id in added]


def _addressee(customer: Any, application: str, language: str) -> Addressee:
    return Addressee(
        customer=customer.id, name=customer.name, email=customer.email, application=application, language=language
    )


async def _publish(tx: Transaction, announcement: Any, customers: Sequence[Addressee]) -> None:
    groups = [customers[start : start + TOGETHER] for start in range(0, len(customers), TOGETHER)]
    facts = [
        AnnouncementAddressed(title=announcement.title, text=announcement.text, customers=some, at=announcement.now)
        for some in map(tuple, groups)
    ]
    await publish(tx, [Outgoing(str(announcement.id), fact) for fact in facts], source=SOURCE)
