"""support.vendor: what became of the cases that vendors work on; vendor-bridge is the only writer."""

from uuid import UUID

from shared.events.base import Fact
from shared.events.issues import Attachment
from shared.vocabulary import Moment, Text, Word


class VendorFact(Fact):
    """Common to all facts on support.vendor. case: the id minted by the forward; also the vendor's handle on us."""

    case: UUID
    vendor: Word
    vendor_name: Word
    reference: Word | None = None
    """The vendor's own reference, once known."""
    at: Moment


class VendorCaseOpened(VendorFact, type="tierdesk.vendor-case-opened.v1"):
    """A case exists and its first delivery is due."""


class VendorCaseDelivered(VendorFact, type="tierdesk.vendor-case-delivered.v1"):
    """The vendor's endpoint took the case, or spoke about it, which proves the same."""

    attempts: int


class VendorCaseAcknowledged(VendorFact, type="tierdesk.vendor-case-acknowledged.v1"):
    """The vendor says it is working on the case."""


class VendorCaseUpdated(VendorFact, type="tierdesk.vendor-case-updated.v1"):
    """The vendor wrote. question: it needs an answer from us, which ends the wait."""

    text: Text
    question: bool = False
    vendor_state: Word | None = None
    attachments: tuple[Attachment, ...] = ()


class VendorCaseResolved(VendorFact, type="tierdesk.vendor-case-resolved.v1"):
    """The vendor's answer."""

    text: Text
    attachments: tuple[Attachment, ...] = ()


class VendorCaseRejected(VendorFact, type="tierdesk.vendor-case-rejected.v1"):
    """The vendor will not work on the case."""

    text: Text


class VendorDeliveryExhausted(VendorFact, type="tierdesk.vendor-delivery-exhausted.v1"):
    """Every planned attempt failed; the case stays open and can be replayed."""

    attempts: int
    reason: str
