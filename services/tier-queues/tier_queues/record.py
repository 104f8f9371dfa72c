"""What is known about an issue, and how a change of it is written down. Values only; the rules are in `issue`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from shared.events import routing, work
from shared.vocabulary import (
    FAR_FUTURE,
    VENDOR_TIER,
    HandoverMode,
    HandoverReason,
    IssueState,
    Level,
    Resolution,
    WaitingFor,
)
from tier_queues.clocks import Clock
from tier_queues.companions import (
    AskedForm,
    CallBack,
    LinkedProblem,
    OpenConsult,
    Participant,
    RemoteSession,
    Verification,
)
from tier_queues.links import Link

CASE_OVER: Final = frozenset({"resolved", "rejected"})
"""States in which a vendor no longer works on its case."""

TOLD_OF: Final = "told_of"
"""In the private part of a reply that another issue's customer got first: that issue."""
TIERDESK: Final = work.Actor(kind="system", id="tier-queues", name="Tierdesk")
ROUTER: Final = work.Actor(kind="system", id="router", name="Router")


@dataclass(frozen=True, slots=True)
class Offered:
    """A pending handover with its five parts, which are never in events. direction: up, down or across.

    overdue: nobody took it in time, which was said once; the offer stays open.
    """

    id: UUID
    target: work.Target
    mode: HandoverMode
    reason: HandoverReason
    direction: str
    impact: str
    findings: str
    tried: str
    ask: str
    promised: str
    offered_at: datetime
    due_at: datetime
    overdue: bool = False
    lower_tier_could: bool = False

    @property
    def offer(self) -> work.Offer:
        """The offer as facts show it."""
        return work.Offer(id=self.id, target=self.target, mode=self.mode, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Case:
    """A vendor's part of an issue. state: forwarded, then what the vendor's newest fact said.

    reference: the vendor's own, once known.
    """

    id: UUID
    vendor: str
    state: str
    reference: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer may still come."""
        return self.state not in CASE_OVER


@dataclass(frozen=True, slots=True)
class Pushed:
    """A queued issue given to an agent, who alone may claim it until a time."""

    agent: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it stands.

    triage: the router abstained and nobody has sorted it since, by a category, a handover or an answer.
    version grows by one with each entry; revision counts reclassifications. last_owner: who owned it when it was
    resolved. tier and team: where it is worked, or waits to be. watching_tier: minds it while a vendor has it and
    nobody owns it. newest_message: the customer's last one; unseen: it came since the owner's last look or reply.
    last_at: time of the last entry; a new one is never before it. wait_until, closes_at: None when not given.
    policy: the version by which the clocks promise. weight: units of an owner's capacity. path: tiers and teams where
    it has been, its present place last. queued_since: when it came to its tier. pushed: to whom it is given and for how
    long; pushed_to: whom that was tried with. idle_at: when an owner who does nothing is warned, or loses it.
    links: other issues that belong to it, duplicates and masters among them.
    consults: those that are open. remote: a remote session that was offered and whose findings are not recorded yet.
    problems: causes or wishes that it shares with others. forms: that the customer was asked, oldest first. channel:
    how it came in, empty where that was not kept. account_manager: the customer's, a sign-in name. major: it is a major
    incident, which others may follow. step_at: when the next step of the escalation in its queue comes; steps_taken:
    how many did. watchers: sign-in names of the first who watch it, which no command changes.
    """

    id: UUID
    number: int
    version: int
    revision: int
    state: IssueState
    waiting_for: WaitingFor | None
    wait_until: datetime | None
    tier: int
    team: str
    owner: str | None
    owner_name: str | None
    last_owner: str | None
    last_owner_name: str | None
    impact: Level
    urgency: Level
    priority: int
    category: str | None
    product: str | None
    title: str
    account: str
    plan: str
    customer: UUID
    customer_name: str
    application: str
    language: str
    accepted_at: datetime
    triage: bool
    vendor: str | None
    ladder: tuple[routing.Rung, ...]
    watching_tier: int
    skills: tuple[str, ...]
    offer: Offered | None
    cases: tuple[Case, ...]
    clocks: tuple[Clock, ...]
    unseen: bool
    newest_message: UUID | None
    resolution: Resolution | None
    resolved_at: datetime | None
    solved_tier: int | None
    closes_at: datetime | None
    handovers: int
    last_at: datetime
    policy: int = 0
    consults: tuple[OpenConsult, ...] = ()
    participants: tuple[Participant, ...] = ()
    remote: RemoteSession | None = None
    call_backs: tuple[CallBack, ...] = ()
    verifications: tuple[Verification, ...] = ()
    weight: int = 1
    path: tuple[tuple[int, str], ...] = ()
    queued_since: datetime | None = None
    pushed: Pushed | None = None
    pushed_to: tuple[str, ...] = ()
    idle_at: datetime | None = None
    idle_warned: bool = False
    problems: tuple[LinkedProblem, ...] = ()
    tags: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    forms: tuple[AskedForm, ...] = ()
    channel: str = ""
    account_manager: str | None = None
    major: bool = False
    step_at: datetime | None = None
    steps_taken: int = 0
    watchers: tuple[str, ...] = ()

    @property
    def standing(self) -> work.Standing:
        """How the issue stands, as every fact on support.work carries it."""
        return work.Standing(
            version=self.version,
            state=self.state,
            waiting_for=self.waiting_for,
            tier=self.tier,
            team=self.team,
            owner=self.owner,
            owner_name=self.owner_name,
            priority=self.priority,
            offer=self.offer.offer if self.offer else None,
            on_hold=bool(self.consults) and any(consult.on_hold for consult in self.consults),
        )

    @property
    def held(self) -> bool:
        """Whether a cold offer has freed the owner's capacity."""
        return self.offer is not None and self.offer.mode is HandoverMode.COLD

    @property
    def is_over(self) -> bool:
        """Whether it is resolved or closed."""
        return self.state in (IssueState.RESOLVED, IssueState.CLOSED)

    @property
    def minding_tier(self) -> int:
        """The tier whose agents look after it while nobody owns it: a vendor's issue is watched from another tier."""
        return self.watching_tier if self.tier == VENDOR_TIER and self.owner is None else self.tier

    @property
    def next_due(self) -> datetime:
        """The earliest time at which `tick` has something to do; FAR_FUTURE when there is none."""
        marks = [clock.next_mark.at for clock in self.clocks if clock.next_mark]
        offer = [self.offer.due_at] if self.offer and not self.offer.overdue else []
        consults = [consult.due_at for consult in self.consults if not consult.overdue]
        calls = [call.due_at for call in self.call_backs if not call.told]
        pushed = [self.pushed.until] if self.pushed else []
        others = [at for at in (self.wait_until, self.closes_at, self.idle_at, self.step_at) if at]
        return min([*marks, *offer, *consults, *calls, *pushed, *others], default=FAR_FUTURE)

    @property
    def deadline(self) -> datetime:
        """The nearest due time of a clock that runs, passed or not; FAR_FUTURE when none does. Lists sort by it."""
        return min((clock.due_at for clock in self.clocks if clock.due_at), default=FAR_FUTURE)

    @property
    def next_breach(self) -> Clock | None:
        """The clock that will be the next to break its promise if nothing happens; None when none will."""
        running = [clock for clock in self.clocks if clock.breach_at]
        return min(running, key=lambda clock: clock.breach_at or FAR_FUTURE) if running else None

    @property
    def queue(self) -> work.Target | None:
        """Where it can be claimed now: its tier and team when queued, the offer's target when offered, else None."""
        if self.state is IssueState.QUEUED:
            return work.Target(tier=self.tier, team=self.team, agent=self.pushed.agent if self.pushed else None)
        return self.offer.target if self.offer else None

    @property
    def asked_skills(self) -> tuple[str, ...]:
        """What is asked of whoever takes it: nothing while nobody knows yet what it is about."""
        return () if self.triage else self.skills

    @property
    def customer_actor(self) -> work.Actor:
        """The customer as a fact names who did it."""
        return work.Actor(kind="customer", id=str(self.customer), name=self.customer_name)

    def made_id(self, what: str) -> UUID:
        """An id for what the next entry makes. Derived, so that the same decision made again makes the same id."""
        return uuid5(self.id, f"{self.version + 1}/{what}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline. fact: also what is published; private: what stays here, as JSON values.

    private may hold the text of a note, a handover's parts, a return's question, a vendor's or customer's text.
    before: the issue that it changed, None for its first entry.
    """

    fact: work.WorkFact
    private: dict[str, Any]
    before: Issue | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: the issue afterwards, and the entries that led there, in order of their versions."""

    issue: Issue
    entries: tuple[Entry, ...] = ()

    def then(
        self,
        fact: type[work.WorkFact],
        *,
        actor: work.Actor,
        at: datetime,
        change: Mapping[str, Any] | None = None,
        private: dict[str, Any] | None = None,
        **content: Any,
    ) -> "Decision":
        """This decision with one more entry. change: fields of the issue; content: fields of the fact.

        An entry is never before the issue's last one, whatever `at` says.
        """
        issue = self.issue
        at = max(at, issue.last_at)
        after = replace(issue, version=issue.version + 1, last_at=at, **(change or {}))
        before = work.Before(tier=issue.tier, owner=issue.owner) if issue.version else None
        if issue.watchers and issubclass(fact, work.WatchedFact):
            content["watchers"] = issue.watchers
        written = fact(at=at, actor=actor, standing=after.standing, before=before, **content)
        return Decision(after, (*self.entries, Entry(written, private or {}, issue if issue.version else None)))
