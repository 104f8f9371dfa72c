"""The audit: what must be true of every accepted issue, whatever happened to it. Pure, so that tests can plant faults.

A check gets the evidence about one issue and names what is wrong with it, one sentence each.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from onebox.demo.evidence import Evidence
from shared.vocabulary import IssueState

STATES: Final = frozenset(IssueState)
OVER: Final = frozenset({IssueState.RESOLVED, IssueState.CLOSED})
CUSTOMERS_WORDS: Final[Mapping[str, frozenset[str]]] = {
    IssueState.QUEUED: frozenset({"received", "in_progress"}),
    IssueState.ASSIGNED: frozenset({"in_progress"}),
    IssueState.WAITING: frozenset({"waiting_for_you", "in_progress", "on_hold"}),
    IssueState.RESOLVED: frozenset({"solved"}),
    IssueState.CLOSED: frozenset({"closed", "solved"}),
}
"""What a customer may be told about an issue in each state."""
NOT_FOR_CUSTOMERS: Final = frozenset({"tier", "team", "owner", "vendor", "ladder", "priority"})
FIRST_ENTRIES: Final = frozenset(
    {"tierdesk.issue-queued.v1", "tierdesk.issue-forwarded.v1", "tierdesk.issue-resolved.v1"}
)
"""Routed to a queue, straight to a vendor, or to another channel."""


@dataclass(frozen=True, order=True)
class Offender:
    """An issue (by number, or another subject) and what is wrong with it."""

    subject: str
    fault: str


def exactly_one_place(evidence: Evidence) -> Iterator[str]:
    """One state, and in the list of one tier."""
    if evidence.view is None:
        yield "accepted, but unknown to the tiers"
        return
    state, tier = evidence.view["state"], evidence.view["tier"]
    if state not in STATES:
        yield f"in the unknown state {state}"
    if evidence.places != frozenset({(tier, state)}):
        lists = ", ".join(f"Tier {at} {of}" for at, of in sorted(evidence.places)) or "no list"
        yield f"{state} at Tier {tier}, but found in {lists}"
    if state not in OVER:
        yield f"not solved: {state} at Tier {tier}"


def whole_timeline(evidence: Evidence) -> Iterator[str]:
    """Versions from 1 without a gap, begun by the routing, ending in the present state, never back in time."""
    versions = [int(entry["version"]) for entry in evidence.timeline]
    if versions != list(range(1, len(versions) + 1)) or not versions:
        yield f"its timeline has the versions {versions}"
        return
    first, last = evidence.timeline[0], evidence.timeline[-1]
    if first["type"] not in FIRST_ENTRIES:
        yield f"its timeline begins with {first['type']}"
    moments = [datetime.fromisoformat(str(entry["at"])) for entry in evidence.timeline]
    if moments != sorted(moments):
        yield "its timeline goes back in time"
    standing = last["fact"]["standing"]
    if evidence.view is None:
        return
    for name in ("version", "state", "tier", "owner"):
        if standing.get(name) != evidence.view.get(name):
            yield f"{name} is {evidence.view.get(name)}, but its last entry says {standing.get(name)}"


def one_decision_per_revision(evidence: Evidence) -> Iterator[str]:
    """The router decided once for the submission, and once for each time that a person reclassified."""
    revisions = sorted(int(decision["revision"]) for decision in evidence.decisions)
    expected = list(range(len(evidence.entries("issue-reclassified")) + 1))
    if revisions != expected:
        yield f"the router's decisions are for the revisions {revisions} instead of {expected}"


def customer_sees_the_truth(evidence: Evidence) -> Iterator[str]:
    """The customer's word for the state fits, every message is there once, and nothing internal is."""
    if evidence.customer is None:
        yield "its customer cannot see it"
        return
    if evidence.view is not None:
        word, state = evidence.customer["state"], evidence.view["state"]
        if word not in CUSTOMERS_WORDS.get(state, frozenset()):
            yield f"its customer sees {word} while it is {state}"
    shown = Counter(str(message["text"]) for message in evidence.messages)
    for text, times in Counter((*evidence.said, *evidence.heard)).items():
        if shown[text] != times:
            yield f"its customer sees “{text[:40]}…” {shown[text]} times, it was written {times} times"
    leaked = NOT_FOR_CUSTOMERS & {name for each in (evidence.customer, *evidence.messages) for name in _names(each)}
    if leaked:
        yield f"its customer sees {', '.join(sorted(leaked))}"


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _names(inner)


def vendor_took_each_case_once(evidence: Evidence) -> Iterator[str]:
    """Each forward reached the vendor under one message id, however often it was sent."""
    if evidence.received is None:
        return
    forwarded = [str(fact["fact"]["case"]) for fact in evidence.entries("issue-forwarded")]
    if len(set(forwarded)) != len(forwarded):
        yield "a vendor case was forwarded twice"
    messages = {(str(row["case"]), str(row["id"])) for row in evidence.received}
    by_case = Counter(case for case, _ in messages)
    for case in forwarded:
        if by_case[case] != 1:
            yield f"the vendor took case {case} under {by_case[case]} message ids"


def each_mail_once(evidence: Evidence) -> Iterator[str]:
    """One mail that it came in, one for each time that it was resolved; every mail taken once, under its own id."""
    mails = [delivery for delivery in evidence.deliveries if delivery["channel"] == "mail"]
    about = Counter(str(delivery["about"]) for delivery in mails)
    ended = about["issue-solved"] + about["issue-withdrawn"]
    for what, sent, expected in (
        ("received", about["issue-received"], 1),
        ("solved", ended, len(evidence.entries("issue-resolved"))),
    ):
        if sent != expected:
            yield f"{sent} mails say {what} instead of {expected}"
    yield from (f"the mail {each['about']} is {each['state']}" for each in mails if each["state"] != "delivered")
    if evidence.mails is None:
        return
    # The id of the fact that a mail is about begins its Message-ID.
    taken = Counter(str(mail["message_id"]).lstrip("<").partition(".")[0] for mail in evidence.mails)
    causes = {str(delivery["cause"]) for delivery in mails}
    yield from (f"a mail came from nowhere: {cause}" for cause in taken.keys() - causes)
    for cause in sorted(causes):
        if taken[cause] != 1:
            yield f"the mail about {cause} was taken {taken[cause]} times"


CHECKS: Final[tuple[Callable[[Evidence], Iterator[str]], ...]] = (
    exactly_one_place,
    whole_timeline,
    one_decision_per_revision,
    customer_sees_the_truth,
    vendor_took_each_case_once,
    each_mail_once,
)


def offenders(evidence: Iterable[Evidence]) -> list[Offender]:
    """Everything that is wrong with these issues, each by itself and all together."""
    every = list(evidence)
    found = [Offender(f"issue {each.number}", fault) for each in every for check in CHECKS for fault in check(each)]
    numbers = Counter(each.number for each in every)
    ids = Counter(each.id for each in every)
    found += [
        Offender(f"issue {number}", f"{times} issues have this number")
        for number, times in numbers.items()
        if times > 1
    ]
    found += [Offender(f"id {issue}", f"accepted {times} times") for issue, times in ids.items() if times > 1]
    return sorted(found)
