"""What the timeline already says, put into the parts of a question or a handover, so that nobody types it again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from shared.db import Transaction
from shared.events import collaboration, frontline, promises, work
from shared.vocabulary import TEXT_LIMIT
from tier_queues.messages import FROM_CUSTOMER, TO_CUSTOMER
from tier_queues.record import Issue

READ_LIMIT: Final = 200
"""Entries read per issue, newest first."""

_FINDINGS: Final = {
    collaboration.ConsultAnswered.TYPE: "answer",
    collaboration.RemoteSessionEnded.TYPE: "findings",
    work.VendorHeard.TYPE: "text",
}
"""Type of an entry that says what was found to where its private part says it."""
_TRIED: Final = {work.IssueNoted.TYPE: "text", frontline.CallLogged.TYPE: "said"}
_TYPES: Final = sorted(
    {
        *FROM_CUSTOMER,
        *TO_CUSTOMER,
        *_FINDINGS,
        *_TRIED,
        frontline.GuideStepRecorded.TYPE,
        work.HandoverOffered.TYPE,
        work.HandoverReturned.TYPE,
        promises.UpdatePromised.TYPE,
    }
)


class Briefing(BaseModel):
    """Parts of a question's briefing; empty where the timeline says nothing."""

    customer: str
    symptoms: str
    tried: str


class FiveParts(BaseModel):
    """Parts of a handover; empty where the timeline says nothing."""

    impact: str
    findings: str
    tried: str
    ask: str
    promised: str


class Prefilled(BaseModel):
    """What a person may begin with, and should read before sending. Each part fits a command."""

    briefing: Briefing
    handover: FiveParts


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the timeline, as far as it may help."""

    type: str
    at: datetime
    who: str
    fact: dict[str, Any]
    private: dict[str, Any]

    def line(self, text: str) -> str:
        """What was said, with who and when."""
        return f"{self.at:%Y-%m-%d %H:%M} {self.who}: {text}"


def prefilled(issue: Issue, entries: Sequence[Noted]) -> Prefilled:
    """The parts of both. entries: oldest first."""
    tried = _fitted(_tried(entries))
    return Prefilled(
        briefing=Briefing(customer=_customer(issue), symptoms=_fitted(_symptoms(issue, entries)), tried=tried),
        handover=FiveParts(
            impact=_fitted([_standing(issue), *_last_handover(entries, "impact")]),
            findings=_fitted(
                [
                    *_last_handover(entries, "findings"),
                    *_private(entries, _FINDINGS),
                    *_filled_in(entries),
                    *_checked(entries),
                ]
            ),
            tried=tried,
            ask=_fitted(_questions(entries)),
            promised=_fitted([*_last_handover(entries, "promised"), *_promised(entries)]),
        ),
    )


def _customer(issue: Issue) -> str:
    about = f", about {issue.product}" if issue.product else ""
    return f"{issue.customer_name}, account {issue.account}, plan {issue.plan}, writes {issue.language}{about}."


def _standing(issue: Issue) -> str:
    return f"Priority {issue.priority}: impact {issue.impact}, urgency {issue.urgency}."


def _symptoms(issue: Issue, entries: Sequence[Noted]) -> list[str]:
    words = (entry for entry in entries if entry.private.get("text") and _from_customer(entry))
    return [issue.title, *(entry.line(entry.private["text"]) for entry in words)]


def _from_customer(entry: Noted) -> bool:
    """Whether the private text is the customer's: that of their facts, and of the issue's first entry."""
    return entry.type in FROM_CUSTOMER or "channel" in entry.private


def _tried(entries: Sequence[Noted]) -> list[str]:
    lines = []
    for entry in entries:
        text = entry.private.get(_TRIED.get(entry.type, "")) or _written(entry)
        if text:
            lines.append(entry.line(text))
    return lines


def _written(entry: Noted) -> str | None:
    return entry.fact.get("text") if entry.type in TO_CUSTOMER else None


def _private(entries: Iterable[Noted], where: dict[str, str]) -> list[str]:
    named = ((entry, entry.private.get(where.get(entry.type, ""))) for entry in entries)
    return [entry.line(text) for entry, text in named if text]


def _filled_in(entries: Iterable[Noted]) -> list[str]:
    """What the customer answered to forms."""
    return [entry.line(entry.private["text"]) for entry in entries if entry.private.get("answers")]


def _checked(entries: Iterable[Noted]) -> list[str]:
    """Results of guides, each on its line."""
    steps = (entry for entry in entries if entry.type == frontline.GuideStepRecorded.TYPE)
    return [entry.line(" ".join(_words(entry))) for entry in steps]


def _words(entry: Noted) -> Iterable[str]:
    yield f"{entry.fact['guide']}, {entry.fact['step']}: {entry.fact['result']}."
    if text := entry.private.get("text"):
        yield text


def _last_handover(entries: Sequence[Noted], part: str) -> list[str]:
    offers = [entry.private.get(part, "") for entry in entries if entry.type == work.HandoverOffered.TYPE]
    return offers[-1:]


def _questions(entries: Sequence[Noted]) -> list[str]:
    return _private(entries, {work.HandoverReturned.TYPE: "question"})[-1:]


def _promised(entries: Sequence[Noted]) -> list[str]:
    told = [entry for entry in entries if entry.type == promises.UpdatePromised.TYPE]
    return [entry.line(f"next update by {entry.fact['until']}") for entry in told[-1:]]


def _fitted(lines: Sequence[str]) -> str:
    """The lines, without the oldest behind the first where they are too long for one part."""
    kept = [line for line in lines if line]
    while len(kept) > 1 and len("\n".join(kept)) > TEXT_LIMIT:
        del kept[1]
    return "\n".join(kept)[:TEXT_LIMIT]


async def read(tx: Transaction, issue: UUID) -> Sequence[Noted]:
    """What may help of an issue's timeline, oldest first; of a very long one the newest part."""
    rows = await tx.fetch(
        "SELECT type, at, actor->>'name', fact, private FROM timeline "
        "WHERE issue_id = $1 AND (version = 1 OR type = ANY($2)) ORDER BY version DESC LIMIT $3",
        issue,
        _TYPES,
        READ_LIMIT,
    )
    return [Noted(*row) for row in reversed(rows)]
