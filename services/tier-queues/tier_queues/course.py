"""What an issue's timeline says for the measures: read entry by entry, each adding or correcting rows. Pure.

The same rows follow whether a timeline is read at once or as it grows, and a row never goes away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.events import work
from shared.events.collaboration import ConsultAsked
from shared.events.forms import FormAsked
from shared.vocabulary import FRONTLINE_TIER, HandoverReason, IssueState, Resolution, WaitingFor
from tier_queues.measures import SATISFIED, Measure

OVER: Final = frozenset({IssueState.RESOLVED, IssueState.CLOSED})
UNANSWERED: Final = frozenset(
    {Resolution.REDIRECTED, Resolution.DUPLICATE, Resolution.WITHDRAWN, Resolution.SELF_SERVED}
)
"""Resolutions that say nothing about who could have answered."""
BY_OFFER: Final = "offer"
"""Why an issue is queued whose owner put it back while it was offered."""


@dataclass(frozen=True, slots=True)
class Row:
    """Something that counts. place: which one of its measure and detail on this issue; at: its day."""

    measure: Measure
    detail: str
    place: int
    at: datetime
    tier: int
    team: str
    priority: int
    value: float


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry of the timeline, as far as it counts. offer: reason of the offer that the fact names."""

    version: int
    at: datetime
    type: str
    actor: str
    state: str
    waiting_for: str | None
    tier: int
    team: str
    priority: int
    cause: str | None = None
    direction: str | None = None
    offer: str | None = None
    resolution: str | None = None
    lower_tier_could: bool = False
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Where an issue was from a time on."""

    since: datetime
    tier: int
    team: str
    priority: int


@dataclass(frozen=True, slots=True)
class Course:
    """What was read of an issue so far. version: of the last entry.

    stays: every place, and every priority there. arrived: when it came to its present place, or was reopened there.
    changed: when its state last changed. worked: seconds in somebody's hands since it arrived. counted: how many rows
    a measure has with a detail. lower_from: the tier whose owner said that a lower one could have solved it.
    """

    version: int
    at: datetime
    state: str
    waiting_for: str | None
    rested_since: datetime | None
    stays: tuple[Stay, ...]
    arrived: datetime
    worked: float = 0.0
    handovers: int = 0
    first_owner: str | None = None
    one_contact: bool = True
    offer: str | None = None
    lower_from: int | None = None
    frontline: Row | None = None
    first_answer: Row | None = None
    last_answer: Row | None = None
    counted: tuple[tuple[str, int], ...] = ()

    @property
    def stay(self) -> Stay:
        """Where it is."""
        return self.stays[-1]


def followed(course: Course | None, happenings: Sequence[Happening]) -> tuple[Course | None, list[Row]]:
    """The course after more entries, in the order of their versions, and the rows that they add or correct.

    course: None before the first entry. Entries that it has read already change nothing.
    """
    reading = _Reading(course)
    for happening in happenings:
        if reading.course is None or happening.version > reading.course.version:
            reading.take(happening)
    return reading.course, list(reading.rows.values())


class _Reading:
    """A course while entries are read. rows: the newest of each, by measure, detail and place."""

    def __init__(self, course: Course | None) -> None:
        self.course = course
        self.rows: dict[tuple[Measure, str, int], Row] = {}

    def take(self, new: Happening) -> None:
        if self.course is None:
            self._begin(new)
        before = self._before
        self._pass_time(new)
        self._note(new)
        if (new.tier, new.team) != (before.stay.tier, before.stay.team):
            self._leave(new)
            self._arrive(new)
        elif new.priority != before.stay.priority:
            stay = Stay(new.at, new.tier, new.team, new.priority)
            self.course = replace(self._before, stays=(*self._before.stays, stay))
        if new.state in OVER and before.state not in OVER:
            self._leave(new)
            self._answer(new)
        elif before.state in OVER and new.state not in OVER:
            self._reopen(new)
        self.course = replace(self._before, version=new.version, at=new.at, state=new.state)

    @property
    def _before(self) -> Course:
        assert self.course is not None
        return self.course

    def _begin(self, new: Happening) -> None:
        stay = Stay(new.at, new.tier, new.team, new.priority)
        # Before its first entry an issue is nowhere: whatever state follows has begun by it.
        self.course = Course(0, new.at, IssueState.QUEUED, None, None, (stay,), new.at)
        self._at_frontline(new)

    def _pass_time(self, new: Happening) -> None:
        """Time in hands since the last entry, and a rest that ends by this one."""
        course = self._before
        if course.state == IssueState.ASSIGNED:
            self.course = course = replace(course, worked=course.worked + _seconds(course.at, new.at))
        if new.waiting_for == course.waiting_for:
            return
        if course.waiting_for is not None and course.rested_since is not None:
            self._count(Measure.TIME_IN_WAIT, new.at, _seconds(course.rested_since, new.at), course.waiting_for)
        since = new.at if new.waiting_for is not None else None
        self.course = replace(self._before, waiting_for=new.waiting_for, rested_since=since)

    def _note(self, new: Happening) -> None:
        """What an entry says by its type, before the place changes."""
        course = self._before
        if new.type == work.IssueClaimed.TYPE and course.first_owner is None:
            self.course = replace(course, first_owner=new.actor)
        elif new.type == work.IssueReleased.TYPE or _asks_customer(new):
            self.course = replace(course, one_contact=False)
        elif new.type == ConsultAsked.TYPE:
            self._count(Measure.CONSULTS, new.at, 1)
        elif new.type == work.HandoverOffered.TYPE:
            lower = course.stay.tier if new.lower_tier_could else course.lower_from
            self.course = replace(course, offer=new.offer, lower_from=lower)
        elif new.score is not None:
            stay, value = course.stay, float(new.score >= SATISFIED)
            self._correct(Row(Measure.SATISFACTION, "", 0, new.at, stay.tier, stay.team, stay.priority, value))
        elif _is_transfer(new):
            reason = new.offer or course.offer or ""
            if new.tier > course.stay.tier or reason == HandoverReason.HIERARCHICAL:
                self._count(Measure.ESCALATIONS, new.at, 1, reason)
            course = self._before
            self.course = replace(course, handovers=course.handovers + 1, one_contact=False, offer=None)

    def _leave(self, new: Happening) -> None:
        course = self._before
        if course.version and course.state not in OVER:
            self._count(Measure.TIME_IN_TIER, new.at, _seconds(course.arrived, new.at))
            self._count(Measure.WORK_TIME, new.at, self._before.worked)

    def _arrive(self, new: Happening) -> None:
        """At another place: the escalation of what leaves Tier 1 upwards, and the return to where it was before."""
        course = self._before
        up = course.stay.tier == FRONTLINE_TIER < new.tier
        if course.frontline is not None and up and new.type != work.IssueRerouted.TYPE:
            self._correct(escalated := replace(course.frontline, value=1))
            self.course = course = replace(course, frontline=escalated)
        tiers, teams = {stay.tier for stay in course.stays}, {stay.team for stay in course.stays}
        moved_tier = new.tier != course.stay.tier
        stay = Stay(new.at, new.tier, new.team, new.priority)
        self.course = replace(course, stays=(*course.stays, stay), arrived=new.at, worked=0.0)
        if moved_tier and new.tier in tiers:
            self._count(Measure.BOUNCES, new.at, 1, "tier")
        elif not moved_tier and new.team in teams:
            self._count(Measure.BOUNCES, new.at, 1, "team")
        self._at_frontline(new)

    def _at_frontline(self, new: Happening) -> None:
        if self._before.frontline is None and new.tier == FRONTLINE_TIER and new.state not in OVER:
            row = Row(Measure.ESCALATION, "", 0, new.at, new.tier, new.team, new.priority, 0)
            self.course = replace(self._before, frontline=row)
            self._correct(row)

    def _answer(self, new: Happening) -> None:
        course = self._before
        answer = self._count(Measure.REOPEN, new.at, 0)
        self.course = replace(self._before, last_answer=answer)
        if new.resolution in UNANSWERED:
            return
        self._correct(replace(answer, measure=Measure.TRANSFERS, place=0, value=course.handovers))
        above = course.lower_from is not None and course.stay.tier >= course.lower_from
        self._correct(replace(answer, measure=Measure.SOLVED_ABOVE_LOWEST, place=0, value=float(above)))
        if course.first_answer is None:
            at_once = course.one_contact and new.actor == course.first_owner
            first = replace(answer, measure=Measure.FIRST_CONTACT_RESOLUTION, place=0, value=float(at_once))
            self.course = replace(self._before, first_answer=first)
            self._correct(first)

    def _reopen(self, new: Happening) -> None:
        course = self._before
        if course.last_answer is not None:
            self._correct(replace(course.last_answer, value=1))
        if course.first_answer is not None:
            self._correct(replace(course.first_answer, value=0))
        self.course = replace(course, arrived=new.at, worked=0.0)

    def _count(self, measure: Measure, at: datetime, value: float, detail: str = "") -> Row:
        """One more row of a measure, where the issue is."""
        course = self._before
        counted = dict(course.counted)
        key = f"{measure}/{detail}"
        place = counted.get(key, 0)
        counted[key] = place + 1
        self.course = replace(course, counted=tuple(counted.items()))
        row = Row(measure, detail, place, at, course.stay.tier, course.stay.team, course.stay.priority, value)
        self._correct(row)
        return row

    def _correct(self, row: Row) -> None:
        self.rows[row.measure, row.detail, row.place] = row


def _asks_customer(new: Happening) -> bool:
    return new.type == FormAsked.TYPE or (new.type == work.IssueWaiting.TYPE and new.waiting_for == WaitingFor.CUSTOMER)


def _is_transfer(new: Happening) -> bool:
    by_offer = new.type == work.IssueQueued.TYPE and new.cause == BY_OFFER
    return new.type == work.HandoverAccepted.TYPE or by_offer


def _seconds(since: datetime, until: datetime) -> float:
    return max((until - since).total_seconds(), 0.0)
