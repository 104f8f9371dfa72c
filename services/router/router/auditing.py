"""PURE. The blind audit: which automatic decisions are judged, and when they or their number give an alarm."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from router.measures import TARGET_PRECISION, wilson_lower_bound
from shared.events.routing import Routing
from shared.vocabulary import IssueId

SHARE: Final = 0.02
"""Of the automatic decisions."""
OUT_OF_SCOPE: Final = "oos"
"""What people answer when no category fits; training knows it by this name."""
FEWEST_JUDGED: Final = 20
"""Answers of the audit without which nobody is alarmed."""
DRIFT_LIMIT: Final = 0.10
"""By how much the share of automatic decisions may differ from that of the week before."""
FEWEST_COMPARED: Final = 200
"""Decisions, in the last day and in the week before, without which a difference says nothing."""
_RANDOM_BITS: Final = 32


def is_automatic(routing: Routing) -> bool:
    """Whether a text was given a category and nobody was asked."""
    return routing.record.method != "given" and routing.category is not None


def is_sampled(issue: IssueId) -> bool:
    """Whether an issue's decision is judged, if it is automatic; the same for the same issue everywhere."""
    return issue.int & ((1 << _RANDOM_BITS) - 1) < SHARE * (1 << _RANDOM_BITS)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Issues whose category was looked for in the text, and how many of them nobody had to place."""

    decided: int = 0
    automatic: int = 0

    @property
    def share(self) -> float:
        """Share that nobody had to place; 0 without any."""
        return self.automatic / self.decided if self.decided else 0.0


def coverage_of(routings: Iterable[Routing]) -> Coverage:
    """Of first decisions. Those whose category somebody gave do not count."""
    by_text = [is_automatic(routing) for routing in routings if routing.record.method != "given"]
    return Coverage(len(by_text), sum(by_text))


@dataclass(frozen=True, slots=True)
class Quality:
    """How decisions fare. judged, agreed: of the audit; day: the last one; week: the one before that day.

    agreed: sent where their confirmed category goes, which is what thresholds are compared for.
    """

    judged: int
    agreed: int
    day: Coverage
    week: Coverage

    @property
    def precision(self) -> float | None:
        """Share of the judged decisions that sent the issue where it belongs."""
        return self.agreed / self.judged if self.judged else None


def alarms(quality: Quality) -> list[str]:
    """What an operator must look at. A few bad answers are no proof: chance is left out of account."""
    found = []
    possible = 1 - wilson_lower_bound(quality.judged - quality.agreed, quality.judged)
    if quality.judged >= FEWEST_JUDGED and possible < TARGET_PRECISION:
        found.append(
            f"Automatic decisions are less precise than {TARGET_PRECISION * 100:.0f} %: "
            f"the audit agreed with {quality.agreed} of {quality.judged}."
        )
    before, now = quality.week, quality.day
    if min(before.decided, now.decided) >= FEWEST_COMPARED and abs(now.share - before.share) > DRIFT_LIMIT:
        found.append(
            f"Coverage drifts: {now.share * 100:.0f} % of the last day's issues were decided without a person, "
            f"{before.share * 100:.0f} % in the week before."
        )
    return found
