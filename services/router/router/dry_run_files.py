"""Issues in a file that somebody uploads for a dry run: CSV, or one JSON object per line."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from router.trial import DryRun
from shared.problems import Problem
from shared.strict_json import loads

ROW_LIMIT: Final = 5_000
TITLE_FROM_TEXT: Final = 80
"""Characters of the text that stand for a title that is not given."""
CONFIRMED: Final = "confirmed"
"""The column that holds the right category."""


class FileRefused(ValueError):
    """The file cannot be used. The message names the line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line


def read_csv(text: str) -> list[tuple[DryRun, str | None]]:
    """The issues of a CSV file with headings, each with its confirmed category, if any. Raises FileRefused."""
    table = csv.DictReader(io.StringIO(text, newline=""))
    return _limited(_csv_rows(table))


def _csv_rows(table: "csv.DictReader[str]") -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        if "text" not in (table.fieldnames or ()):
            raise FileRefused(1, "there must be a column text")
        for row in table:
            yield table.line_num, {name: value for name, value in row.items() if isinstance(name, str) and value}
    except csv.Error as error:
        raise FileRefused(table.line_num, str(error)) from error


def read_lines(text: str) -> list[tuple[DryRun, str | None]]:
    """The issues of a file with a JSON object per line. Raises FileRefused."""
    return _limited(_objects(text))


def _objects(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _object(number, line)


def _object(number: int, line: str) -> Mapping[str, Any]:
    try:
        found = loads(line.encode())
    except Problem as problem:
        raise FileRefused(number, problem.detail or "is no JSON") from problem
    if not isinstance(found, dict):
        raise FileRefused(number, "must be an object")
    return {name: value for name, value in found.items() if value is not None}


def _limited(rows: Iterator[tuple[int, Mapping[str, Any]]]) -> list[tuple[DryRun, str | None]]:
    trials: list[tuple[DryRun, str | None]] = []
    for line, row in rows:
        if len(trials) == ROW_LIMIT:
            raise FileRefused(line, f"there may be at most {ROW_LIMIT} issues")
        trials.append((_trial(line, row), str(row[CONFIRMED]) if CONFIRMED in row else None))
    if not trials:
        raise FileRefused(1, "there is no issue")
    return trials


def _trial(line: int, row: Mapping[str, Any]) -> DryRun:
    """Columns that a submission does not have are left out: exports have many."""
    known = {name: row[name] for name in DryRun.model_fields if name in row}
    if isinstance(known.get("text"), str):
        known.setdefault("title", " ".join(known["text"].split())[:TITLE_FROM_TEXT])
    try:
        return DryRun.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        raise FileRefused(line, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


Reader = Callable[[str], list[tuple[DryRun, str | None]]]
READERS: Final[Mapping[str, Reader]] = {
    "text/csv": read_csv,
    "application/x-ndjson": read_lines,
    "application/jsonl": read_lines,
}
"""By media type."""

_LINES: Final = '{"text": "The export to CSV stops at 80 %.", "plan": "premium", "confirmed": "import_export"}\n'
EXAMPLES_OF: Final[Mapping[str, str]] = {
    "text/csv": "text,plan,confirmed\nThe export to CSV stops at 80 %.,premium,import_export\n",
    "application/x-ndjson": _LINES,
    "application/jsonl": _LINES,
}
"""A file of each media type."""
