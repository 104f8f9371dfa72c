"""What becomes of feature requests, for applications that want to hear of it: one webhook each."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from notifications import store
from notifications.notices import FEATURE_OF, Notice
from notifications.store import NewDelivery, Receiver
from shared.customer_state import CustomerState
from shared.db import Transaction
from shared.events import Envelope
from shared.events.features import FeatureRequestChanged


async def tell(tx: Transaction, events: Sequence[Envelope[FeatureRequestChanged]]) -> None:
    """Write a webhook to every application that listens to feature requests, in order for each."""
    applications = sorted(await store.listening_to_features(tx))
    told = [(event, application) for event in events for application in applications]
    receivers = {_place(event, application): _receiver(event, application) for event, application in told}
    await store.address(tx, receivers)
    await store.deliver(tx, [new for one in told if (new := _delivery(*one)) is not None])


def _place(event: Envelope[FeatureRequestChanged], application: str) -> UUID:
    """Stands where an issue does for other webhooks; of each application, so that none waits for another."""
    return uuid5(event.data.request, application)


def _receiver(event: Envelope[FeatureRequestChanged], application: str) -> Receiver:
    fact = event.data
    return Receiver(application, fact.title, name="", address="", language="en", number=fact.number)


def _delivery(event: Envelope[FeatureRequestChanged], application: str) -> NewDelivery | None:
    """None for what a newer version of tier-queues tells."""
    fact = event.data
    about = FEATURE_OF.get(fact.what)
    if about is None:
        return None
    notice = Notice(about=about, at=fact.at, state=CustomerState.RECEIVED, feature_request=fact)
    place = _place(event, application)
    return NewDelivery(place, "webhook", application, uuid5(event.id, application), notice)
