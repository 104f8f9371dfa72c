"""Figures of the reports in groups, and the issues behind them: both from one index of what counts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter

from shared.db import Transaction
from shared.paging import KeyMoment, Page, cursor_of, key_in
from shared.vocabulary import Priority, Tier, without_control_characters
from tier_queues.lists import Query
from tier_queues.measures import MEANINGS, Measure

PLACE_LIMIT: Final = 2**31 - 1
"""The largest place that a column can hold."""


class Dimension(StrEnum):
    """What figures can be split by. detail: a clock, a reason, what a rest was for; as the measure has it."""

    DAY = "day"
    TIER = "tier"
    TEAM = "team"
    CATEGORY = "category"
    PRIORITY = "priority"
    CHANNEL = "channel"
    DETAIL = "detail"


_KeyText = Annotated[str, AfterValidator(without_control_characters)]
_TYPES: Final[Mapping[Dimension, Any]] = {
    Dimension.DAY: date,
    Dimension.TIER: Tier,
    Dimension.PRIORITY: Priority,
    **dict.fromkeys((Dimension.TEAM, Dimension.CATEGORY, Dimension.CHANNEL, Dimension.DETAIL), _KeyText),
}
_COLUMN_OF: Final = {dimension: dimension.value for dimension in Dimension} | {
    Dimension.DAY: "(at AT TIME ZONE 'UTC')::date"
}
_ISSUE_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID, _KeyText, Annotated[int, Field(ge=0, le=PLACE_LIMIT)]])


@dataclass(frozen=True, slots=True)
class Asked:
    """What a figure is asked of: days from since to until, both included, in UTC; only what has these values.

    costs: what an hour costs, by tier.
    """

    measure: Measure
    since: date
    until: date
    only: Mapping[Dimension, Any] = field(default_factory=dict)
    costs: Mapping[int, float] = field(default_factory=dict)

    def begun(self) -> tuple[list[str], list[Any]]:
        """Terms of a statement and its parameters."""
        counted = Measure.WORK_TIME if self.measure is Measure.COST else self.measure
        terms = ["measure = $1", "at >= $2", "at < $3"]
        parameters: list[Any] = [counted.value, _start(self.since), _start(self.until + timedelta(days=1))]
        for dimension, value in self.only.items():
            parameters.append(value)
            terms.append(f"{_COLUMN_OF[dimension]} = ${len(parameters)}")
        return terms, parameters

    def value(self, parameters: list[Any]) -> str:
        """SQL of what a row counts; adds the parameter that it needs."""
        if self.measure is not Measure.COST:
            return "value"
        parameters.append(json.dumps({str(tier): cost for tier, cost in self.costs.items()}))
        return f"value / 3600 * coalesce((${len(parameters)}::jsonb ->> report_rows.tier::text)::float8, 0)"


class Figure(BaseModel):
    """A figure. value: the measure, None where nothing counts; count: rows behind it; sum: of what they count."""

    group: dict[str, str | int] = Field(default_factory=dict)
    value: float | None
    count: int
    sum: float


class Counted(BaseModel):
    """An issue behind a figure, and what it counts. at: when it counted; tier, team, priority: as of then."""

    issue: UUID
    number: int
    title: str
    at: datetime
    tier: int
    team: str
    category: str | None
    priority: int
    channel: str
    detail: str
    value: float


def grouped(asked: Asked, by: Sequence[Dimension], after: str | None, limit: int) -> Query:
    """The statement for a page of groups in the order of `by`, one row longer. Raises Problem 422."""
    terms, parameters = asked.begun()
    columns = [_COLUMN_OF[dimension] for dimension in by]
    if after is not None and by:
        kinds = tuple(_TYPES[dimension] for dimension in by)
        shape: TypeAdapter[Any] = TypeAdapter(tuple.__class_getitem__(kinds))  # type: ignore[arg-type]
        key = key_in(after, shape)
        places = ", ".join(f"${len(parameters) + n}" for n in range(1, len(by) + 1))
        terms.append(f"({', '.join(columns)}) > ({places})")
        parameters.extend(key)
    value = asked.value(parameters)
    names = "".join(f"{column}, " for column in columns)
    end = f"GROUP BY {', '.join(columns)} ORDER BY {', '.join(columns)} LIMIT {limit + 1}" if by else ""
    sql = (
        f"SELECT {names}count(*), coalesce(sum({value}), 0) FROM report_rows "  # noqa: S608
        f"WHERE {' AND '.join(terms)} {end}"
    )
    return Query(sql, tuple(parameters))


def behind(asked: Asked, after: str | None, limit: int) -> Query:
    """The statement for a page of issues behind a figure, newest first, one row longer. Raises Problem 422."""
    terms, parameters = asked.begun()
    order = ("at", "issue_id", "detail", "place")
    if after is not None:
        key = key_in(after, _ISSUE_KEY)
        places = ", ".join(f"${len(parameters) + n}" for n in range(1, len(order) + 1))
        terms.append(f"({', '.join(order)}) < ({places})")
        parameters.extend(key)
    value = asked.value(parameters)
    newest = ", ".join(f"{column} DESC" for column in order)
    # The page first, by its index; titles only for what is on it.
    sql = (
        "SELECT page.issue_id, number, title, page.at, page.tier, page.team, page.category, page.priority, "  # noqa: S608
        "page.channel, page.detail, page.counts, page.place FROM ("
        f"SELECT *, {value} AS counts FROM report_rows WHERE {' AND '.join(terms)} "
        f"ORDER BY {newest} LIMIT {limit + 1}) AS page JOIN issues ON issues.id = page.issue_id "
        f"ORDER BY {', '.join(f'page.{column} DESC' for column in order)}"
    )
    return Query(sql, tuple(parameters))


async def figures(
    tx: Transaction, asked: Asked, by: Sequence[Dimension], after: str | None, limit: int
) -> Page[Figure]:
    """A page of figures in groups."""
    query = grouped(asked, by, after, limit)
    rows = await tx.fetch(query.sql, *query.parameters)
    more = cursor_of(list(rows[limit - 1])[: len(by)]) if len(rows) > limit else None
    return Page(items=[_figure(asked.measure, by, row) for row in rows[:limit]], next=more)


async def issues(tx: Transaction, asked: Asked, after: str | None, limit: int) -> Page[Counted]:
    """A page of the issues behind a figure."""
    query = behind(asked, after, limit)
    rows = await tx.fetch(query.sql, *query.parameters)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursor_of([last.at.isoformat(), last.issue_id, last.detail, last.place]) if last else None
    names = tuple(Counted.model_fields)
    return Page(items=[_counted(dict(zip(names, row, strict=False))) for row in rows[:limit]], next=more)


def _figure(measure: Measure, by: Sequence[Dimension], row: Any) -> Figure:
    values = list(row)
    count, total = values[len(by)], values[len(by) + 1]
    group = {dimension.value: _shown(value) for dimension, value in zip(by, values, strict=False)}
    if MEANINGS[measure].kind == "total":
        return Figure(group=group, value=total, count=count, sum=total)
    return Figure(group=group, value=total / count if count else None, count=count, sum=total)


def _shown(value: Any) -> str | int:
    return value if isinstance(value, int) else str(value)


def _counted(values: dict[str, Any]) -> Counted:
    return Counted(**values | {"category": values["category"] or None})


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
