"""The life of an issue as a picture, drawn from the tables that decide it: `python -m tier_queues.diagram`."""

import sys
from collections.abc import Iterator
from typing import Final

from shared.events import issues, vendor
from shared.vocabulary import IssueState
from tier_queues.commands import NAME_OF
from tier_queues.issue import EFFECTS, TRANSITIONS

START: Final = "[*]"
BEGIN_MARKER: Final = "<!-- life of an issue: begin -->"
END_MARKER: Final = "<!-- life of an issue: end -->"

Edge = tuple[str, str, str]
"""From, to, and what leads there."""

OPENINGS: Final[tuple[Edge, ...]] = (
    (START, IssueState.QUEUED, "routed"),
    (START, IssueState.WAITING, "routed to a vendor"),
    (START, IssueState.RESOLVED, "redirected"),
)
"""What the router's first decision makes."""
TIME: Final[tuple[Edge, ...]] = (
    (IssueState.WAITING, IssueState.ASSIGNED, "time is up"),
    (IssueState.RESOLVED, IssueState.CLOSED, "time is up"),
)
"""What happens by itself."""
WORDS: Final = {
    issues.CustomerReplied.TYPE: "customer writes",
    issues.ReopenRequested.TYPE: "customer writes",
    issues.FormAnswered.TYPE: "customer writes",
    issues.IssueWithdrawn.TYPE: "customer withdraws",
    vendor.VendorCaseUpdated.TYPE: "vendor asks",
    vendor.VendorCaseResolved.TYPE: "vendor answers",
    vendor.VendorCaseRejected.TYPE: "vendor rejects",
    vendor.VendorDeliveryExhausted.TYPE: "vendor out of reach",
}
"""Type of a fact that may move an issue to how a person would say it."""


def mermaid() -> str:
    """The state diagram in mermaid's language, one line per pair of states. Facts that move nothing are left out."""
    labels: dict[tuple[str, str], list[str]] = {}
    for start, end, label in _edges():
        known = labels.setdefault((start, end), [])
        if label not in known:
            known.append(label)
    lines = [f"    {start} --> {end} : {', '.join(words)}" for (start, end), words in labels.items()]
    return "\n".join(["stateDiagram-v2", *lines])


def section() -> str:
    """What stands between the README's markers."""
    return f"{BEGIN_MARKER}\n```mermaid\n{mermaid()}\n```\n{END_MARKER}"


def _edges() -> Iterator[Edge]:
    yield from OPENINGS
    for (state, command), follow in TRANSITIONS.items():
        yield from ((state, end, NAME_OF[command]) for end in follow)
    for (state, fact), follow in EFFECTS.items():
        yield from ((state, end, WORDS[fact.TYPE]) for end in follow if end is not state)
    yield from TIME


if __name__ == "__main__":
    sys.stdout.write(section() + "\n")
