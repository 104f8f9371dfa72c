"""Issues as CSV that a spreadsheet opens and does not execute."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from tier_queues.lists import IssueRow

COLUMNS: Final = (
    "number",
    "id",
    "state",
    "waiting_for",
    "tier",
    "team",
    "owner",
    "owner_name",
    "priority",
    "category",
    "title",
    "deadline",
    "accepted_at",
    "updated_at",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would work out."""


def header() -> str:
    """The first line: names of the columns."""
    return _lines([COLUMNS])


def lines(rows: Iterable[IssueRow]) -> str:
    """A line for each issue; times in UTC."""
    return _lines([_cell(getattr(row, column)) for column in COLUMNS] for row in rows)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


def _cell(value: Any) -> str:
    """A value as text. What a customer or agent wrote is quoted where it would be taken for a formula."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
