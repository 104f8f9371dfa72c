"""support.work: the life of an issue. tier-queues is the only writer; a note's or handover's text is never here."""

import operator
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Fact, Value
from shared.events.issues import Attachment
from shared.vocabulary import (
    HandoverMode,
    HandoverReason,
    IssueState,
    Level,
    Moment,
    Priority,
    Resolution,
    Text,
    Tier,
    Title,
    WaitingFor,
    Word,
)


class ByRule(Value):
    """A rule of automation. version: of the rules; chain: the rules that led to what it did, itself last."""

    name: Word
    version: int
    chain: tuple[Word, ...]


class Actor(Value):
    """Who did it. by_rule: the rule that it was, or by which it followed; left out where there was none."""

    kind: Literal["agent", "customer", "vendor", "system", "rule"] | str
    id: str
    name: str
    by_rule: Annotated[ByRule | None, Field(exclude_if=operator.not_)] = None


class Target(Value):
    """Where an offer goes: a tier, one of its teams, or a named agent (then both are that agent's)."""

    tier: Tier
    team: Word | None = None
    agent: Word | None = None


class Offer(Value):
    """A pending handover."""

    id: UUID
    target: Target
    mode: HandoverMode | str
    reason: HandoverReason | str


class Standing(Value):
    """How an issue stands after a fact; `version` grows by one with each fact and never repeats."""

    version: int
    state: IssueState | str
    waiting_for: WaitingFor | str | None = None
    tier: Tier
    team: Word
    owner: str | None = None
    owner_name: str | None = None
    priority: Priority
    offer: Offer | None = None
    on_hold: Annotated[bool, Field(exclude_if=operator.not_)] = False
    """The customer sees that it rests, although somebody works on it; left out of the event when it does not."""


class Before(Value):
    """What stood before a fact and is needed to leave the right queue."""

    tier: Tier
    owner: str | None = None


class WorkFact(Fact):
    """Common to all facts on support.work. `before` is None on an issue's first fact."""

    at: Moment
    actor: Actor
    standing: Standing
    before: Before | None = None


class IssueQueued(WorkFact, type="tierdesk.issue-queued.v1"):
    """The issue waits in its tier's queue. cause: routed, rerouted, vendor, offer, customer."""

    cause: Word
    triage: bool = False


class IssueClaimed(WorkFact, type="tierdesk.issue-claimed.v1"):
    """An agent took the issue from the queue and owns it."""


class IssueReleased(WorkFact, type="tierdesk.issue-released.v1"):
    """The owner put the issue back into the queue."""

    reason: Text


class IssueReplied(WorkFact, type="tierdesk.issue-replied.v1"):
    """The owner wrote to the customer."""

    message: UUID
    text: Text
    attachments: tuple[Attachment, ...] = ()


class IssueNoted(WorkFact, type="tierdesk.issue-noted.v1"):
    """Somebody left an internal note; its text stays in tier-queues."""

    note: UUID


class CustomerHeard(WorkFact, type="tierdesk.customer-heard.v1"):
    """A customer's message reached the timeline."""

    message: UUID | None = None


class HandoverOffered(WorkFact, type="tierdesk.handover-offered.v1"):
    """The owner offers the issue to a tier, team or agent and keeps it until somebody accepts."""

    offer: Offer
    direction: Literal["up", "down", "across"] | str


class HandoverAccepted(WorkFact, type="tierdesk.handover-accepted.v1"):
    """The receiver owns the issue now."""

    offer: Offer
    direction: Literal["up", "down", "across"] | str


class HandoverReturned(WorkFact, type="tierdesk.handover-returned.v1"):
    """The receiver sends the offer back with a question; the owner keeps the issue."""

    offer: Offer


class HandoverWithdrawn(WorkFact, type="tierdesk.handover-withdrawn.v1"):
    """The offer ended without a receiver. cause: owner, customer, released, left."""

    offer: Offer
    cause: Word


class HandoverOverdue(WorkFact, type="tierdesk.handover-overdue.v1"):
    """Nobody accepted or returned in time; the lead is alerted and the offer stays open."""

    offer: Offer


class PublicMessage(Value):
    """A message that customer and staff both see, as it may be shown to a vendor."""

    author: Literal["customer", "support"] | str
    at: Moment
    text: Text


class IssueForwarded(WorkFact, type="tierdesk.issue-forwarded.v1"):
    """A vendor is asked to work on the issue; the owner stays and the issue waits for the vendor.

    messages: newest first as many as fit 64 KiB, in order of writing; truncated says that older ones are missing.
    """

    case: UUID
    vendor: Word
    number: int
    title: Title
    product: Word | None = None
    category: Word | None = None
    account: Word
    ask: Text
    messages: tuple[PublicMessage, ...]
    attachments: tuple[Attachment, ...] = ()
    truncated: bool = False


class VendorHeard(WorkFact, type="tierdesk.vendor-heard.v1"):
    """A vendor's fact reached the timeline. what: opened, delivered, acknowledged, updated, resolved, …"""

    case: UUID
    vendor: Word
    what: Word


class DeliveryNoted(WorkFact, type="tierdesk.delivery-noted.v1"):
    """A mail or webhook about the issue could not be delivered."""

    delivery: UUID
    channel: Word


class IssueWaiting(WorkFact, type="tierdesk.issue-waiting.v1"):
    """Work rests. until: when it wakes by itself, if a time was given."""

    until: Moment | None = None
    reason: Text


class IssueResumed(WorkFact, type="tierdesk.issue-resumed.v1"):
    """Waiting ended. cause: owner, customer, vendor, time."""

    cause: Word


class PriorityChanged(WorkFact, type="tierdesk.priority-changed.v1"):
    """Impact or urgency changed; priority follows from them."""

    impact: Level | str
    urgency: Level | str
    reason: Text


class IssueReclassified(WorkFact, type="tierdesk.issue-reclassified.v1"):
    """A person chose another category; the router decides again for this revision."""

    category: Word
    revision: int
    reason: Text


class IssueRerouted(WorkFact, type="tierdesk.issue-rerouted.v1"):
    """A later decision was applied; work is not taken out of an owner's hands."""

    decision: UUID
    revision: int


class ClockWarned(WorkFact, type="tierdesk.clock-warned.v1"):
    """A clock passed a share of its time, in percent."""

    clock: Word
    percent: int
    due_at: Moment


class WatchedFact(WorkFact):
    """Common to facts of which those hear who watch the issue. watchers: sign-in names; left out when nobody does."""

    watchers: Annotated[tuple[Word, ...], Field(exclude_if=operator.not_)] = ()


class ClockBreached(WatchedFact, type="tierdesk.clock-breached.v1"):
    """A clock passed its due time; published once per clock."""

    clock: Word
    due_at: Moment


class IssueResolved(WatchedFact, type="tierdesk.issue-resolved.v1"):
    """The issue is answered. text: what the customer is told."""

    resolution: Resolution | str
    text: Text


class IssueReopened(WatchedFact, type="tierdesk.issue-reopened.v1"):
    """A resolved or closed issue needs work again. cause: customer, owner, lead."""

    cause: Word


class IssueClosed(WorkFact, type="tierdesk.issue-closed.v1"):
    """The issue is over. cause: time, owner, customer."""

    cause: Word
