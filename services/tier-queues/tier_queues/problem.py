"""A problem: the cause, or the wish, behind many issues. Pure: what may be done to it, and who hears of it.

A problem with a workaround is a known error. A feature request is a problem that is counted instead of repaired.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from tier_queues import problem_changes as p
from tier_queues.refusals import NotAllowed, Refused, Unacceptable

REPRODUCTIONS_LIMIT: Final = 50
"""Attempts to reproduce one problem that are kept."""


class Kind(StrEnum):
    """What it is."""

    PROBLEM = "problem"
    FEATURE_REQUEST = "feature-request"


class State(StrEnum):
    """Where it is. declined: decided not to fix, workaround or not; merged: another one stands for it."""

    OPEN = "open"
    KNOWN_ERROR = "known-error"
    DECLINED = "declined"
    FIXED = "fixed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Person:
    """An agent as a history names them."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """An attempt to make it happen again. version: of the product."""

    at: datetime
    by: Person
    steps: str
    environment: str
    version: str
    outcome: str
    findings: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A link to what belongs to it. what: code, design, release, other."""

    what: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it will be fixed, and why."""

    fix: bool
    reason: str
    at: datetime
    by: Person


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it stands. version grows with each change. release: in which it is fixed; release_name: its name.

    merged_into: the one that stands for it.
    """

    id: UUID
    number: int
    version: int
    kind: Kind
    state: State
    title: str
    description: str
    product: str | None
    made_at: datetime
    made_by: Person
    updated_at: datetime
    root_cause: str | None = None
    workaround: str | None = None
    verdict: Verdict | None = None
    reproductions: tuple[Reproduction, ...] = ()
    references: tuple[Reference, ...] = ()
    release: UUID | None = None
    release_name: str | None = None
    merged_into: UUID | None = None


class Topic(StrEnum):
    """What linked issues hear. told: customers get a text; the others are what their names say."""

    WORKAROUND = "workaround"
    FIXED = "fixed"
    TOLD = "told"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class News:
    """What every linked issue is to hear. text: of the workaround, or for customers. resolve: open issues end by it."""

    topic: Topic
    text: str = ""
    resolve: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The problem afterwards, and the news for its issues."""

    problem: Problem
    news: News | None = None


OPEN, KNOWN_ERROR, DECLINED, FIXED, MERGED = State
_ALIVE: Final = (OPEN, KNOWN_ERROR, DECLINED)
_SAME: Final[Mapping[State, tuple[State, ...]]] = {state: (state,) for state in (*_ALIVE, FIXED)}

_TRANSITIONS: Final[Mapping[type[p.Change], Mapping[State, tuple[State, ...]]]] = {
    p.Describe: _SAME,
    p.RecordReproduction: _SAME,
    p.Tell: _SAME,
    p.Decide: {OPEN: (OPEN, DECLINED), KNOWN_ERROR: (KNOWN_ERROR, DECLINED), DECLINED: _ALIVE},
    p.PublishWorkaround: {OPEN: (KNOWN_ERROR,), KNOWN_ERROR: (KNOWN_ERROR,), DECLINED: (DECLINED,)},
    p.Fix: dict.fromkeys(_ALIVE, (FIXED,)),
    p.Reopen: {FIXED: (OPEN, KNOWN_ERROR)},
    p.Merge: dict.fromkeys(_ALIVE, (MERGED,)),
}
TRANSITIONS: Final[Mapping[tuple[State, type[p.Change]], tuple[State, ...]]] = MappingProxyType(
    {(state, change): follow for change, by_state in _TRANSITIONS.items() for state, follow in by_state.items()}
)
"""State and change to the states that may follow; a pair it does not hold is refused."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a change comes with. release: name of the release that a fix names; target: of a merge; None if absent."""

    by: Person
    now: datetime
    release: str | None = None
    target: Problem | None = None


def decide(problem: Problem, change: p.Change, given: Given) -> Outcome:
    """What a change makes of a problem. Raises NotAllowed, Refused, Unacceptable; then nothing happened."""
    kind = type(change)
    if (problem.state, kind) not in TRANSITIONS:
        detail = f"{p.NAME_OF[kind]} is not possible while it is {problem.state}."
        raise NotAllowed("not-allowed", detail, state=problem.state, allowed=allowed_in(problem))
    outcome = _EFFECTS[kind](problem, change, given)
    assert outcome.problem.state in TRANSITIONS[problem.state, kind], (problem.state, kind, outcome.problem.state)
    after = replace(outcome.problem, version=problem.version + 1, updated_at=max(given.now, problem.updated_at))
    return replace(outcome, problem=after)


def allowed_in(problem: Problem) -> list[str]:
    """Names of the changes that are possible now."""
    return [name for name, kind in p.CHANGES.items() if (problem.state, kind) in TRANSITIONS]


def _describe(problem: Problem, change: p.Describe, _given: Given) -> Outcome:
    references = tuple(Reference(**one.model_dump()) for one in change.references)
    plain: dict[str, Any] = {name: getattr(change, name) for name in ("title", "description", "product", "root_cause")}
    return Outcome(replace(problem, **plain, references=references))


def _record_reproduction(problem: Problem, change: p.RecordReproduction, given: Given) -> Outcome:
    if len(problem.reproductions) >= REPRODUCTIONS_LIMIT:
        raise Unacceptable("too-many-reproductions", f"{REPRODUCTIONS_LIMIT} attempts are recorded already.")
    attempt = Reproduction(given.now, given.by, **change.model_dump())
    return Outcome(replace(problem, reproductions=(*problem.reproductions, attempt)))


def _decide(problem: Problem, change: p.Decide, given: Given) -> Outcome:
    verdict = Verdict(change.fix, change.reason, given.now, given.by)
    state = _unfixed(problem) if change.fix else DECLINED
    return Outcome(replace(problem, state=state, verdict=verdict))


def _publish_workaround(problem: Problem, change: p.PublishWorkaround, _given: Given) -> Outcome:
    state = DECLINED if problem.state is DECLINED else KNOWN_ERROR
    return Outcome(replace(problem, state=state, workaround=change.text), News(Topic.WORKAROUND, change.text))


def _fix(problem: Problem, change: p.Fix, given: Given) -> Outcome:
    if given.release is None:
        raise Unacceptable("unknown-release", "There is no such release of this product; register it first.")
    after = replace(problem, state=FIXED, release=change.release, release_name=given.release)
    return Outcome(after, News(Topic.FIXED, change.text, resolve=change.then == "resolve"))


def _reopen(problem: Problem, _change: p.Reopen, _given: Given) -> Outcome:
    return Outcome(replace(problem, state=_unfixed(problem), release=None, release_name=None))


def _merge(problem: Problem, change: p.Merge, given: Given) -> Outcome:
    target = given.target
    if target is None or target.id == problem.id or target.kind is not problem.kind:
        raise Unacceptable("unknown-target", "Name another one of the same kind.")
    if target.state is MERGED or target.state is FIXED:
        raise Refused("target-over", f"The other one is {target.state}.", state=target.state)
    return Outcome(replace(problem, state=MERGED, merged_into=change.into), News(Topic.MERGED))


def _tell(problem: Problem, change: p.Tell, _given: Given) -> Outcome:
    return Outcome(problem, News(Topic.TOLD, change.text))


def _unfixed(problem: Problem) -> State:
    return OPEN if problem.workaround is None else KNOWN_ERROR


_EFFECTS: Final[Mapping[type[p.Change], Callable[..., Outcome]]] = MappingProxyType(
    {
        p.Describe: _describe,
        p.RecordReproduction: _record_reproduction,
        p.Decide: _decide,
        p.PublishWorkaround: _publish_workaround,
        p.Fix: _fix,
        p.Reopen: _reopen,
        p.Merge: _merge,
        p.Tell: _tell,
    }
)
