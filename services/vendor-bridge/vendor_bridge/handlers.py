"""What vendor-bridge does with facts, answers and commands; one transaction each."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Database, Transaction
from shared.events import Envelope
from shared.events.vendor import VendorCaseOpened
from shared.events.work import IssueForwarded
from shared.ids import new_id
from vendor_bridge import queue, registry, store
from vendor_bridge.case import Case, CaseState, Decision, Heard, Signal, decide, learned
from vendor_bridge.contract import Vendor, meaning, message
from vendor_bridge.refusals import NoSuchCase, NoSuchVendor, RepeatedWithOtherBody, Stale
from vendor_bridge.settings import Settings
from vendor_bridge.store import Attempted, NewDelivery


def callback_url(settings: Settings, vendor: str) -> str:
    """Where a vendor's callbacks go."""
    return f"{settings.public_url}/{settings.SERVICE}/callbacks/{vendor}"


async def open_cases(tx: Transaction, events: Sequence[Envelope[IssueForwarded]], settings: Settings) -> None:
    """A case and a delivery that is due at once for each forward.

    A forward to nobody we know is a case all the same, exhausted from the start: a person is told, and once the
    vendor is registered a replay sends it.
    """
    known = await store.known(tx, [event.data.case for event in events])
    fresh = {event.data.case: event for event in events if event.data.case not in known}
    vendors = await registry.find(tx, sorted({event.data.vendor for event in fresh.values()}))
    now = await tx.now()
    opened, deliveries = [], []
    for event in fresh.values():
        vendor = vendors.get(event.data.vendor)
        opened.append((_opened(event, vendor, now), event.data))
        if vendor is not None and vendor.active:
            deliveries.append(_first_delivery(vendor, event.data, settings, now))
    await store.open_cases(tx, opened, deliveries)


def _opened(event: Envelope[IssueForwarded], vendor: Vendor | None, now: datetime) -> Decision:
    forwarded = event.data
    name = forwarded.vendor if vendor is None else vendor.name
    issue = UUID(event.subject)
    case = Case(forwarded.case, issue, forwarded.vendor, name, CaseState.OPEN, None, 0, now, now, 1)
    fact = VendorCaseOpened(case=case.id, vendor=case.vendor, vendor_name=name, at=now)
    if vendor is not None and vendor.active:
        return Decision(case, (fact,), proven=False)
    reason = "The vendor is not registered." if vendor is None else "The vendor is not active."
    exhausted = decide(case, Heard(Signal.EXHAUSTED, reason=reason), now)
    return Decision(exhausted.case, (fact, *exhausted.facts), proven=False)


def _first_delivery(vendor: Vendor, forwarded: IssueForwarded, settings: Settings, now: datetime) -> NewDelivery:
    body = message(vendor, forwarded, callback_url=callback_url(settings, vendor.id))
    return NewDelivery(new_id(), forwarded.case, vendor.id, body, now)


async def record(tx: Transaction, attempts: Sequence[Attempted], settings: Settings) -> Sequence[None]:
    """Record what became of attempts. One whose lease is lost, or whose case a callback settled, changes nothing."""
    cases = await store.lock(tx, [attempt.case_id for attempt in attempts])
    ours = await store.settle(tx, attempts)
    now = await tx.now()
    decisions = []
    for attempt in attempts:
        decision = _consequence(cases[attempt.case_id], attempt, now, ours=attempt.delivery in ours)
        cases[attempt.case_id] = decision.case
        decisions.append(decision)
    await store.save(tx, decisions)
    await queue.learn(tx, attempts, probe_every=settings.breaker_probe_every)
    return [None] * len(attempts)


def _consequence(case: Case, attempt: Attempted, now: datetime, *, ours: bool) -> Decision:
    if not ours:
        return learned(case, now, reference=attempt.reference)
    if attempt.delivered:
        return decide(case, Heard(Signal.DELIVERED, reference=attempt.reference, attempts=1), now)
    if attempt.wait is None:
        return decide(case, Heard(Signal.EXHAUSTED, attempts=1, reason=attempt.reason or ""), now)
    return learned(case, now, attempts=1)


@dataclass(frozen=True, slots=True)
class Callback:
    """What a vendor said, its signature verified. id: the message's; remote: the vendor's id for what it says."""

    vendor: Vendor
    case_id: UUID
    id: str
    remote: str | None
    state: str
    text: str | None
    reference: str | None
    body: bytes

    @property
    def ids(self) -> list[str]:
        """Under which a repeat is recognised."""
        return [f"message:{self.id}"] + ([f"remote:{self.case_id}:{self.remote}"] if self.remote else [])


async def hear(db: Database, callback: Callback) -> Case:
    """Take effect of a callback, once. Raises NoSuchCase and RepeatedWithOtherBody."""
    digest = hashlib.sha256(callback.body).digest()
    async with db.transaction() as tx:
        case = (await store.lock(tx, [callback.case_id])).get(callback.case_id)
        if case is None or case.vendor != callback.vendor.id:
            raise NoSuchCase(str(callback.case_id))
        before = await store.remember_callback(tx, callback.vendor.id, case.id, callback.ids, digest)
        conflicts = [known for known, body in before.items() if body != digest]
        if conflicts:
            await store.count_conflict(tx, callback.vendor.id, conflicts)
        elif not before:
            heard = meaning(callback.vendor, callback.state, text=callback.text, reference=callback.reference)
            decision = decide(case, heard, await tx.now())
            await store.save(tx, [decision])
            return decision.case
    if conflicts:
        raise RepeatedWithOtherBody(callback.id)
    return case


async def replay(tx: Transaction, case_id: UUID, settings: Settings, *, expected: int | None = None) -> Case:
    """Send a case again, at once and with the whole schedule before it.

    Raises NoSuchCase, NotAllowed when the vendor has it, NoSuchVendor when there is nobody to send it to, and Stale.
    """
    case = (await store.lock(tx, [case_id])).get(case_id)
    if case is None:
        raise NoSuchCase(str(case_id))
    now = await tx.now()
    decision = decide(case, Heard(Signal.REPLAYED), now)
    vendor = (await registry.find(tx, [case.vendor])).get(case.vendor)
    if vendor is None or not vendor.active:
        raise NoSuchVendor(case.vendor)
    if expected is not None and expected != case.version:
        raise Stale(case.version)
    if not await store.rearm(tx, case_id):
        forwarded = await store.forwarded(tx, case_id)
        await store.add_deliveries(tx, [_first_delivery(vendor, forwarded, settings, now)])
    await queue.probe_now(tx, case.vendor)
    await store.save(tx, [decision])
    return decision.case
