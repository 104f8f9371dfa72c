"""Labelled texts in a CSV file, plain or gzipped."""

import csv
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

CELL_LIMIT_CHARACTERS: Final = 10_000_000
"""Of one cell; the module's own limit is too low for long mails."""


class TableRefused(Exception):
    """A file cannot be learnt from or measured with. The message says why."""


@dataclass(frozen=True)
class LabelledTexts:
    """Rows that have a label, in the file's order. left_out: rows without one."""

    texts: list[str]
    labels: list[str]
    left_out: int
    sha256: str


def read_table(file: Path, text_column: str, label_column: str) -> LabelledTexts:
    """The labelled texts of a file. Raises TableRefused."""
    csv.field_size_limit(CELL_LIMIT_CHARACTERS)
    try:
        with _opened(file) as lines:
            rows = list(_rows(csv.DictReader(lines), file, text_column, label_column))
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise TableRefused(f"{file.name} cannot be read as CSV in UTF-8: {error}") from error
    labelled = [(text, label) for text, label in rows if label]
    return LabelledTexts(
        [text for text, _ in labelled], [label for _, label in labelled], len(rows) - len(labelled), digest
    )


def _rows(table: "csv.DictReader[str]", file: Path, text: str, label: str) -> Iterator[tuple[str, str]]:
    columns = table.fieldnames or ()
    for column in (text, label):
        if column not in columns:
            raise TableRefused(f"{file.name} has no column {column}; it has {', '.join(columns)}")
    for row in table:
        yield row[text] or "", (row[label] or "").strip()


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8", newline="")
    return file.open(encoding="utf-8-sig", newline="")
