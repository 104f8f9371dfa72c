"""What may happen to a vendor case, and which facts follow. Pure: no clock, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.events import vendor as facts
from shared.events.vendor import VendorFact


class CaseState(StrEnum):
    """Where a case is. open: on its way; exhausted: every planned attempt failed; the others as the vendor said."""

    OPEN = "open"
    EXHAUSTED = "exhausted"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REJECTED = "rejected"


class Signal(StrEnum):
    """What can happen to a case."""

    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    REPLAYED = "replayed"
    ACKNOWLEDGED = "acknowledged"
    UPDATED = "updated"
    QUESTION = "question"
    RESOLVED = "resolved"
    REJECTED = "rejected"


CALLBACKS: Final = frozenset({Signal.ACKNOWLEDGED, Signal.UPDATED, Signal.QUESTION, Signal.RESOLVED, Signal.REJECTED})
"""What a vendor says; facts, which are never refused."""
UNDELIVERED: Final = frozenset({CaseState.OPEN, CaseState.EXHAUSTED})
"""States in which the vendor is not known to have the case; its first word proves that it has."""

_O, _X, _D, _A, _R, _J = (
    CaseState.OPEN,
    CaseState.EXHAUSTED,
    CaseState.DELIVERED,
    CaseState.ACKNOWLEDGED,
    CaseState.RESOLVED,
    CaseState.REJECTED,
)

TRANSITIONS: Final[Mapping[Signal, Mapping[CaseState, CaseState]]] = {
    Signal.DELIVERED: {_O: _D, _X: _D, _D: _D, _A: _A, _R: _R, _J: _J},
    Signal.EXHAUSTED: {_O: _X, _X: _X, _D: _D, _A: _A, _R: _R, _J: _J},
    Signal.REPLAYED: {_O: _O, _X: _O},
    Signal.ACKNOWLEDGED: {_O: _A, _X: _A, _D: _A, _A: _A, _R: _R, _J: _J},
    Signal.UPDATED: {_O: _D, _X: _D, _D: _D, _A: _A, _R: _R, _J: _J},
    Signal.QUESTION: {_O: _D, _X: _D, _D: _D, _A: _A, _R: _R, _J: _J},
    Signal.RESOLVED: {_O: _R, _X: _R, _D: _R, _A: _R, _R: _R, _J: _R},
    Signal.REJECTED: {_O: _J, _X: _J, _D: _J, _A: _J, _R: _J, _J: _J},
}
"""Signal and state to the state after it. Only replaying, a command, can be refused; the vendor's last word counts."""


class NotAllowed(Exception):
    """The case is not in a state in which this command makes sense."""

    def __init__(self, state: CaseState, signal: Signal) -> None:
        super().__init__(f"A case that is {state} cannot be {signal}.")
        self.state = state
        self.allowed = sorted(TRANSITIONS[signal])


@dataclass(frozen=True, slots=True)
class Case:
    """A case with one vendor. attempts: deliveries tried so far. reference: the vendor's own, once known."""

    id: UUID
    issue: UUID
    vendor: str
    vendor_name: str
    state: CaseState
    reference: str | None
    attempts: int
    opened_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that happened, with what came along. vendor_state: the vendor's own word for its state."""

    signal: Signal
    text: str | None = None
    reference: str | None = None
    vendor_state: str | None = None
    attempts: int = 0
    """Deliveries tried besides those the case already counts."""
    reason: str = ""
    """Why the last attempt failed; for EXHAUSTED."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The case afterwards and the facts to publish, in order. proven: a callback came before the recorded 2xx."""

    case: Case
    facts: tuple[VendorFact, ...]
    proven: bool


def decide(case: Case, heard: Heard, now: datetime) -> Decision:
    """What something means for a case.

    now: aware UTC, not before the case's last change. Raises NotAllowed for a replay of a case that was delivered.
    """
    state = TRANSITIONS[heard.signal].get(case.state)
    if state is None:
        raise NotAllowed(case.state, heard.signal)
    after = replace(
        case,
        state=state,
        reference=heard.reference or case.reference,
        attempts=case.attempts + heard.attempts,
        updated_at=now,
        version=case.version + 1,
    )
    reached = case.state in UNDELIVERED and (heard.signal is Signal.DELIVERED or heard.signal in CALLBACKS)
    delivered = (_fact(facts.VendorCaseDelivered, after, now, attempts=max(after.attempts, 1)),) if reached else ()
    return Decision(after, (*delivered, *_said(case, after, heard, now)), reached and heard.signal in CALLBACKS)


def learned(case: Case, now: datetime, *, reference: str | None = None, attempts: int = 0) -> Decision:
    """What is worth keeping although nothing happened: a failed attempt, or a reference that came after a callback."""
    after = replace(
        case, reference=case.reference or reference, attempts=case.attempts + attempts, version=case.version + 1
    )
    return Decision(replace(after, updated_at=now), (), proven=False)


def _said(before: Case, case: Case, heard: Heard, now: datetime) -> tuple[VendorFact, ...]:
    """The facts of a signal itself; a vendor that sends no text gets a sentence that says so."""
    word = heard.vendor_state
    text = heard.text or f"The vendor reports “{word or heard.signal}” without further text."
    update = _fact(
        facts.VendorCaseUpdated, case, now, text=text, question=heard.signal is Signal.QUESTION, vendor_state=word
    )
    match heard.signal:
        case Signal.DELIVERED | Signal.REPLAYED:
            return ()
        case Signal.EXHAUSTED:
            exhausted = _fact(facts.VendorDeliveryExhausted, case, now, attempts=case.attempts, reason=heard.reason)
            return (exhausted,) if before.state is CaseState.OPEN else ()
        case Signal.ACKNOWLEDGED:
            acknowledged = _fact(facts.VendorCaseAcknowledged, case, now)
            return (acknowledged, update) if heard.text else (acknowledged,)
        case Signal.UPDATED | Signal.QUESTION:
            return (update,)
        case Signal.RESOLVED:
            return (_fact(facts.VendorCaseResolved, case, now, text=text),)
        case Signal.REJECTED:
            return (_fact(facts.VendorCaseRejected, case, now, text=text),)


def _fact(kind: type[VendorFact], case: Case, now: datetime, **more: Any) -> VendorFact:
    return kind(
        case=case.id, vendor=case.vendor, vendor_name=case.vendor_name, reference=case.reference, at=now, **more
    )
