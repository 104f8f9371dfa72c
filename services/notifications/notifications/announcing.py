"""What customers are told before they ask: one mail for each of them."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from notifications import store
from notifications.notices import About, Notice
from notifications.store import NewDelivery, Receiver
from shared.customer_state import CustomerState
from shared.db import Transaction
from shared.events import Envelope
from shared.events.announcements import Addressee, AnnouncementAddressed


async def announce(tx: Transaction, events: Sequence[Envelope[AnnouncementAddressed]]) -> None:
    """Write a mail to everybody addressed; who was written to about an announcement before is not written to again."""
    told = [(event, customer) for event in events for customer in event.data.customers]
    await store.address(tx, {thread(event, customer): _receiver(event, customer) for event, customer in told})
    await store.deliver(tx, [_delivery(event, customer) for event, customer in told])


def thread(event: Envelope[AnnouncementAddressed], customer: Addressee) -> UUID:
    """Stands where an issue does for other mails; its mail's id follows from it, the same whenever it is told."""
    return uuid5(UUID(event.subject), str(customer.customer))


def _receiver(event: Envelope[AnnouncementAddressed], customer: Addressee) -> Receiver:
    return Receiver(customer.application, event.data.title, customer.name, customer.email, customer.language)


def _delivery(event: Envelope[AnnouncementAddressed], customer: Addressee) -> NewDelivery:
    place, fact = thread(event, customer), event.data
    notice = Notice(about=About.ANNOUNCED, at=fact.at, state=CustomerState.RECEIVED, text=fact.text)
    return NewDelivery(place, "mail", customer.application, place, notice)
