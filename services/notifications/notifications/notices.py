"""PURE: which facts the customer hears of, and in which words; never a tier, a vendor or an internal reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.customer_state import CustomerState, state_after
from shared.events import Value
from shared.events.collaboration import ConsultAnswered, ConsultAsked, ConsultClosed, RemoteSessionOffered
from shared.events.features import FeatureRequestChanged
from shared.events.forms import FormAsked
from shared.events.issues import IssueSubmitted
from shared.events.work import (
    HandoverAccepted,
    IssueClaimed,
    IssueClosed,
    IssueForwarded,
    IssueReopened,
    IssueReplied,
    IssueResolved,
    IssueResumed,
    IssueWaiting,
    WorkFact,
)


class About(StrEnum):
    """What a message says."""

    RECEIVED = "issue-received"
    IN_PROGRESS = "issue-in-progress"
    REPLIED = "issue-replied"
    FORM = "form-asked"
    SPECIALIST = "specialist-joining"
    WAITING = "issue-waiting-for-you"
    SOLVED = "issue-solved"
    WITHDRAWN = "issue-withdrawn"
    REOPENED = "issue-reopened"
    UPDATED = "issue-updated"
    CLOSED = "issue-closed"
    ANNOUNCED = "announcement"
    """About no issue: what a customer is told before they ask."""
    FEATURE_CREATED = "feature-request.created"
    FEATURE_COUNTED = "feature-request.counted"
    FEATURE_DECIDED = "feature-request.decided"
    FEATURE_FIXED = "feature-request.fixed"


FEATURE_OF: Final[Mapping[str, About]] = {
    about.partition(".")[2]: about for about in About if about.startswith("feature-request.")
}
"""What becomes of a feature request, to what is told of it."""
OF_NO_ISSUE: Final = frozenset({About.ANNOUNCED, *FEATURE_OF.values()})
MAILED: Final = frozenset(About) - {About.UPDATED, About.CLOSED, *FEATURE_OF.values()}
"""What is worth a mail; client applications hear of everything."""


class Notice(Value):
    """A message before it has a shape. text: what support wrote; files: names of what came with it.

    feature_request: what it is about, where that is no issue but a feature request.
    """

    about: About
    at: datetime
    state: CustomerState
    author: str | None = None
    text: str | None = None
    files: tuple[str, ...] = ()
    feature_request: FeatureRequestChanged | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What was made of an issue's facts so far. claimed: the customer knows that a person is on it."""

    version: int = 0
    state: CustomerState = CustomerState.RECEIVED
    claimed: bool = False


def received(fact: IssueSubmitted) -> Notice:
    """The first message of an issue."""
    return Notice(about=About.RECEIVED, at=fact.submission.accepted_at, state=CustomerState.RECEIVED)


def hear(told: Told, fact: WorkFact) -> tuple[Told, Notice | None]:
    """What follows from a fact: what the customer then knows, and the message that says so.

    A fact that is not newer than what was heard changes nothing.
    """
    if fact.standing.version <= told.version:
        return told, None
    state = state_after(told.state, fact.standing)
    about = SAY[type(fact)](told, fact) or (About.UPDATED if state is not told.state else None)
    if about is None:
        return told, None
    after = replace(told, version=fact.standing.version, state=state)
    if isinstance(fact, (IssueClaimed, HandoverAccepted)):
        after = replace(after, claimed=True)
    return after, _notice(about, state, fact)


Say = Callable[[Told, Any], About | None]


def _always(about: About) -> Say:
    return lambda _told, _fact: about


def _claimed(told: Told, _fact: IssueClaimed) -> About | None:
    """Only the first claim is news; the customer need not follow who works when."""
    return None if told.claimed else About.IN_PROGRESS


def _accepted(_told: Told, fact: HandoverAccepted) -> About | None:
    return About.SPECIALIST if fact.direction == "up" else None


def _waiting(told: Told, fact: IssueWaiting) -> About | None:
    waits_for_customer = state_after(told.state, fact.standing) is CustomerState.WAITING_FOR_YOU
    return About.WAITING if waits_for_customer else None


def _resolved(_told: Told, fact: IssueResolved) -> About:
    return About.WITHDRAWN if fact.actor.kind == "customer" else About.SOLVED


def _nothing(_told: Told, _fact: WorkFact) -> None:
    """Worth a message only where the customer's state changes."""


SAY: Final[Mapping[type[WorkFact], Say]] = {
    IssueClaimed: _claimed,
    IssueReplied: _always(About.REPLIED),
    HandoverAccepted: _accepted,
    IssueForwarded: _nothing,
    IssueWaiting: _waiting,
    IssueResumed: _nothing,
    IssueResolved: _resolved,
    IssueReopened: _always(About.REOPENED),
    RemoteSessionOffered: _always(About.REPLIED),
    FormAsked: _always(About.FORM),
    ConsultAsked: _nothing,
    ConsultAnswered: _nothing,
    ConsultClosed: _nothing,
    IssueClosed: _always(About.CLOSED),
}


def _notice(about: About, state: CustomerState, fact: WorkFact) -> Notice:
    """Only what was written to the customer is taken over: reasons and notes are not."""
    notice = Notice(about=about, at=fact.at, state=state)
    # What a rule or the system is called is nobody's name.
    author = fact.actor.name if fact.actor.kind == "agent" else None
    match fact:
        case IssueReplied(text=text, attachments=attachments):
            files = tuple(attachment.name for attachment in attachments)
            return notice.model_copy(update={"text": text, "author": author, "files": files})
        case FormAsked(text=text):
            return notice.model_copy(update={"text": text, "author": author})
        case RemoteSessionOffered(words=words):
            return notice.model_copy(update={"text": words, "author": author})
        case IssueResolved(text=text) if about is About.SOLVED:
            return notice.model_copy(update={"text": text})
    return notice
