"""Issues, customers and messages: every statement of the paths that customers and client applications use.

A function that serves a client application is given its id; another application's rows are as good as absent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from intake.submission import Submit
from intake.tables import ISSUE, MESSAGE
from intake.visible import Message
from shared.customer_state import CustomerState
from shared.db import NOW, Transaction
from shared.events.issues import Attachment, Customer, Submission

ATTACHMENTS: Final = TypeAdapter(tuple[Attachment, ...])


@dataclass(frozen=True, slots=True)
class Found:
    """What the database knows about one submission: its number, the present, and its customer when known.

    answered: its request was answered before.
    """

    number: int
    now: datetime
    customer: Customer | None
    of_organisation: bool
    """Whether the customer is in the organisation's own list, which no application changes."""
    answered: bool


_LOOK_UP: Final = f"""
SELECT nextval('issue_number'), {NOW}, known.id, known.name, known.email, known.account, known.plan,
       known.account_manager, known.application = '', (
           SELECT true FROM idempotency WHERE idempotency.caller = asked.caller AND idempotency.key = asked.key
       )
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
    AS asked (application, id, email, caller, key, place)
LEFT JOIN LATERAL (
    SELECT * FROM customer
    WHERE (customer.email = asked.email OR customer.id = asked.id) AND application IN ('', asked.application)
    ORDER BY application LIMIT 1
) AS known ON true
ORDER BY place
"""  # noqa: S608
"""Not EXISTS: that may be answered by a hash of the whole table."""


async def look_up(tx: Transaction, submits: Sequence[Submit]) -> list[Found]:
    """A number, the time, the customer and whether it was answered for each submission, in their order."""
    rows = await tx.fetch(
        _LOOK_UP,
        [submit.application for submit in submits],
        [submit.body.customer.id for submit in submits],
        [submit.body.customer.email for submit in submits],
        [submit.key.caller for submit in submits],
        [submit.key.key for submit in submits],
    )
    return [Found(row[0], row[1], _customer(row[2:8]) if row[2] else None, bool(row[8]), bool(row[9])) for row in rows]


def _customer(row: Sequence[Any]) -> Customer:
    return Customer(id=row[0], name=row[1], email=row[2], account=row[3], plan=row[4], account_manager=row[5])


Place = tuple[str, str]
"""Client application and e-mail: where an application's own customer is kept."""

_INTRODUCE: Final = """
INSERT INTO customer AS known (id, application, email, name, account, plan)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
ON CONFLICT (email, application) DO UPDATE
SET name = excluded.name, account = excluded.account, plan = excluded.plan, version = known.version + 1
RETURNING id, name, email, account, plan, account_manager, application
"""


async def introduce(tx: Transaction, newcomers: Mapping[Place, Customer]) -> dict[Place, Customer]:
    """Add or overwrite applications' own customers. Returns them as they are kept, with their ids."""
    if not newcomers:
        return {}
    places = sorted(newcomers)
    rows = await tx.fetch(
        _INTRODUCE,
        [newcomers[place].id for place in places],
        [application for application, _ in places],
        [email for _, email in places],
        [newcomers[place].name for place in places],
        [newcomers[place].account for place in places],
        [newcomers[place].plan for place in places],
    )
    return {(row[6], row[2]): _customer(row) for row in rows}


@dataclass(frozen=True, slots=True)
class Accepted:
    """An issue as it was accepted. json: the submission as it is published and kept."""

    id: UUID
    submission: Submission
    json: str


async def insert_issues(tx: Transaction, issues: Sequence[Accepted]) -> None:
    """Keep accepted issues."""
    rows = [
        {
            "id": issue.id,
            "number": issue.submission.number,
            "application": issue.submission.application,
            "customer_id": issue.submission.customer.id,
            "reference": issue.submission.reference,
            "title": issue.submission.title,
            "submission": issue.json,
            "accepted_at": issue.submission.accepted_at,
            "state": CustomerState.RECEIVED,
        }
        for issue in issues
    ]
    await tx.insert(ISSUE, rows)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an issue stands for its customer. version: that of the newest fact of tier-queues seen.

    next_update_by: until when support has promised to write, if it has and owes it still.
    """

    id: UUID
    state: CustomerState
    version: int
    next_update_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Locked:
    """An issue that is locked until the transaction ends. now: the present, read after the lock was got."""

    standing: Standing
    customer_name: str
    now: datetime


_LOCK_OWN: Final = f"""
WITH own AS MATERIALIZED (
    SELECT id, state, state_version, submission -> 'customer' ->> 'name' AS customer FROM issue
    WHERE id = $1 AND application = $2 FOR UPDATE
)
SELECT id, state, state_version, customer, {NOW} FROM own
"""  # noqa: S608


async def lock_own(tx: Transaction, application: str, issue: UUID) -> Locked | None:
    """One of the application's issues, locked; None when it has no such issue."""
    for row in await tx.fetch(_LOCK_OWN, issue, application):
        return Locked(Standing(row[0], CustomerState(row[1]), row[2]), row[3], row[4])
    return None


async def lock(tx: Transaction, issues: Sequence[UUID]) -> dict[UUID, Standing]:
    """The standings of issues, locked in the order of their ids until the transaction ends."""
    rows = await tx.fetch(
        "SELECT id, state, state_version, next_update_by FROM issue WHERE id = ANY($1) ORDER BY id FOR UPDATE",
        sorted(set(issues)),
    )
    return {row[0]: Standing(row[0], CustomerState(row[1]), row[2], row[3]) for row in rows}


async def save(tx: Transaction, standings: Sequence[Standing]) -> None:
    """Write the standings of locked issues."""
    rows = [
        {
            "id": standing.id,
            "state": standing.state,
            "state_version": standing.version,
            "unanswered": False,
            "next_update_by": standing.next_update_by,
        }
        for standing in standings
    ]
    await tx.update(ISSUE, rows)


async def insert_messages(tx: Transaction, messages: Sequence[Message]) -> None:
    """Keep messages; one that is there already stays as it is."""
    rows = [
        {
            "id": message.id,
            "issue_id": message.issue_id,
            "author": message.author,
            "author_name": message.author_name,
            "text": message.text,
            "attachments": ATTACHMENTS.dump_json(message.attachments).decode(),
            "at": message.at,
        }
        for message in messages
    ]
    await tx.insert(MESSAGE, rows, tail="ON CONFLICT (id) DO NOTHING")


_UNANSWERED: Final = f"""
SELECT count(*), min(number) FROM issue WHERE unanswered AND accepted_at < {NOW} - $1::interval
"""  # noqa: S608


async def unanswered(tx: Transaction, after: timedelta) -> tuple[int, int | None]:
    """How many accepted issues tier-queues has said nothing about for so long, and the lowest number of them."""
    row = (await tx.fetch(_UNANSWERED, after))[0]
    return row[0], row[1]
