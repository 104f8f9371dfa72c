"""Feeds the reports from the timeline: each entry of an issue once, in the order of their versions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from shared.db import Transaction
from tier_queues.clocks import Clock
from tier_queues.course import Course, Happening, Row, followed
from tier_queues.promise_rows import kept_promises
from tier_queues.report_tables import REPORT_COURSES, REPORT_ROWS

UNKNOWN: Final = ""
"""The category of an issue that has none, and the channel of one whose first entry names none."""

_STANDING: Final = """
SELECT issues.id, coalesce(issues.category, '') AS category, issues.body -> 'clocks' AS clocks,
    report_courses.course, report_courses.category AS category_before, report_courses.channel
FROM issues LEFT JOIN report_courses ON report_courses.issue_id = issues.id WHERE issues.id = ANY($1)
"""
_ENTRIES: Final = """
SELECT timeline.issue_id, timeline.version, timeline.at, timeline.type, actor ->> 'id' AS actor,
    fact #>> '{standing,state}' AS state, fact #>> '{standing,waiting_for}' AS waiting_for,
    (fact #>> '{standing,tier}')::int AS tier, fact #>> '{standing,team}' AS team,
    (fact #>> '{standing,priority}')::int AS priority, fact ->> 'cause' AS cause, fact ->> 'direction' AS direction,
    fact #>> '{offer,reason}' AS offer, fact ->> 'resolution' AS resolution,
    coalesce((private ->> 'lower_tier_could')::boolean, false) AS lower_tier_could, (fact ->> 'score')::int AS score,
    private ->> 'channel' AS channel
FROM timeline LEFT JOIN report_courses ON report_courses.issue_id = timeline.issue_id
WHERE timeline.issue_id = ANY($1) AND timeline.version > coalesce(report_courses.version, 0)
ORDER BY timeline.issue_id, timeline.version
"""
_HAPPENING: Final = tuple(Happening.__dataclass_fields__)
_ROW_TAIL: Final = """
ON CONFLICT (issue_id, measure, detail, place) DO UPDATE SET at = excluded.at, tier = excluded.tier,
    team = excluded.team, category = excluded.category, priority = excluded.priority, channel = excluded.channel,
    value = excluded.value
WHERE (report_rows.at, report_rows.tier, report_rows.team, report_rows.category, report_rows.priority,
        report_rows.channel, report_rows.value) IS DISTINCT FROM
    (excluded.at, excluded.tier, excluded.team, excluded.category, excluded.priority, excluded.channel, excluded.value)
"""
_COURSE_TAIL: Final = """
ON CONFLICT (issue_id) DO UPDATE SET version = excluded.version, category = excluded.category,
    channel = excluded.channel, course = excluded.course
"""
_RECLASSIFY: Final = """
UPDATE report_rows SET category = changed.category
FROM unnest($1::uuid[], $2::text[]) AS changed (id, category) WHERE report_rows.issue_id = changed.id
"""

_COURSE: Final = TypeAdapter(Course)
_CLOCKS: Final = TypeAdapter(tuple[Clock, ...])


@dataclass(frozen=True, slots=True)
class _Reading:
    """An issue before its new entries are read."""

    category: str
    category_before: str | None
    channel: str | None
    course: Course | None
    clocks: tuple[Clock, ...]


async def forget(tx: Transaction) -> None:
    """Forget all that was read."""
    await tx.fetch("TRUNCATE report_rows, report_courses")


async def read(tx: Transaction, issues: Sequence[UUID]) -> None:
    """Bring the rows of these issues up to their newest entries."""
    readings = {row.id: _reading(row) for row in await tx.fetch(_STANDING, issues)}
    entries: dict[UUID, list[Any]] = defaultdict(list)
    for row in await tx.fetch(_ENTRIES, issues):
        entries[row.issue_id].append(row)
    courses: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for issue, reading in readings.items():
        course, made = _followed(reading, entries[issue])
        if course is None:
            continue
        channel = reading.channel if reading.course else entries[issue][0].channel
        kind = {"issue_id": issue, "category": reading.category, "channel": channel or UNKNOWN}
        courses.append(kind | {"version": course.version, "course": _COURSE.dump_json(course).decode()})
        rows.extend(kind | _columns(row) for row in made)
    await _write(tx, courses, rows, _reclassified(readings))


def _reading(row: Any) -> _Reading:
    course = None if row.course is None else _COURSE.validate_python(row.course, strict=False)
    clocks = _CLOCKS.validate_python(row.clocks, strict=False)
    return _Reading(row.category, row.category_before, row.channel, course, clocks)


def _followed(reading: _Reading, entries: Sequence[Any]) -> tuple[Course | None, Iterable[Row]]:
    course, rows = followed(reading.course, [_happening(entry) for entry in entries])
    if course is None:
        return None, ()
    return course, chain(rows, kept_promises(course, reading.clocks))


def _happening(entry: Any) -> Happening:
    return Happening(**{name: entry[name] for name in _HAPPENING})


def _reclassified(readings: Mapping[UUID, _Reading]) -> dict[UUID, str]:
    """Issues whose rows so far name another category."""
    return {
        issue: reading.category
        for issue, reading in readings.items()
        if reading.category_before is not None and reading.category_before != reading.category
    }


def _columns(row: Row) -> dict[str, Any]:
    return {
        "measure": row.measure.value,
        "detail": row.detail,
        "place": row.place,
        "at": row.at,
        "tier": row.tier,
        "team": row.team,
        "priority": row.priority,
        "value": row.value,
    }


async def _write(
    tx: Transaction, courses: list[dict[str, Any]], rows: list[dict[str, Any]], reclassified: Mapping[UUID, str]
) -> None:
    await tx.insert(REPORT_COURSES, courses, tail=_COURSE_TAIL)
    if reclassified:
        await tx.fetch(_RECLASSIFY, list(reclassified), list(reclassified.values()))
    await tx.insert(REPORT_ROWS, rows, tail=_ROW_TAIL)
