"""What the product measures about issues, and how each figure is told. Values only; what counts is in `course`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

SATISFIED: Final = 4
"""The lowest score, of 5, of a customer who is satisfied."""


class Measure(StrEnum):
    """A figure about issues. Which of an issue's happenings count, and on which day, is said at MEANINGS."""

    FIRST_CONTACT_RESOLUTION = "first-contact-resolution"
    ESCALATION = "escalation"
    REOPEN = "reopen"
    TRANSFERS = "transfers"
    SLA = "sla"
    TIME_IN_TIER = "time-in-tier"
    TIME_IN_WAIT = "time-in-wait"
    WORK_TIME = "work-time"
    ESCALATIONS = "escalations"
    CONSULTS = "consults"
    BOUNCES = "bounces"
    SOLVED_ABOVE_LOWEST = "solved-above-lowest"
    COST = "cost"
    SATISFACTION = "satisfaction"


Kind = Literal["share", "mean", "total"]
Unit = Literal["share", "per issue", "seconds", "count", "money"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a measure is told. kind: whether the figure is the sum over its rows, or that divided by their number."""

    kind: Kind
    unit: Unit
    says: str


MEANINGS: Final[Mapping[Measure, Meaning]] = MappingProxyType(
    {
        Measure.FIRST_CONTACT_RESOLUTION: Meaning(
            "share",
            "share",
            "First answers given by the first owner, without a handover, a return to the queue, or a question or form "
            "to the customer, and not reopened. Withdrawn, redirected, duplicate and self-served issues do not count.",
        ),
        Measure.ESCALATION: Meaning(
            "share", "share", "Issues that went from Tier 1 to a higher one, of all at Tier 1."
        ),
        Measure.REOPEN: Meaning("share", "share", "Answers after which the issue was reopened."),
        Measure.TRANSFERS: Meaning("mean", "per issue", "Handovers that somebody took, of each answered issue."),
        Measure.SLA: Meaning("share", "share", "Promises kept in time; `detail` is the clock."),
        Measure.TIME_IN_TIER: Meaning(
            "mean", "seconds", "From an issue's arrival at a team until it left or was solved."
        ),
        Measure.TIME_IN_WAIT: Meaning("mean", "seconds", "Rest until it ended; `detail` is what it was for."),
        Measure.WORK_TIME: Meaning("mean", "seconds", "Time in somebody's hands during a stay, without waits."),
        Measure.ESCALATIONS: Meaning(
            "total",
            "count",
            "Handovers from a place upwards, or to a lead or an account manager; `detail` is the reason.",
        ),
        Measure.CONSULTS: Meaning(
            "total", "count", "Questions that a place asked another one, keeping the issue; no escalation."
        ),
        Measure.BOUNCES: Meaning(
            "total", "count", "Returns of issues; `detail`: to a tier, or to a team of the same tier."
        ),
        Measure.SOLVED_ABOVE_LOWEST: Meaning(
            "share", "share", "Answered issues that a lower tier could have solved, as somebody said who had them."
        ),
        Measure.COST: Meaning("total", "money", "Work time at what an hour of the tier costs."),
        Measure.SATISFACTION: Meaning(
            "share", "share", "Rated issues whose customer gave 4 or 5 of 5; the newest rating of an issue counts."
        ),
    }
)
