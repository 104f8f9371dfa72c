"""support.deliveries: whether mails and webhooks arrived; notifications is the only writer."""

from typing import Literal
from uuid import UUID

from shared.events.base import Fact
from shared.vocabulary import Moment, Word


class DeliveryFact(Fact):
    """Common to both outcomes. cause: id of the event that the message was about."""

    delivery: UUID
    channel: Literal["mail", "webhook"] | str
    cause: UUID
    about: Word
    """Which message it was, e.g. `issue-resolved`."""
    attempts: int
    at: Moment


class NotificationDelivered(DeliveryFact, type="tierdesk.notification-delivered.v1"):
    """The receiving server took the message."""


class NotificationFailed(DeliveryFact, type="tierdesk.notification-failed.v1"):
    """The message was refused for good, or every attempt failed."""

    reason: str
