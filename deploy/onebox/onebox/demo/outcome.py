"""What the demo found: figures from the evidence, as a table for people and as one JSON object."""

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from onebox.demo.audit import Offender
from onebox.demo.case import Case
from onebox.demo.client import Stopwatch
from onebox.demo.customers import Intent
from onebox.demo.evidence import Evidence
from onebox.demo.review import Review
from tierdesk_client import Answer

COMMANDS: Final = frozenset(
    ("claim", "put-back", "reply", "note", "offer", "accept", "return", "wait", "forward", "reclassify", "resolve")
)
SHOWN_OFFENDERS: Final = 20


@dataclass(frozen=True)
class Outcome:
    """Everything that is shown at the end. latency_ms: by what was measured, p50 and p99 in milliseconds.

    not_checked: halves of the audit that could not be done, with the reason.
    """

    posted: int
    accepted: int
    per_tier: Mapping[int, int]
    handovers: int
    vendor_cases: int
    mails: int
    latency_ms: Mapping[str, Mapping[str, float]]
    checked: int
    offenders: Sequence[Offender]
    not_checked: Sequence[str]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every post was accepted and the audit found nothing."""
        return not self.offenders and self.accepted == self.posted

    def as_json(self) -> str:
        """One object on one line."""
        offenders = [{"subject": each.subject, "fault": each.fault} for each in self.offenders]
        return json.dumps(
            {
                "posted": self.posted,
                "accepted": self.accepted,
                "per_tier": {str(tier): count for tier, count in sorted(self.per_tier.items())},
                "handovers": self.handovers,
                "vendor_cases": self.vendor_cases,
                "mails": self.mails,
                "latency_ms": self.latency_ms,
                "seconds": round(self.seconds, 1),
                "audit": {"checked": self.checked, "offenders": offenders, "not_checked": list(self.not_checked)},
            }
        )

    def show(self, console: Console) -> None:
        """The table, the audit and its offenders."""
        table = Table(
            show_header=False, title=f"{self.accepted} of {self.posted} issues accepted", title_justify="left"
        )
        for tier, count in sorted(self.per_tier.items()):
            table.add_row(f"solved at Tier {tier}", f"{count} ({100 * count / max(1, self.accepted):.0f} %)")
        table.add_row("handovers accepted", str(self.handovers))
        table.add_row("vendor cases", str(self.vendor_cases))
        table.add_row("mails delivered", str(self.mails))
        for what, figures in self.latency_ms.items():
            table.add_row(what, f"p50 {figures['p50']:.0f} ms, p99 {figures['p99']:.0f} ms")
        table.add_row("time taken", f"{self.seconds:.0f} s")
        console.print(table)
        for reason in self.not_checked:
            console.print(f"not checked: {reason}")
        for offender in self.offenders[:SHOWN_OFFENDERS]:
            console.print(f"[red]{offender.subject}[/]: {offender.fault}", highlight=False)
        if len(self.offenders) > SHOWN_OFFENDERS:
            console.print(f"… and {len(self.offenders) - SHOWN_OFFENDERS} more (all of them with --json)")
        verdict = "[green]nothing is wrong[/]" if self.holds else f"[bold red]{len(self.offenders)} offenders[/]"
        console.print(f"Audit of {self.checked} issues: {verdict}.")


def outcome_of(
    journal: Sequence[Intent],
    cases: Sequence[Case],
    review: Review,
    broken: Sequence[Offender],
    stopwatch: Stopwatch,
    seconds: float,
) -> Outcome:
    """The figures. broken: stories that could not be told to their end."""
    evidence = review.evidence
    return Outcome(
        posted=len(journal),
        accepted=sum(intent.outcome == "ok" for intent in journal),
        per_tier=per_tier(evidence),
        handovers=sum(len(each.entries("handover-accepted")) for each in evidence),
        vendor_cases=sum(len(each.entries("issue-forwarded")) for each in evidence),
        mails=sum(len(each.mails or ()) for each in evidence),
        latency_ms=latencies(stopwatch, cases, evidence),
        checked=len(evidence),
        offenders=sorted({*broken, *_not_accepted(journal), *review.offenders}),
        not_checked=review.not_checked,
        seconds=seconds,
    )


def _not_accepted(journal: Sequence[Intent]) -> list[Offender]:
    """Posts that were refused, or whose outcome is unknown: nothing here should refuse them."""
    return [
        Offender(f"post {intent.draft.body['reference']}", f"{intent.outcome}: {_content(intent.answer)}")
        for intent in journal
        if intent.outcome != "ok"
    ]


def _content(answer: Answer | None) -> str:
    return "no answer" if answer is None else answer.content[:200].decode(errors="replace")


def per_tier(evidence: Sequence[Evidence]) -> dict[int, int]:
    """How many issues each tier solved: where the issue was when it was resolved last."""
    tiers = (each.entries("issue-resolved")[-1:] for each in evidence)
    return dict(Counter(int(entry[0]["fact"]["standing"]["tier"]) for entry in tiers if entry))


def latencies(stopwatch: Stopwatch, cases: Sequence[Case], evidence: Sequence[Evidence]) -> dict[str, dict[str, float]]:
    """p50 and p99 of posts, of the way to a tier, and of all commands; what was not measured is left out."""
    measured = {
        "post": stopwatch.seconds.get("post", []),
        "post_to_claimable": _to_claimable(cases, evidence),
        "command": [seconds for name in COMMANDS for seconds in stopwatch.seconds.get(name, ())],
    }
    return {what: _quantiles(seconds) for what, seconds in measured.items() if len(seconds) > 1}


def _to_claimable(cases: Sequence[Case], evidence: Sequence[Evidence]) -> list[float]:
    """Seconds from sending the post to the first entry of the timeline.

    Both ends of the second leg are read from the servers' clock; the first leg, the post itself, overlaps with it by
    the time between acceptance and answer, so the sum is never too small.
    """
    posts = {case.id: case.posted.answer.seconds for case in cases}
    return [
        posts[each.id] + (_moment(each.timeline[0]["at"]) - _moment(each.customer["accepted_at"])).total_seconds()
        for each in evidence
        if each.timeline and each.customer
    ]


def _moment(value: Any) -> datetime:
    return datetime.fromisoformat(str(value))


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(cuts[49] * 1000, 1), "p99": round(cuts[98] * 1000, 1)}
