"""Questions to others, in rows: written with the timeline, listed for those who are asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from shared.db import Transaction
from shared.events import collaboration
from shared.paging import KeyMoment, Page, cursor_of, key_in
from tier_queues.record import Entry
from tier_queues.side_tables import CONSULTS

OPEN, ANSWERED, CLOSED = "open", "answered", "closed"


class ConsultView(BaseModel):
    """A question with its briefing and, once given, its answer. state: open, answered, closed."""

    id: UUID
    issue: UUID
    number: int
    title: str
    priority: int
    state: str
    tier: int
    team: str | None
    agent: str | None
    asked_by: str
    asked_by_name: str
    question: str
    customer: str
    symptoms: str
    tried: str
    on_hold: bool
    asked_at: datetime
    due_at: datetime
    overdue: bool
    answer: str | None
    answered_by: str | None
    answered_by_name: str | None
    ended_at: datetime | None


_FIELDS: Final = tuple(ConsultView.model_fields)
_COLUMNS: Final = (
    "consults.id, issue_id, number, title, priority, consults.state, consults.tier, consults.team, agent, asked_by, "
    "asked_by_name, question, customer, symptoms, tried, on_hold, asked_at, due_at, overdue, answer, answered_by, "
    "answered_by_name, consults.ended_at"
)
_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID])


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of open questions, those due first. tier, team, agent: who is asked. after: `next` of the page before."""

    tier: int | None = None
    team: str | None = None
    agent: str | None = None
    after: str | None = None
    limit: int = 50


def open_ones(asked: Asked) -> tuple[str, list[Any]]:
    """The statement for a page of open questions, one row longer, and its parameters. Raises Problem 422."""
    named = {name: getattr(asked, name) for name in ("tier", "team", "agent")}
    given = {name: value for name, value in named.items() if value is not None}
    terms = ["consults.state = 'open'", *(f"consults.{name} = ${n}" for n, name in enumerate(given, 1))]
    return _page(terms, list(given.values()), ("due_at", "id"), asked.after, asked.limit)


def of_issue(issue: UUID, after: str | None, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of an issue's questions, oldest first. Raises Problem 422."""
    return _page(["consults.issue_id = $1"], [issue], ("asked_at", "id"), after, limit)


def _page(
    terms: list[str], parameters: list[Any], order: tuple[str, str], after: str | None, limit: int
) -> tuple[str, list[Any]]:
    columns = ", ".join(f"consults.{column}" for column in order)
    if after is not None:
        terms.append(f"({columns}) > (${len(parameters) + 1}, ${len(parameters) + 2})")
        parameters = [*parameters, *key_in(after, _KEY)]
    # The limit is a literal, and the page is cut before the join: both keep the plan on the index.
    return (
        f"SELECT {_COLUMNS} FROM (SELECT * FROM consults WHERE {' AND '.join(terms)} ORDER BY {columns} "  # noqa: S608
        f"LIMIT {limit + 1}) AS consults JOIN issues ON issues.id = issue_id ORDER BY {columns}",
        parameters,
    )


async def read(
    tx: Transaction, statement: tuple[str, list[Any]], limit: int, *, by: str = "due_at"
) -> Page[ConsultView]:
    """The page of a statement made here. by: the column that it is ordered by."""
    sql, parameters = statement
    rows = await tx.fetch(sql, *parameters)
    more = cursor_of([rows[limit - 1][by].isoformat(), rows[limit - 1][0]]) if len(rows) > limit else None
    return Page(items=[ConsultView(**dict(zip(_FIELDS, row, strict=True))) for row in rows[:limit]], next=more)


async def write(tx: Transaction, entries: Sequence[tuple[UUID, Entry]]) -> None:
    """Keep what these entries say of questions, with one statement for each kind of fact."""
    asked = [(issue, entry) for issue, entry in entries if isinstance(entry.fact, collaboration.ConsultAsked)]
    await tx.insert(CONSULTS, [_asked(issue, entry) for issue, entry in asked])
    for kind, row in _CHANGES.items():
        await tx.update(CONSULTS, [row(entry) for _, entry in entries if isinstance(entry.fact, kind)])


def _asked(issue: UUID, entry: Entry) -> dict[str, Any]:
    fact, private = entry.fact, entry.private
    assert isinstance(fact, collaboration.ConsultAsked)
    return {
        "id": fact.consult,
        "issue_id": issue,
        "state": OPEN,
        "tier": fact.target.tier,
        "team": fact.target.team,
        "agent": fact.target.agent,
        "asked_by": fact.actor.id,
        "asked_by_name": fact.actor.name,
        **{name: private[name] for name in ("question", "customer", "symptoms", "tried")},
        "on_hold": fact.on_hold,
        "asked_at": fact.at,
        "due_at": datetime.fromisoformat(private["due_at"]),
    }


def _answered(entry: Entry) -> dict[str, Any]:
    fact = entry.fact
    assert isinstance(fact, collaboration.ConsultFact)
    return {
        "id": fact.consult,
        "state": ANSWERED,
        "answer": entry.private["answer"],
        "answered_by": fact.actor.id,
        "answered_by_name": fact.actor.name,
        "ended_at": fact.at,
    }


def _closed(entry: Entry) -> dict[str, Any]:
    assert isinstance(entry.fact, collaboration.ConsultFact)
    return {"id": entry.fact.consult, "state": CLOSED, "ended_at": entry.fact.at}


def _overdue(entry: Entry) -> dict[str, Any]:
    assert isinstance(entry.fact, collaboration.ConsultFact)
    return {"id": entry.fact.consult, "overdue": True}


_CHANGES: Final[Mapping[type[collaboration.ConsultFact], Callable[[Entry], dict[str, Any]]]] = MappingProxyType(
    {
        collaboration.ConsultAnswered: _answered,
        collaboration.ConsultClosed: _closed,
        collaboration.ConsultOverdue: _overdue,
    }
)
