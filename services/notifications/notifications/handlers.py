"""What facts lead to: one poll's facts, one transaction, a handful of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from notifications import store
from notifications.notices import MAILED, SAY, Notice, Told, hear, received
from notifications.staff_notices import CALLS, summons
from notifications.store import Addressee, NewDelivery
from shared.db import Transaction
from shared.events import Envelope
from shared.events.issues import IssueSubmitted
from shared.events.work import WorkFact

UNHEARD = Addressee(None, Told())
FOR_CUSTOMERS = frozenset({IssueSubmitted, *SAY})


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a poll's facts mean for one issue. early: what cannot be told, because nobody knows whom to tell."""

    issue: UUID
    application: str | None
    submitted: Envelope[IssueSubmitted] | None
    told: Told
    notices: Sequence[tuple[UUID, Notice]] = ()
    early: Sequence[Envelope[WorkFact]] = ()


async def tell(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Write the messages that follow from facts about issues, to customers and to members of staff."""
    await _tell_customers(tx, [event for event in events if type(event.data) in FOR_CUSTOMERS])
    await _tell_staff(tx, [event for event in events if type(event.data) in CALLS])


async def _tell_customers(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Work before its submission is kept and told with it."""
    if not events:
        return
    by_issue: dict[UUID, list[Envelope[Any]]] = {}
    for event in events:
        by_issue.setdefault(UUID(event.subject), []).append(event)
    known = await store.lock(tx, by_issue.keys())
    submitted = {UUID(event.subject) for event in events if type(event.data) is IssueSubmitted}
    early = await store.take_early(tx, submitted & known.keys())
    hearings = [
        listen(issue, known.get(issue, UNHEARD), [*early.get(issue, ()), *heard]) for issue, heard in by_issue.items()
    ]
    await _keep(tx, known, hearings)
    listening = await store.listening(tx)
    await store.deliver(tx, [new for hearing in hearings for new in _deliveries(hearing, listening)])


async def _tell_staff(tx: Transaction, events: Sequence[Envelope[WorkFact]]) -> None:
    """Those of the members of staff whom the facts call and who can be reached; each once for each fact."""
    called = [(event, found) for event in events if (found := summons(event.data)) is not None]
    if not called:
        return
    leading = await store.leads(tx, {found.team for _, found in called if found.team is not None})
    meant = [(event, found, {*found.agents, *leading.get(found.team or "", ())}) for event, found in called]
    reachable = await store.reachable(tx, {agent for _, _, agents in meant for agent in agents})
    await store.deliver(
        tx,
        [
            NewDelivery(UUID(event.subject), "staff", None, event.id, found.notice, agent)
            for event, found, agents in meant
            for agent in sorted(agents & reachable)
        ],
    )


def listen(issue: UUID, before: Addressee, events: Iterable[Envelope[Any]]) -> Hearing:
    """What facts of one issue mean, whatever the order in which its topics brought them."""
    events = list(events)
    submitted = next((event for event in events if type(event.data) is IssueSubmitted), None)
    work = [event for event in events if type(event.data) is not IssueSubmitted]
    work.sort(key=lambda event: event.data.standing.version)
    if before.application is not None:
        submitted = None
    elif submitted is None:
        return Hearing(issue, None, None, before.told, early=work)
    told, notices = before.told, []
    if submitted is not None:
        notices.append((submitted.id, received(submitted.data)))
    for event in work:
        told, notice = hear(told, event.data)
        if notice is not None:
            notices.append((event.id, notice))
    application = submitted.data.submission.application if submitted else before.application
    return Hearing(issue, application, submitted, told, notices)


async def _keep(tx: Transaction, known: Mapping[UUID, Addressee], hearings: Sequence[Hearing]) -> None:
    """Rows of issues that are new, that became known, and whose customers hear something; each kind at once."""
    new = {one.issue: (one.submitted, one.told) for one in hearings if one.issue not in known}
    completed = {one.issue: (one.submitted, one.told) for one in hearings if one.submitted and one.issue in known}
    told = {
        one.issue: one.told
        for one in hearings
        if one.issue in known and one.issue not in completed and one.told != known[one.issue].told
    }
    await store.add(tx, new)
    await store.complete(tx, completed)
    await store.remember(tx, told)
    await store.keep_early(tx, [event for one in hearings for event in one.early])


def _deliveries(hearing: Hearing, listening: frozenset[str]) -> Iterable[NewDelivery]:
    for cause, notice in hearing.notices:
        assert hearing.application is not None
        if notice.about in MAILED:
            yield NewDelivery(hearing.issue, "mail", hearing.application, cause, notice)
        if hearing.application in listening:
            yield NewDelivery(hearing.issue, "webhook", hearing.application, cause, notice)
