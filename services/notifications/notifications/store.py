"""OUT, for the consumer: whom to tell about an issue, what waits for its submission, and the deliveries that follow."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from notifications.notices import Notice, Told
from notifications.staff_notices import StaffNotice
from notifications.tables import EARLY, RECIPIENT
from shared.customer_state import CustomerState
from shared.db import NOW, Transaction
from shared.events import Envelope, decode
from shared.events.issues import IssueSubmitted, Submission
from shared.events.work import WorkFact
from shared.inbox import Overtaken


@dataclass(frozen=True, slots=True)
class Addressee:
    """An issue as far as it is known. application: None until its IssueSubmitted has come."""

    application: str | None
    told: Told


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message to one receiver, not sent yet. channel: mail, webhook or staff.

    application: whose customer hears it, or which one does; agent: the member of staff; None where it is the other's.
    """

    issue: UUID
    channel: str
    application: str | None
    cause: UUID
    notice: Notice | StaffNotice
    agent: str | None = None

    @property
    def id(self) -> UUID:
        """The same for the same fact and receiver, so that nobody is told twice."""
        return uuid5(self.cause, self.channel if self.agent is None else f"{self.channel} {self.agent}")


_LOCK: Final = """
SELECT issue, application, version, state, claimed FROM recipient WHERE issue = ANY($1) ORDER BY issue FOR UPDATE
"""


async def lock(tx: Transaction, issues: Collection[UUID]) -> dict[UUID, Addressee]:
    """What is known of the issues, locked in the order of their ids until the transaction ends."""
    rows = await tx.fetch(_LOCK, sorted(issues))
    return {
        issue: Addressee(application, Told(version, CustomerState(state), claimed))
        for issue, application, version, state, claimed in rows
    }


async def add(tx: Transaction, rows: Mapping[UUID, tuple[Envelope[IssueSubmitted] | None, Told]]) -> None:
    """Begin with issues that have no row. Raises Overtaken when another member of the group began with one meanwhile.

    Submission and work of one issue may be handled by two members at the same time: they meet here, so that neither
    misses what the other left.
    """
    added = await tx.insert_returning(
        RECIPIENT,
        [_row(issue, submitted, told) for issue, (submitted, told) in sorted(rows.items())],
        tail="ON CONFLICT (issue) DO NOTHING RETURNING 1",
    )
    if len(added) != len(rows):
        raise Overtaken("another member began with the same issue")


async def complete(tx: Transaction, rows: Mapping[UUID, tuple[Envelope[IssueSubmitted] | None, Told]]) -> None:
    """Fill in issues whose work came before their submission."""
    await tx.update(RECIPIENT, [_row(issue, submitted, told) for issue, (submitted, told) in rows.items()], key="issue")


@dataclass(frozen=True, slots=True)
class Receiver:
    """Whom to tell about what is no issue. address: of a mail, empty for a webhook; number: of what it is about."""

    application: str
    title: str
    name: str
    address: str
    language: str
    number: int = 0


async def address(tx: Transaction, rows: Mapping[UUID, Receiver]) -> None:
    """Whom to write to about what is no issue, each under an id of its own; one that is there already stays."""
    unheard = _told(Told())
    written = [
        {
            "issue": place,
            "number": receiver.number,
            "title": receiver.title,
            "name": receiver.name,
            "address": receiver.address,
            "language": receiver.language,
            "application": receiver.application,
            "reference": None,
            "first": place,
            **unheard,
        }
        for place, receiver in sorted(rows.items())
    ]
    await tx.insert(RECIPIENT, written, tail="ON CONFLICT (issue) DO NOTHING")


async def remember(tx: Transaction, told: Mapping[UUID, Told]) -> None:
    """Keep what customers of known issues were told last."""
    await tx.update(RECIPIENT, [{"issue": issue, **_told(new)} for issue, new in told.items()], key="issue")


def _row(issue: UUID, submitted: Envelope[IssueSubmitted] | None, told: Told) -> dict[str, Any]:
    submission = submitted.data.submission if submitted else None
    first = submitted.id if submitted else None
    return {"issue": issue, **_known(submission), "first": first, **_told(told)}


def _known(submission: Submission | None) -> dict[str, Any]:
    if submission is None:
        return dict.fromkeys(("number", "title", "name", "address", "language", "application", "reference"))
    return {
        "number": submission.number,
        "title": submission.title,
        "name": submission.customer.name,
        "address": submission.customer.email,
        "language": submission.language,
        "application": submission.application,
        "reference": submission.reference,
    }


def _told(told: Told) -> dict[str, Any]:
    return {"version": told.version, "state": str(told.state), "claimed": told.claimed}


async def keep_early(tx: Transaction, events: Sequence[Envelope[WorkFact]]) -> None:
    """Keep work that nobody can be told of yet."""
    rows = [
        {
            "issue": UUID(event.subject),
            "version": event.data.standing.version,
            "type": event.type,
            "body": event.model_dump_json(),
        }
        for event in events
    ]
    await tx.insert(EARLY, rows, tail="ON CONFLICT (issue, version) DO NOTHING")


async def take_early(tx: Transaction, issues: Collection[UUID]) -> dict[UUID, list[Envelope[WorkFact]]]:
    """What waited for the submission of these issues; it waits no longer. Asks nothing when there are none."""
    if not issues:
        return {}
    taken: dict[UUID, list[Envelope[WorkFact]]] = {}
    for issue, kind, body in await tx.fetch(
        "DELETE FROM early WHERE issue = ANY($1) RETURNING issue, type, body", list(issues)
    ):
        taken.setdefault(issue, []).append(decode(kind, body.encode()))
    return taken


_LISTENING: Final = """
SELECT application FROM webhook LEFT JOIN directory ON kind = 'client-application' AND entity = application
WHERE coalesce((body ->> 'active')::boolean, true)
"""


async def listening(tx: Transaction) -> frozenset[str]:
    """The active client applications that have a webhook."""
    return frozenset(row[0] for row in await tx.fetch(_LISTENING))


async def listening_to_features(tx: Transaction) -> frozenset[str]:
    """Those of them that want to hear of feature requests."""
    return frozenset(row[0] for row in await tx.fetch(f"{_LISTENING} AND feature_requests"))


_DELIVER: Final = f"""
WITH present AS MATERIALIZED (SELECT {NOW} AS now)
INSERT INTO delivery
    (id, issue, channel, application, about, cause, content, agent, state, next_attempt_at, created_at)
SELECT new.*, 'waiting', greatest(present.now, (
    SELECT max(line.next_attempt_at) FROM delivery AS line
    WHERE line.issue = new.issue AND line.channel = new.channel AND line.agent IS NOT DISTINCT FROM new.agent
        AND line.state = 'waiting' AND line.lease IS NULL
)), present.now
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[])
    AS new (id, issue, channel, application, about, cause, content, agent), present
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608
"""Behind one that is tried again later, a delivery is not due before it: during a long outage nobody looks at it."""


async def deliver(tx: Transaction, deliveries: Sequence[NewDelivery]) -> None:
    """Write messages to be sent, those of one issue in order; what was written for the same fact before stays alone."""
    if not deliveries:
        return
    await tx.fetch(
        _DELIVER,
        [new.id for new in deliveries],
        [new.issue for new in deliveries],
        [new.channel for new in deliveries],
        [new.application for new in deliveries],
        [str(new.notice.about) for new in deliveries],
        [new.cause for new in deliveries],
        [new.notice.model_dump_json() for new in deliveries],
        [new.agent for new in deliveries],
    )


_LEADS: Final = """
SELECT entity, ARRAY(SELECT jsonb_array_elements_text(body -> 'leads')) FROM directory
WHERE kind = 'team' AND entity = ANY($1) AND (body ->> 'active')::boolean
"""
_REACHABLE: Final = """
SELECT entity FROM directory
WHERE kind = 'agent' AND entity = ANY($1) AND (body ->> 'active')::boolean AND body ->> 'address' IS NOT NULL
"""


async def leads(tx: Transaction, teams: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Who leads these teams, as far as they exist. Asks nothing when there are none."""
    return {team: tuple(named) for team, named in await tx.fetch(_LEADS, sorted(teams))} if teams else {}


async def reachable(tx: Transaction, agents: Collection[str]) -> frozenset[str]:
    """Those of these members of staff who are active and have an address."""
    return frozenset(row[0] for row in await tx.fetch(_REACHABLE, sorted(agents)))
