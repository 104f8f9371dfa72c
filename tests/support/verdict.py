"""What must be true after every fault: joins what was sent with what is found everywhere. Pure.

A check says what is wrong with one request or one issue, and of which kind that is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from onebox.demo.audit import CUSTOMERS_WORDS
from support.journal import Intent, Journal
from support.traces import Entry, Traces, repeated


class Kind(StrEnum):
    """How a promise was broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    INVENTED = "invented"
    REFUSED = "refused"
    BROKEN = "broken"
    DEAD = "dead"


@dataclass(frozen=True, order=True)
class Offence:
    """One broken promise."""

    kind: Kind
    subject: str
    fault: str


def nothing_was_refused(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """Every request was right: none is refused for good, whatever happens to servers and processes."""
    for intent in journal.intents:
        if intent.outcome == "fail":
            yield Offence(Kind.REFUSED, intent.mark, f"{intent.kind}: {intent.statuses}")


def each_issue_is_accepted_once(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """An acknowledged post made one issue, that of its answer; one of unknown outcome made at most one."""
    for intent in [each for each in journal.intents if each.kind == "issue"]:
        found = traces.accepted.get(intent.mark, ())
        if len(found) > 1:
            yield Offence(Kind.DOUBLED, intent.mark, f"intake has {len(found)} issues of one request")
        if intent.outcome == "ok" and intent.issue not in found:
            yield Offence(Kind.LOST, intent.mark, "acknowledged, but intake does not have it")


def each_accepted_issue_is_in_one_state(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """Whatever intake holds is with the tiers, was decided on once, and has a timeline without gaps."""
    for issue in _issues(journal, traces):
        if issue not in traces.queued:
            yield Offence(Kind.LOST, str(issue), "accepted, but unknown to the tiers")
            continue
        if list(traces.decisions.get(issue, ())) != [0]:
            yield Offence(Kind.BROKEN, str(issue), f"decided for the revisions {traces.decisions.get(issue)}")
        versions = [entry.version for entry in traces.timelines[issue]]
        if versions != list(range(1, traces.queued[issue] + 1)):
            yield Offence(Kind.BROKEN, str(issue), f"at version {traces.queued[issue]}, its timeline has {versions}")
        arrivals = _of(traces, issue, "issue-queued", cause="routed") + _forwarded_by_the_router(traces, issue)
        if len(arrivals) != 1:
            yield Offence(Kind.DOUBLED if arrivals else Kind.LOST, str(issue), f"arrived {len(arrivals)} times")


def each_customer_is_told_the_truth(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """The state that intake shows is a word for the state in which the tiers have the issue."""
    for issue in _issues(journal, traces):
        entries = traces.timelines.get(issue)
        if entries and traces.told.get(issue) not in CUSTOMERS_WORDS[entries[-1].fact["standing"]["state"]]:
            state = entries[-1].fact["standing"]["state"]
            yield Offence(Kind.LOST, str(issue), f"its customer sees {traces.told.get(issue)} while it is {state}")


def each_message_is_heard_once(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """An acknowledged message is at intake and on the timeline, once; one of unknown outcome at most once."""
    for intent in journal.of("message"):
        assert intent.issue is not None
        if intent.effect not in traces.messages.get(intent.issue, ()):
            yield Offence(Kind.LOST, intent.mark, "acknowledged, but intake does not have it")
    for issue in _issues(journal, traces):
        written = traces.messages.get(issue, ())
        heard = [UUID(entry.fact["message"]) for entry in _of(traces, issue, "customer-heard")]
        for message in sorted(set(written) - set(heard)):
            yield Offence(Kind.LOST, str(issue), f"the message {message} is not on the timeline")
        for message in repeated(heard):
            yield Offence(Kind.DOUBLED, str(issue), f"the message {message} is on the timeline again")
        for message in sorted(set(heard) - set(written)):
            yield Offence(Kind.INVENTED, str(issue), f"nobody wrote the message {message}")


def each_command_has_one_effect(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """An acknowledged resolution is on the timeline once; one of unknown outcome at most once."""
    for intent in [each for each in journal.intents if each.kind == "resolution"]:
        effects = _effects(intent, traces)
        if effects > 1:
            yield Offence(Kind.DOUBLED, intent.mark, f"took effect {effects} times")
        if effects == 0 and intent.outcome == "ok":
            yield Offence(Kind.LOST, intent.mark, "acknowledged, but not on the timeline")


def each_vendor_case_is_delivered_once(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """The vendor took each case under one message id, and each of its words is on the timeline once."""
    for issue in _issues(journal, traces):
        for forwarded in _of(traces, issue, "issue-forwarded"):
            case = UUID(forwarded.fact["case"])
            messages = set(traces.vendor.taken.get(case, ()))
            if len(messages) != 1:
                kind = Kind.DOUBLED if messages else Kind.LOST
                yield Offence(kind, str(issue), f"the vendor took case {case} under {len(messages)} ids")
            heard = Counter(entry.fact["what"] for entry in _of(traces, issue, "vendor-heard", case=str(case)))
            expected = Counter(["opened", "delivered", *traces.vendor.said.get(case, ())])
            yield from _compared(str(issue), heard, expected, what="the vendor's ")


def each_mail_is_taken_under_one_id(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """One mail per cause, taken by the mail server; taken again only as what it is, under the same Message-ID."""
    for issue in _issues(journal, traces):
        mails = traces.mails.get(issue, ())
        expected = Counter(
            {"issue-received": 1, "issue-solved": len(_of(traces, issue, "issue-resolved", resolution="solved"))}
        )
        found = Counter(mail.about for mail in mails if mail.about in expected)
        yield from _compared(str(issue), found, expected, what="mail ")
        for mail in mails:
            if mail.state != "delivered":
                yield Offence(Kind.LOST, str(issue), f"the mail {mail.about} is {mail.state}")
            elif len(set(mail.ids)) != 1:
                kind = Kind.DOUBLED if mail.ids else Kind.LOST
                yield Offence(kind, str(issue), f"the mail {mail.about} was taken under {len(set(mail.ids))} ids")


def events_are_published_without_gaps(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """The broker has every number that an outbox gave, one event each, and none that no outbox gave."""
    ours = {str(issue) for issue in _issues(journal, traces)}
    for place in sorted(set(traces.numbered) | set(traces.tapped)):
        if place[1] not in ours:
            continue
        tapped, last = traces.tapped.get(place, {}), traces.numbered.get(place, 0)
        subject = f"{place[0]}/{place[1]}"
        for number in sorted(set(range(1, last + 1)) - set(tapped)):
            yield Offence(Kind.LOST, subject, f"event {number} of {last} is not on the broker")
        for number in sorted(set(tapped) - set(range(1, last + 1))):
            yield Offence(Kind.INVENTED, subject, f"event {number} is on the broker, the outbox gave {last}")
        for number in sorted(number for number, ids in tapped.items() if len(ids) > 1):
            yield Offence(Kind.DOUBLED, subject, f"event {number} is on the broker under {len(tapped[number])} ids")


def nothing_is_dead(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """No event of these issues became a dead letter: there was nothing wrong with them."""
    ours = {str(issue) for issue in _issues(journal, traces)}
    for letter in traces.letters:
        if letter.key in ours:
            yield Offence(Kind.DEAD, letter.key, f"{letter.state} at {letter.service}: {letter.cause}")


def nothing_is_invented(journal: Journal, traces: Traces) -> Iterator[Offence]:
    """The tiers hold no issue that intake did not accept."""
    accepted = {issue for issues in traces.accepted.values() for issue in issues}
    for issue in sorted(set(traces.queued) - accepted):
        yield Offence(Kind.INVENTED, str(issue), "with the tiers, but intake does not have it")


CHECKS: Final[tuple[Callable[[Journal, Traces], Iterator[Offence]], ...]] = (
    nothing_was_refused,
    each_issue_is_accepted_once,
    each_accepted_issue_is_in_one_state,
    each_customer_is_told_the_truth,
    each_message_is_heard_once,
    each_command_has_one_effect,
    each_vendor_case_is_delivered_once,
    each_mail_is_taken_under_one_id,
    events_are_published_without_gaps,
    nothing_is_dead,
    nothing_is_invented,
)


def offences(journal: Journal, traces: Traces) -> list[Offence]:
    """Every broken promise."""
    return sorted(offence for check in CHECKS for offence in check(journal, traces))


def told(found: Sequence[Offence]) -> str:
    """The offences, one a line, for whoever reads a failed test."""
    return "\n".join(f"{offence.kind}: {offence.subject} {offence.fault}" for offence in found)


def _issues(journal: Journal, traces: Traces) -> list[UUID]:
    """What intake holds of this journal's posts, acknowledged or not, and what was acknowledged."""
    marks = [intent.mark for intent in journal.intents if intent.kind == "issue"]
    held = {issue for mark in marks for issue in traces.accepted.get(mark, ())}
    return sorted(held | {intent.issue for intent in journal.of("issue") if intent.issue is not None})


def _of(traces: Traces, issue: UUID, kind: str, **having: str) -> list[Entry]:
    """An issue's entries of one type whose facts say this."""
    return [
        entry
        for entry in traces.timelines.get(issue, ())
        if entry.type == f"tierdesk.{kind}.v1" and all(entry.fact.get(name) == value for name, value in having.items())
    ]


def _forwarded_by_the_router(traces: Traces, issue: UUID) -> list[Entry]:
    """The first entry of an issue that went straight to a vendor."""
    return [entry for entry in _of(traces, issue, "issue-forwarded") if entry.fact["before"] is None]


def _effects(intent: Intent, traces: Traces) -> int:
    """How many entries carry the mark of a resolution."""
    assert intent.issue is not None
    return sum(intent.mark in entry.text for entry in traces.timelines.get(intent.issue, ()))


def _compared(subject: str, found: Counter[str], expected: Counter[str], *, what: str = "") -> Iterator[Offence]:
    """Words that are there less or more often than they should be."""
    for word, times in (expected - found).items():
        yield Offence(Kind.LOST, subject, f"{what}{word} is missing {times} times")
    for word, times in (found - expected).items():
        yield Offence(Kind.DOUBLED, subject, f"{what}{word} is there {times} times too often")
