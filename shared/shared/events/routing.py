"""support.routing: the router's decisions, each with the reasons that a person can read."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.events.base import Fact, Value
from shared.events.issues import Submission
from shared.vocabulary import Level, Tier, Word


class Rung(Value):
    """One step of the ladder: the team that works the issue when it comes to this tier."""

    tier: Tier
    team: Word


class RuleTried(Value):
    """A hard rule and whether it fired; `effect` says what it did, in words."""

    rule: Word
    fired: bool
    effect: str | None = None


class CategoryScore(Value):
    """A candidate category and its probability, 0 to 1."""

    category: Word
    probability: float


class WordWeight(Value):
    """A word or phrase of the issue and how much it spoke for (positive) or against the chosen category."""

    text: str
    contribution: float


class Rejected(Value):
    """A tier, team or vendor that was considered and why it was not chosen."""

    candidate: str
    reason: str


class DecisionRecord(Value):
    """Everything needed to explain a decision later."""

    policy_version: int
    model_version: str | None = None
    calibration_version: str | None = None
    method: Word
    """What found the category: `given`, `keywords`, `model` or `none`."""
    rules: tuple[RuleTried, ...] = ()
    categories: tuple[CategoryScore, ...] = ()
    words: tuple[WordWeight, ...] = ()
    explained_score: Annotated[float | None, Field(exclude_if=lambda score: score is None)] = None
    """What the contributions of words add up to: with `keywords` a probability, with `model` a logit. Left out of the
    event when nothing is explained."""
    policy_row: str | None = None
    rejected: tuple[Rejected, ...] = ()
    threshold: float | None = None
    margin: float | None = None
    took_microseconds: int
    sentences: tuple[str, ...]
    """The decision as an agent would say it."""


class Routing(Value):
    """Where an issue goes, up the whole ladder, and why."""

    tier: Tier
    team: Word
    ladder: tuple[Rung, ...]
    vendor: Word | None = None
    """The vendor's id in vendor-bridge, when Tier 4 is on the ladder."""
    watching_tier: Tier = 2
    skills: tuple[Word, ...] = ()
    category: Word | None = None
    impact: Level | str
    urgency: Level | str
    triage: bool = False
    """The router abstains; a person at Tier 1 decides."""
    redirect: str | None = None
    """The right channel, when this is no support issue."""
    record: DecisionRecord


class IssueRouted(Fact, type="tierdesk.issue-routed.v1"):
    """A tier was assigned. Only the decision for the latest revision is applied.

    revision: 0 for the first, then that of the reclassification that caused it.
    """

    decision: UUID
    revision: int
    submission: Submission
    routing: Routing
