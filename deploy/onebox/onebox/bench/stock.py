"""A database of tier-queues with many issues in it, filled by COPY and SQL in a minute or two."""

import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from onebox.bench.measure import note
from onebox.bench.stage import CUSTOMERS, TEXTS, Stage
from onebox.demo.issues import Draft, drafts
from shared.vocabulary import FAR_FUTURE

TIER: Final = 1
TEXTS_LIMIT: Final = 40_000
"""Different texts; issues have them in turns."""
TEAMS: Final = ("frontline", "frontline", "frontline", "billing-desk")
CATEGORIES: Final = ("password_reset", "billing", "account", "installation", "basic_usage")
OWNERS: Final = 500
STATES: Final = ("queued", "queued", "queued", "queued", "assigned")
"""Of open issues, in turns."""
ACCOUNTS: Final = 20_000
BASE: Final = datetime(2026, 1, 1, tzinfo=UTC)
WORD_LENGTH: Final = 2
"""Characters that a word must have to be searched for here."""
PAIRS: Final = 200

_MEMORY: Final = "SET maintenance_work_mem = '256MB'"
_WORDS_INDEX: Final = "SELECT pg_get_indexdef('searchable_words'::regclass)"
_TEXTS: Final = "CREATE TEMPORARY TABLE texts (place int PRIMARY KEY, title text, document tsvector, length int)"
_TEXT: Final = """
INSERT INTO texts SELECT $1, $2, setweight(to_tsvector('simple', $2), 'A') || to_tsvector('simple', $3), length($3)
"""

_SEARCHABLE: Final = """
INSERT INTO searchable (issue_id, version, number, account, characters, document)
SELECT id, 1, number, body ->> 'account', length, document || to_tsvector('simple', number::text)
FROM issues JOIN texts ON place = number % $1 ORDER BY number
"""


def written(data: Path | None) -> list[Draft]:
    """What the issues are about: the texts of `data`, or those of the demo."""
    return drafts(TEXTS_LIMIT, run="bench", data=data / TEXTS if data else None, customers=CUSTOMERS)


def pairs(texts: Sequence[Draft]) -> list[str]:
    """Two words each, both drawn by how often they are written, the same ones every time."""
    dice = random.Random(PAIRS)
    return [f"{_word(dice, texts)} {_word(dice, texts)}" for _ in range(PAIRS)]


def _word(dice: random.Random, texts: Sequence[Draft]) -> str:
    while True:
        words = [word for word in dice.choice(texts).body["text"].split() if word.isalnum()]
        if words and len(word := str(dice.choice(words))) >= WORD_LENGTH:
            return word


async def fill(here: Stage, namespace: str, *, count: int, waiting: int, texts: Sequence[Draft]) -> None:
    """Make so many issues, the newest of them open, with their words, and vacuum as autovacuum would."""
    began = time.monotonic()
    async with database(here, namespace) as connection:
        await connection.execute(_MEMORY)
        await connection.copy_records_to_table("issues", records=_rows(count, waiting), columns=COLUMNS)
        await connection.execute(_TEXTS)
        await connection.executemany(_TEXT, [(place, *_said(draft)) for place, draft in enumerate(texts[:count])])
        made = await connection.fetchval(_WORDS_INDEX)
        await connection.execute("DROP INDEX searchable_words")
        await connection.execute(_SEARCHABLE, min(count, len(texts)))
        await connection.execute(made)
        await connection.execute("VACUUM (ANALYZE) issues")
        await connection.execute("VACUUM (ANALYZE) searchable")
    note(f"Made {count:,} issues in {time.monotonic() - began:.0f} s.")


@asynccontextmanager
async def database(here: Stage, namespace: str) -> AsyncIterator[Any]:
    """A connection to the database of tier-queues in a namespace."""
    connection = await here.connect("tier-queues", namespace=namespace)
    try:
        yield connection
    finally:
        await connection.close()


def _said(draft: Draft) -> tuple[str, str]:
    return draft.body["title"], draft.body["text"]


def _row(number: int, opened: bool) -> dict[str, Any]:
    """An issue: priorities, deadlines, teams and categories spread as far as they can be."""
    at = BASE + timedelta(seconds=number)
    priority = 1 + number * 7 % 5
    team = TEAMS[number % len(TEAMS)]
    state = STATES[number // len(TEAMS) % len(STATES)] if opened else "closed"
    queued = state == "queued"
    return {
        "id": UUID(int=number << 64 | number * 0x9E3779B97F4A7C15 % 2**64),
        "number": 1000 + number,
        "version": 1,
        "state": state,
        "tier": TIER,
        "team": team,
        "owner": None if queued else f"agent{number % OWNERS}",
        "owner_name": None if queued else f"Agent {number % OWNERS}",
        "held": False,
        "unseen": False,
        "triage": number % 20 == 0,
        "priority": priority,
        "category": CATEGORIES[number // 3 % len(CATEGORIES)],
        "title": f"Question {number}: it does not do what it should",
        "queue_tier": TIER if queued else None,
        "queue_team": team if queued else None,
        "members_only": False,
        "deadline": FAR_FUTURE if priority == 5 else at + timedelta(hours=priority * 24),
        "timer_tier": TIER,
        "accepted_at": at,
        "updated_at": at,
        "ended_at": None if opened else at,
        "body": f'{{"account": "account-{number % ACCOUNTS}"}}',
    }


COLUMNS: Final[Sequence[str]] = tuple(_row(0, True))


def _rows(count: int, waiting: int) -> Iterator[tuple[Any, ...]]:
    return (tuple(_row(number, number >= count - waiting).values()) for number in range(count))
