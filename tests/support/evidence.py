"""Evidence about one issue of the demo in which nothing is wrong, to plant faults in."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from onebox.demo.evidence import Evidence

ISSUE = UUID("0198a000-0000-7000-8000-000000000001")
CASE = "0198a000-0000-7000-8000-0000000000ca"
RECEIVED = "0198a000-0000-7000-8000-00000000000a"
SOLVED = "0198a000-0000-7000-8000-00000000000b"
ANSWER = "It is solved. (issue 1001)"


def entry(
    version: int, kind: str, state: str, *, tier: int = 1, owner: str | None = None, **fact: Any
) -> dict[str, Any]:
    """One entry of a timeline, a second after the one before."""
    standing = {"version": version, "state": state, "tier": tier, "owner": owner}
    at = f"2026-11-22T10:00:{version:02}Z"
    return {"version": version, "at": at, "type": f"tierdesk.{kind}.v1", "fact": {"standing": standing, **fact}}


def timeline() -> list[dict[str, Any]]:
    """Queued, claimed, forwarded, answered by the vendor, resolved."""
    return [
        entry(1, "issue-queued", "queued"),
        entry(2, "issue-claimed", "assigned", owner="clara"),
        entry(3, "issue-forwarded", "waiting", owner="clara", case=CASE),
        entry(4, "vendor-heard", "assigned", owner="clara", what="resolved"),
        entry(5, "issue-resolved", "resolved"),
    ]


def view(**changes: Any) -> dict[str, Any]:
    """The issue as staff see it."""
    return {"version": 5, "state": "resolved", "tier": 1, "owner": None, "cases": [{"id": CASE}]} | changes


def delivery(about: str, cause: str, **changes: Any) -> dict[str, Any]:
    """A mail as notifications knows it."""
    return {"channel": "mail", "about": about, "cause": cause, "state": "delivered"} | changes


def mail(cause: str) -> dict[str, Any]:
    """A mail as the sink took it."""
    return {"message_id": f"<{cause}.mac@mail.example>"}


def evidence(*, without: Sequence[int] = (), **changes: Any) -> Evidence:
    """Everything about issue 1001, solved after a vendor was asked. without: versions missing from its timeline."""
    told: dict[str, Any] = {
        "id": ISSUE,
        "number": 1001,
        "view": view(),
        "timeline": [each for each in timeline() if each["version"] not in without],
        "places": frozenset({(1, "resolved")}),
        "decisions": [{"revision": 0}],
        "customer": {"state": "solved", "number": 1001},
        "messages": [{"author": "support", "text": ANSWER}],
        "received": [{"case": CASE, "id": "msg_1", "times": 2}],
        "deliveries": [delivery("issue-received", RECEIVED), delivery("issue-solved", SOLVED)],
        "mails": [mail(RECEIVED), mail(SOLVED)],
        "said": (ANSWER,),
        "heard": (),
    }
    return Evidence(**told | changes)
