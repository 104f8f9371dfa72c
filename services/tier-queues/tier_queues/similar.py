"""Similar issues: found by the words of what is searched, which are written behind the commands."""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from shared.db import Transaction
from shared.vocabulary import IssueState, Resolution

ASKED_LIMIT: Final = 8
"""Words of an issue that others are looked for by."""
COMMON_SHARE: Final = 0.02
"""A word of more issues than this says nothing about one."""
CANDIDATES_LIMIT: Final = 500
"""Issues that are ranked; of what is even more frequent any are as good."""

ASKED: Final = """
WITH common AS (
    SELECT unnest(words) AS word, unnest(most_common_elem_freqs[1:cardinality(words)]) AS share
    FROM pg_stats, LATERAL (SELECT most_common_elems::text::text[] AS words) AS elements
    WHERE schemaname = current_schema() AND tablename = 'searchable' AND attname = 'document'
)
SELECT lexeme FROM searchable, unnest(document) AS own LEFT JOIN common ON word = lexeme
WHERE issue_id = $1 AND coalesce(share, 0) < $2 AND lexeme !~ '^[0-9]+$'
ORDER BY 'A' = ANY(weights) DESC, length(lexeme) DESC, lexeme LIMIT $3
"""
"""The words that say most: those of the title first, long ones before short ones, none that every other issue has.

How frequent a word is, the planner's statistics say.
"""
SIMILAR: Final = f"""
SELECT id, number, title, state, tier, team, category, accepted_at, body->>'resolution' AS resolution,
    (SELECT array_agg(linked->>'id') FROM jsonb_array_elements(body->'problems') AS linked) AS problems
FROM (
    SELECT issue_id, ts_rank(document, $2::tsquery) AS rank
    FROM (SELECT issue_id, document FROM searchable WHERE document @@ $2::tsquery LIMIT {CANDIDATES_LIMIT}) AS found
    WHERE issue_id <> $1 ORDER BY rank DESC, issue_id DESC LIMIT $3
) AS best JOIN issues ON id = issue_id ORDER BY rank DESC, issue_id DESC
"""  # noqa: S608


class SimilarIssue(BaseModel):
    """An issue that reads like another. resolution: how it ended; problems: those that it is linked to."""

    id: UUID
    number: int
    title: str
    state: IssueState
    tier: int
    team: str
    category: str | None
    accepted_at: datetime
    resolution: Resolution | None
    problems: list[UUID]


async def similar(tx: Transaction, issue: UUID, *, text: str | None, limit: int) -> list[SimilarIssue]:
    """Issues that share at least two telling words with this one, or that hold all words of a text, best first."""
    query = await _all_words(tx, text) if text is not None else await _telling(tx, issue)
    if not query:
        return []
    return [_view(row) for row in await tx.fetch(SIMILAR, issue, query, limit)]


async def _all_words(tx: Transaction, text: str) -> str:
    rows = await tx.fetch("SELECT plainto_tsquery('simple', $1)::text", text)
    return str(rows[0][0])


async def _telling(tx: Transaction, issue: UUID) -> str:
    rows = await tx.fetch(ASKED, issue, COMMON_SHARE, ASKED_LIMIT)
    return query_of([row[0] for row in rows])


def query_of(words: Sequence[str]) -> str:
    """The text search query for texts with any two of these words; with the only one when there are no two."""
    quoted = [_quoted(word) for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return " | ".join(f"{one} & {other}" for one, other in combinations(quoted, 2))


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _view(row: Any) -> SimilarIssue:
    values = {name: row[name] for name in SimilarIssue.model_fields}
    return SimilarIssue(**values | {"problems": values["problems"] or []})
