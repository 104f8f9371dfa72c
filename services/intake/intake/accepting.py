"""Accepting issues: everything that is in flight together is kept by one transaction, in a handful of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from intake import attachments, store
from intake.store import Accepted, Found, Place
from intake.submission import SUBMISSION_LIMIT_BYTES, UNKNOWN_ACCOUNT, UNKNOWN_PLAN, Submit, submission_of
from shared import idempotency, outbox
from shared.db import Transaction
from shared.events.issues import Attachment, Customer, IssueSubmitted
from shared.idempotency import Answer
from shared.ids import new_id
from shared.outbox import Outgoing
from shared.problems import Problem, invalid

SOURCE: Final = "intake"

Outcome = Answer | Problem
Files = tuple[Attachment, ...]


class Contradicting(Exception):
    """Two different requests with one Idempotency-Key came together; each must be looked at alone."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue about to be accepted. is_newcomer: its customer must be kept first."""

    submit: Submit
    id: UUID
    number: int
    at: datetime
    customer: Customer
    is_newcomer: bool
    files: Files
    answer: Answer


async def accept(tx: Transaction, submits: Sequence[Submit]) -> list[Outcome]:
    """Accept issues in one transaction: submission, answer and event are kept together or not at all.

    Returns the answer or the refusal of each, in order; a request that was answered before gets its first answer.
    Raises Contradicting, and Problem 422 for an issue too large: whoever batches then tries each alone; Overtaken when
    a twin of a request was accepted meanwhile: whoever batches then tries again.
    """
    first = _first_of_each_key(submits)
    found = await store.look_up(tx, first)
    answered = [submit.key for submit, known in zip(first, found, strict=True) if known.answered]
    before = await idempotency.stored(tx, answered) if answered else {}
    drawn = await _draw(tx, first, found)
    fresh = [draft for draft in drawn if isinstance(draft, Draft) and draft.submit.place not in before]
    await _keep(tx, fresh)
    await idempotency.store(tx, [(draft.submit.key, draft.answer) for draft in fresh])
    outcomes = {
        submit.place: before.get(submit.place) or (draft.answer if isinstance(draft, Draft) else draft)
        for submit, draft in zip(first, drawn, strict=True)
    }
    return [outcomes[submit.place] for submit in submits]


def _first_of_each_key(submits: Sequence[Submit]) -> list[Submit]:
    first: dict[Place, Submit] = {}
    for submit in submits:
        if first.setdefault(submit.place, submit).key.digest != submit.key.digest:
            raise Contradicting
    return list(first.values())


async def _keep(tx: Transaction, drafts: Sequence[Draft]) -> None:
    newcomers = {
        (draft.submit.application, draft.customer.email): draft.customer for draft in drafts if draft.is_newcomer
    }
    kept = await store.introduce(tx, newcomers)
    issues = [_accepted(draft, kept) for draft in drafts]
    await store.insert_issues(tx, issues)
    await attachments.use(tx, {file.id: draft.id for draft in drafts for file in draft.files})
    await _publish(tx, drafts, issues)


def _accepted(draft: Draft, kept: Mapping[Place, Customer]) -> Accepted:
    customer = kept.get((draft.submit.application, draft.customer.email), draft.customer)
    submission = submission_of(
        draft.submit, number=draft.number, accepted_at=draft.at, customer=customer, attachments=draft.files
    )
    json = submission.model_dump_json()
    if len(json) > SUBMISSION_LIMIT_BYTES // 4 and len(json.encode()) > SUBMISSION_LIMIT_BYTES:
        raise invalid(f"The issue exceeds {SUBMISSION_LIMIT_BYTES} bytes.")
    return Accepted(draft.id, submission, json)


async def _publish(tx: Transaction, drafts: Sequence[Draft], issues: Sequence[Accepted]) -> None:
    events = [
        Outgoing(
            str(issue.id),
            IssueSubmitted(submission=issue.submission),
            time=draft.at,
            traceparent=draft.submit.traceparent,
            json=f'{{"submission":{issue.json}}}',
        )
        for draft, issue in zip(drafts, issues, strict=True)
    ]
    await outbox.publish(tx, events, source=SOURCE)


async def _draw(tx: Transaction, submits: Sequence[Submit], found: Sequence[Found]) -> list[Draft | Problem]:
    """Each submission with its number, customer and files, or the first reason against it."""
    named = [file for submit in submits for file in submit.body.attachments]
    free = await attachments.lock_unused(tx, named) if named else {}
    return [_drawn(submit, known, free) for submit, known in zip(submits, found, strict=True)]


def _drawn(submit: Submit, found: Found, free: dict[tuple[str, UUID], Attachment]) -> Draft | Problem:
    customer = _customer(submit, found)
    if isinstance(customer, Problem):
        return customer
    wanted = [(submit.application, file) for file in dict.fromkeys(submit.body.attachments)]
    if any(place not in free for place in wanted):
        return attachments.unknown()
    # An upload goes to the first issue that names it.
    files = tuple(free.pop(place) for place in wanted)
    issue = new_id()
    answer = _answer(issue, found.number)
    return Draft(submit, issue, found.number, found.now, customer, customer is not found.customer, files, answer)


def _answer(issue: UUID, number: int) -> Answer:
    url = f"/intake/issues/{issue}"
    body = f'{{"id":"{issue}","number":{number},"status_url":"{url}"}}'
    return Answer(202, body.encode(), (("location", url),))


def _customer(submit: Submit, found: Found) -> Customer | Problem:
    """The known customer, or the one that the request introduces; the organisation's own are never changed."""
    given, known = submit.body.customer, found.customer
    if known is not None and (found.of_organisation or given.says_nothing_new_of(known)):
        return known
    if given.email is None or (known is None and given.name is None):
        return invalid("`customer` is not known; give `email` and `name`.")
    return Customer(
        id=known.id if known else new_id(),
        name=given.name or (known.name if known else ""),
        email=given.email,
        account=given.account or (known.account if known else UNKNOWN_ACCOUNT),
        plan=given.plan or (known.plan if known else UNKNOWN_PLAN),
        account_manager=known.account_manager if known else None,
    )
