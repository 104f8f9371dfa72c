"""One use case, one function. Each works in the transaction it is given and leaves the commit to its caller."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from intake import attachments, forms, ratings, splitting, store
from intake.accepting import SOURCE
from intake.answers import Given, Unanswerable, answered
from intake.ratings import Rating
from intake.store import Locked, Standing
from intake.visible import Message, message_in, promised_after
from shared import outbox
from shared.customer_state import CustomerState, state_after
from shared.db import Transaction
from shared.events import Envelope, Fact
from shared.events.form_parts import answered_words
from shared.events.issues import (
    Attachment,
    ConsentGiven,
    CustomerReplied,
    FormAnswered,
    IssueWithdrawn,
    ReopenRequested,
    SatisfactionRated,
)
from shared.events.work import IssueForwarded, IssueReplied
from shared.idempotency import Answer
from shared.ids import new_id
from shared.outbox import EventTooLarge, Outgoing
from shared.problems import conflict, invalid, not_found, stale

NOT_OVER: Final = frozenset(CustomerState) - {CustomerState.CLOSED}
UNSOLVED: Final = NOT_OVER - {CustomerState.SOLVED}
ANSWERED: Final = frozenset({CustomerState.SOLVED, CustomerState.CLOSED})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client application asks of one of its issues. expected: the version it has seen, or None for any."""

    application: str
    issue: UUID
    expected: int | None


async def reply(tx: Transaction, wish: Wish, text: str, files: Sequence[UUID]) -> Answer:
    """Add a customer's message. Raises Problem 404, 409 when the issue is closed, 412 or 422."""
    locked = await _lock(tx, wish, NOT_OVER)
    used = await _use(tx, wish, files)
    message = await _say(tx, locked, text, used)
    await _publish(tx, wish, CustomerReplied(message=message.id, text=text, attachments=used, at=locked.now))
    return _accepted(wish, message.id)


async def reopen(tx: Transaction, wish: Wish, text: str | None) -> Answer:
    """Say that a solved issue is not solved. Raises Problem 404, 409 when it is not solved or closed, 412 or 422."""
    locked = await _lock(tx, wish, frozenset({CustomerState.SOLVED}))
    message = (await _say(tx, locked, text, ())).id if text is not None else None
    await _publish(tx, wish, ReopenRequested(text=text, message=message, at=locked.now))
    return _accepted(wish, message)


async def withdraw(tx: Transaction, wish: Wish, reason: str | None) -> Answer:
    """Say that no answer is needed any more. Raises Problem 404, 409 when it is solved or closed, 412 or 422."""
    locked = await _lock(tx, wish, UNSOLVED)
    await _publish(tx, wish, IssueWithdrawn(reason=reason, at=locked.now))
    return _accepted(wish, None)


async def consent(tx: Transaction, wish: Wish, session: UUID, *, granted: bool) -> Answer:
    """The customer's word about a remote session. Raises Problem 404, 409 when it is solved or closed, 412."""
    locked = await _lock(tx, wish, UNSOLVED)
    await _publish(tx, wish, ConsentGiven(session=session, granted=granted, at=locked.now))
    return _accepted(wish, None)


async def answer_form(tx: Transaction, wish: Wish, form: UUID, given: Mapping[str, Given]) -> Answer:
    """The customer's answers to a form.

    Raises Problem 404 for one that was not asked, 409 when it is answered already or the issue is closed, 412, or 422
    with the fields at fault.
    """
    locked = await _lock(tx, wish, NOT_OVER)
    asked = await forms.find(tx, wish.issue, form)
    if asked is None:
        raise not_found()
    if asked.is_answered:
        raise conflict("already-answered", "This form is answered already; write a message to add something.")
    try:
        answers = answered(asked.fields, given)
    except Unanswerable as error:
        raise invalid("The answers do not fit the form.", fields=error.fields) from error
    await forms.answer(tx, form, answers, locked.now)
    message = await _say(tx, locked, answered_words(answers), ())
    await _publish(tx, wish, FormAnswered(form=form, message=message.id, answers=answers, at=locked.now))
    return _accepted(wish, message.id)


async def rate(tx: Transaction, wish: Wish, rating: Rating, *, changeable: timedelta) -> Answer:
    """What the customer thinks of the answer. Raises Problem 404, 409 before there is one or too late, 412 or 422."""
    locked = await _lock(tx, wish, ANSWERED)
    if not await ratings.rate(tx, wish.issue, rating, at=locked.now, changeable=changeable):
        days = f"{changeable / timedelta(days=1):g}"
        raise conflict("rating-final", f"A rating can be changed within {days} days of the first one.")
    await _publish(tx, wish, SatisfactionRated(score=rating.score, comment=rating.comment, at=locked.now))
    return _accepted(wish, None)


async def _lock(tx: Transaction, wish: Wish, legal: frozenset[CustomerState]) -> Locked:
    """The issue, locked. Legality comes before the version: a command that can never succeed is not worth a retry."""
    locked = await store.lock_own(tx, wish.application, wish.issue)
    if locked is None:
        raise not_found()
    standing = locked.standing
    if standing.state is CustomerState.CLOSED and CustomerState.CLOSED not in legal:
        raise conflict("issue-closed", "This issue is closed; open a new one.", new_issue="/intake/issues")
    if standing.state not in legal:
        detail = f"The issue is {standing.state}, which does not allow this."
        raise conflict("not-allowed-now", detail, state=standing.state, allowed=sorted(legal))
    if wish.expected is not None and wish.expected != standing.version:
        raise stale(standing.version)
    return locked


async def _use(tx: Transaction, wish: Wish, files: Sequence[UUID]) -> tuple[Attachment, ...]:
    free = await attachments.lock_unused(tx, files)
    places = [(wish.application, file) for file in dict.fromkeys(files)]
    if any(place not in free for place in places):
        raise attachments.unknown()
    await attachments.use(tx, {file: wish.issue for _, file in places})
    return tuple(free[place] for place in places)


async def _say(tx: Transaction, locked: Locked, text: str, files: tuple[Attachment, ...]) -> Message:
    message = Message(new_id(), locked.standing.id, "customer", locked.customer_name, text, files, locked.now)
    await store.insert_messages(tx, [message])
    return message


async def _publish(tx: Transaction, wish: Wish, fact: Fact) -> None:
    try:
        await outbox.publish(tx, [Outgoing(str(wish.issue), fact)], source=SOURCE)
    except EventTooLarge as error:
        raise invalid("The message is too long in bytes.") from error


def _accepted(wish: Wish, message: UUID | None) -> Answer:
    body = {"issue": str(wish.issue), "message": None if message is None else str(message)}
    return Answer(202, json.dumps(body).encode(), (("location", f"/intake/issues/{wish.issue}"),))


class UnknownIssue(LookupError):
    """A fact speaks of an issue that intake never accepted."""


async def follow_work(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Show customers what tier-queues did: a state in their words and what support wrote; lower versions never win.

    Raises UnknownIssue.
    """
    places = [UUID(event.subject) for event in events]
    before = await store.lock(tx, places)
    after = dict(before)
    for issue, event in zip(places, events, strict=True):
        if issue not in after:
            raise UnknownIssue(str(issue))
        after[issue] = _followed(after[issue], event)
    await store.save(tx, [standing for issue, standing in after.items() if standing != before[issue]])
    told = await splitting.submit(tx, events)
    told += [message for event in events if (message := message_in(event)) is not None]
    await store.insert_messages(tx, told)
    await forms.insert(tx, events)
    await attachments.use(
        tx, {file.id: issue for issue, event in zip(places, events, strict=True) for file in _files(event)}
    )


def _followed(standing: Standing, event: Envelope[Any]) -> Standing:
    told = event.data.standing
    if told.version <= standing.version:
        return standing
    return replace(
        standing,
        state=state_after(standing.state, told),
        version=told.version,
        next_update_by=promised_after(standing.next_update_by, event.data),
    )


def _files(event: Envelope[Any]) -> tuple[Attachment, ...]:
    return event.data.attachments if isinstance(event.data, (IssueReplied, IssueForwarded)) else ()
