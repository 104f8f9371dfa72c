"""support.work: what the frontline does with a customer. How somebody was verified and what was said is never here."""

from typing import Literal
from uuid import UUID

from shared.events.work import WorkFact
from shared.vocabulary import Moment, Word


class CustomerVerified(WorkFact, type="tierdesk.customer-verified.v1"):
    """Somebody checked whether the account or the licence is what the customer says."""

    subject: Literal["account", "licence"] | str
    result: Literal["verified", "failed"] | str


class CallLogged(WorkFact, type="tierdesk.call-logged.v1"):
    """Somebody spoke with the customer. direction: in, when they called, else out. call_back: that was booked."""

    direction: Literal["in", "out"] | str
    minutes: int
    call_back: UUID | None = None


class CallBackBooked(WorkFact, type="tierdesk.call-back-booked.v1"):
    """The customer is to be called at a time."""

    call_back: UUID
    due_at: Moment


class CallBackDue(WorkFact, type="tierdesk.call-back-due.v1"):
    """The time to call the customer has come; told once."""

    call_back: UUID
    due_at: Moment


class GuideStepRecorded(WorkFact, type="tierdesk.guide-step-recorded.v1"):
    """A step of a guide was taken. step: its name in the guide."""

    guide: Word
    step: Word
    result: Literal["passed", "failed", "skipped"] | str
