"""What staff see of an issue: all of it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from shared.auth import AGENTS, Caller
from shared.db import Transaction
from shared.events import routing, work
from shared.paging import Page, cursor_of, key_in
from shared.vocabulary import FAR_FUTURE, HandoverMode, HandoverReason, IssueState, Level, Resolution, WaitingFor
from tier_queues.clocks import Clock
from tier_queues.commands import NAME_OF
from tier_queues.custody import PING_PONG, revisits_of_team, revisits_of_tier
from tier_queues.guards import WRITES_TO_CUSTOMER
from tier_queues.handlers import agent_of
from tier_queues.issue import Issue, Offered, allowed_in
from tier_queues.policies import Policies
from tier_queues.side_views import (
    AskedFormView,
    CallBackView,
    LinkedProblemView,
    LinkView,
    OpenConsultView,
    ParticipantView,
    RemoteSessionView,
    VerificationView,
    shown,
)

VERSION_LIMIT: Final = 2**31 - 1


class ClockView(BaseModel):
    """A promise towards the customer. due_at: None when nothing is promised or the clock does not run."""

    name: str
    state: str
    due_at: datetime | None
    breached: bool
    announced_percent: int

    @classmethod
    def of(cls, clock: Clock) -> "ClockView":
        """What is shown of a clock. state: running, paused, met; ended when nobody needs it any more."""
        state = "running" if clock.is_running else clock.move
        return cls(
            name=clock.name,
            state=state,
            due_at=clock.due_at,
            breached=clock.is_breached,
            announced_percent=clock.announced,
        )


class OfferView(BaseModel):
    """A pending handover with its five parts."""

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
    overdue: bool
    lower_tier_could: bool

    @classmethod
    def of(cls, offer: Offered) -> "OfferView":
        """What is shown of an offer."""
        return cls(**{name: getattr(offer, name) for name in cls.model_fields})


class CaseView(BaseModel):
    """A vendor's part of the issue."""

    id: UUID
    vendor: str
    state: str
    reference: str | None


class IssueView(BaseModel):
    """An issue with its clocks, its pending offer, its vendor cases, and what the caller may do with it now.

    weight: units of an owner's capacity. given_to: who alone may claim it, until when. idle_at: when an owner who does
    nothing is warned or loses it. revisits: how often it came back to its place; ping_pong: too often.
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
    impact: Level
    urgency: Level
    priority: int
    category: str | None
    product: str | None
    title: str
    account: str
    plan: str
    customer_name: str
    application: str
    language: str
    accepted_at: datetime
    updated_at: datetime
    deadline: datetime | None
    triage: bool
    unseen: bool
    newest_message: UUID | None
    vendor: str | None
    ladder: list[routing.Rung]
    watching_tier: int
    skills: list[str]
    offer: OfferView | None
    cases: list[CaseView]
    clocks: list[ClockView]
    resolution: Resolution | None
    resolved_at: datetime | None
    solved_tier: int | None
    closes_at: datetime | None
    handovers: int
    consults: list[OpenConsultView]
    participants: list[ParticipantView]
    remote: RemoteSessionView | None
    call_backs: list[CallBackView]
    verifications: list[VerificationView]
    weight: int
    queued_since: datetime | None
    given_to: str | None
    given_until: datetime | None
    idle_at: datetime | None
    tags: list[str]
    links: list[LinkView]
    revisits_of_tier: int
    revisits_of_team: int
    ping_pong: bool
    problems: list[LinkedProblemView]
    forms: list[AskedFormView]
    account_manager: str | None
    major: bool
    allowed: list[str]


_SPECIAL: Final = frozenset(
    {
        "updated_at",
        "deadline",
        "ladder",
        "skills",
        "offer",
        "cases",
        "clocks",
        "consults",
        "participants",
        "remote",
        "call_backs",
        "verifications",
        "given_to",
        "given_until",
        "revisits_of_tier",
        "revisits_of_team",
        "ping_pong",
        "problems",
        "links",
        "forms",
        "allowed",
    }
)
_PLAIN: Final = tuple(name for name in IssueView.model_fields if name not in _SPECIAL)


def view_of(issue: Issue, caller: Caller, policies: Policies) -> IssueView:
    """The view that one member of staff gets. allowed: names of the commands possible now for them."""
    return IssueView(
        **{name: getattr(issue, name) for name in _PLAIN},
        updated_at=issue.last_at,
        deadline=None if issue.deadline == FAR_FUTURE else issue.deadline,
        ladder=list(issue.ladder),
        skills=list(issue.skills),
        offer=OfferView.of(issue.offer) if issue.offer else None,
        cases=[
            CaseView(id=case.id, vendor=case.vendor, state=case.state, reference=case.reference) for case in issue.cases
        ],
        clocks=[ClockView.of(clock) for clock in issue.clocks],
        consults=[shown(OpenConsultView, consult) for consult in issue.consults],
        participants=[shown(ParticipantView, participant) for participant in issue.participants],
        remote=shown(RemoteSessionView, issue.remote) if issue.remote else None,
        call_backs=[shown(CallBackView, booked) for booked in issue.call_backs],
        verifications=[shown(VerificationView, found) for found in issue.verifications],
        given_to=issue.pushed.agent if issue.pushed else None,
        given_until=issue.pushed.until if issue.pushed else None,
        links=[shown(LinkView, link) for link in issue.links],
        revisits_of_tier=(of_tier := revisits_of_tier(issue)),
        revisits_of_team=(of_team := revisits_of_team(issue)),
        ping_pong=max(of_tier, of_team) >= PING_PONG,
        problems=[shown(LinkedProblemView, linked) for linked in issue.problems],
        forms=[shown(AskedFormView, form) for form in issue.forms],
        allowed=_allowed(issue, caller, policies),
    )


def _allowed(issue: Issue, caller: Caller, policies: Policies) -> list[str]:
    if caller.role not in AGENTS:
        return []
    names = allowed_in(issue, agent_of(caller, policies))
    silent = {NAME_OF[kind] for kind in WRITES_TO_CUSTOMER} if policies.is_silent(issue.team) else ()
    return [name for name in names if name not in silent]


class TimelineEntry(BaseModel):
    """A change of an issue. fact: as other services heard it; private: what only staff see."""

    version: int
    at: datetime
    type: str
    actor: work.Actor
    fact: dict[str, Any]
    private: dict[str, Any]


_TIMELINE_KEY: Final = TypeAdapter(tuple[int])


async def timeline(tx: Transaction, issue: UUID, *, after: str | None, limit: int) -> Page[TimelineEntry]:
    """A page of an issue's timeline, oldest entry first. Raises Problem 422 for a cursor of another list."""
    behind = min(key_in(after, _TIMELINE_KEY)[0], VERSION_LIMIT) if after else 0
    rows = await tx.fetch(
        "SELECT version, at, type, actor, fact, private FROM timeline WHERE issue_id = $1 AND version > $2 "
        "ORDER BY version LIMIT $3",
        issue,
        max(0, behind),
        limit + 1,
    )
    more = cursor_of([rows[limit - 1][0]]) if len(rows) > limit else None
    return Page(items=[_entry(row) for row in rows[:limit]], next=more)


def _entry(row: Any) -> TimelineEntry:
    return TimelineEntry(
        version=row[0],
        at=row[1],
        type=row[2],
        actor=row[3],
        fact=row[4],
        private=row[5],
    )
