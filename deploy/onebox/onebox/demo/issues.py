"""What the demo's customers write: a set made for this repository, or the texts of a file."""

import csv
import gzip
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.vocabulary import TEXT_LIMIT

WRITTEN: Final = Path(__file__).with_name("issues.jsonl")
TITLE_LENGTH: Final = 80
"""Characters of a title that is cut from a text."""
CUSTOMERS: Final = 60
NAMES: Final = (
    "Ada Lindqvist",
    "Benedikt Öztürk",
    "Chiara Rossi",
    "Daniel O'Brien",
    "Elif Kaya",
    "François Lefèvre",
    "Grace Mwangi",
    "Hiroshi Tanaka",
    "Ivana Novák",
    "José Álvarez",
    "Katarzyna Wójcik",
    "Liam Murphy",
)
ADDITIONS: Final = (
    "Our customer number is {number}.",
    "This is about the workspace team-{number}.",
    "I tried it in two browsers, version {number} of the app.",
    "It is the third time this month; the first one was {number}.",
    "You can call me back at extension {number}.",
    "A colleague of mine sees the same on machine pc-{number}.",
)


@dataclass(frozen=True)
class Draft:
    """An issue before it is posted: the body of the request, and who wrote it."""

    body: dict[str, Any] = field(hash=False)

    @property
    def address(self) -> str:
        """The customer's mail address."""
        return str(self.body["customer"]["email"])


class NoTexts(Exception):
    """The file has no column `text`, or no text in it."""


def drafts(count: int, *, run: str, data: Path | None = None, customers: int = CUSTOMERS) -> list[Draft]:
    """So many issues of so many customers, the same ones for the same run.

    run: told apart in references and addresses, so that runs on one instance do not mix. Raises NoTexts.
    """
    dice = random.Random(run)
    texts = itertools.cycle(_read(data)) if data else _written(dice)
    return [_draft(next(texts), number, run, number % customers) for number in range(count)]


def _draft(content: dict[str, Any], number: int, run: str, customer: int) -> Draft:
    name = NAMES[customer % len(NAMES)]
    address = f"customer{customer}.{run}@customers.example"
    return Draft(content | {"customer": {"name": name, "email": address}, "reference": f"demo-{run}-{number}"})


def _written(dice: random.Random) -> Iterator[dict[str, Any]]:
    """The repository's own set, shuffled, what is asked often more often; with an addition where a text comes again."""
    written = [json.loads(line) for line in WRITTEN.read_text().splitlines()]
    told: set[str] = set()
    while True:
        turn = [content for content in written for _ in range(content.get("often", 1))]
        dice.shuffle(turn)
        for content in turn:
            text = content["text"]
            if text in told:
                text += "\n\n" + dice.choice(ADDITIONS).format(number=dice.randint(10_000, 99_999))
            told.add(content["text"])
            yield {name: value for name, value in content.items() if name != "often"} | {"text": text}


def _read(file: Path) -> list[dict[str, Any]]:
    """The column `text` of a gzipped CSV file; a title is cut from each."""
    with gzip.open(file, "rt", newline="", encoding="utf-8") as rows:
        reader = csv.DictReader(rows)
        if "text" not in (reader.fieldnames or ()):
            raise NoTexts(f"{file} has no column `text`.")
        texts = [row["text"].replace("\x00", "").strip()[:TEXT_LIMIT] for row in reader]
    found = [{"title": _title(text), "text": text} for text in texts if text]
    if not found:
        raise NoTexts(f"{file} has no texts.")
    return found


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1].rstrip()}…"
