"""What the timeline says already is not typed again."""

from datetime import timedelta
from typing import Any

from shared.events import collaboration, work
from shared.vocabulary import TEXT_LIMIT
from support import queues
from support.queues import NOW
from tier_queues.briefing import Noted, prefilled


def noted(kind: type[work.WorkFact], who: str = "Ada", minutes: int = 0, **said: Any) -> Noted:
    fact = {"text": said.pop("public")} if "public" in said else {}
    return Noted(kind.TYPE, NOW + timedelta(minutes=minutes), who, fact, said)


FIRST = noted(work.IssueQueued, "Grace", text="The import stops.", channel="web")


def test_a_new_issue_says_who_the_customer_is_and_what_they_see() -> None:
    parts = prefilled(queues.queued(), [FIRST])
    assert parts.briefing.customer == "Grace Hopper, account navy, plan basic, writes en."
    assert parts.briefing.symptoms.splitlines() == ["I forgot my password", "2026-11-02 09:00 Grace: The import stops."]
    assert parts.briefing.tried == ""
    assert parts.handover.impact == "Priority 3: impact medium, urgency medium."
    assert (parts.handover.findings, parts.handover.ask, parts.handover.promised) == ("", "", "")


def test_notes_and_replies_are_what_was_tried_and_answers_are_findings() -> None:
    entries = [
        FIRST,
        noted(work.IssueNoted, minutes=1, text="Cleared the cache."),
        noted(work.IssueReplied, minutes=2, public="Please try again."),
        noted(collaboration.ConsultAnswered, "Tim", minutes=3, answer="The index is broken."),
        noted(collaboration.RemoteSessionEnded, minutes=4, findings="The disk is full."),
        noted(work.HandoverReturned, "Tim", minutes=5, question="Which release?"),
    ]
    parts = prefilled(queues.queued(), entries)
    assert [line[17:] for line in parts.handover.tried.splitlines()] == [
        "Ada: Cleared the cache.",
        "Ada: Please try again.",
    ]
    assert parts.briefing.tried == parts.handover.tried
    assert [line[17:] for line in parts.handover.findings.splitlines()] == [
        "Tim: The index is broken.",
        "Ada: The disk is full.",
    ]
    assert parts.handover.ask == "2026-11-02 09:05 Tim: Which release?"


def test_a_second_handover_begins_with_the_parts_of_the_first() -> None:
    first: dict[str, Any] = {part: f"First {part}." for part in ("impact", "findings", "tried", "ask", "promised")}
    parts = prefilled(queues.queued(), [FIRST, noted(work.HandoverOffered, **first)])
    assert parts.handover.impact.splitlines()[-1] == "First impact."
    assert (parts.handover.findings, parts.handover.promised) == ("First findings.", "First promised.")


def test_every_part_fits_a_command_however_long_the_timeline_is() -> None:
    entries = [FIRST, *(noted(work.IssueNoted, minutes=n, text="x" * TEXT_LIMIT) for n in range(5))]
    parts = prefilled(queues.queued(), entries)
    assert len(parts.handover.tried) == TEXT_LIMIT
    many = [FIRST, *(noted(work.IssueNoted, minutes=n, text=f"{n} " + "x" * 500) for n in range(100))]
    tried = prefilled(queues.queued(), many).briefing.tried
    assert len(tried) <= TEXT_LIMIT
    assert "Ada: 99 x" in tried
