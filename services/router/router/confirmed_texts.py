"""Texts with the categories that agents confirmed, as a file to learn from."""

import csv
from pathlib import Path
from typing import Final

from router import quality_store
from router.settings import Settings
from router.words import name_of
from shared.db import Database
from shared.paging import LAST_ID
from shared.vocabulary import IssueId

TEXT: Final = "text"
LABEL: Final = "category"
PAGE: Final = 1_000
LEARNT_AT_MOST: Final = 200_000
"""Newest labels; older ones say less about what comes."""


async def write(settings: Settings, file: Path) -> int:
    """Write the confirmed labels as CSV with the columns text and category, newest first. Returns how many."""
    db = Database(settings)
    written, before = 0, LAST_ID
    try:
        with file.open("w", encoding="utf-8", newline="") as lines:
            table = csv.writer(lines)
            table.writerow([TEXT, LABEL])
            while written < LEARNT_AT_MOST:
                rows, following = await _page(db, before)
                # One category, however agents wrote it: two spellings of one are no two labels to a model.
                named = [(f"{row.title}\n{row.text}", name_of(row.category)) for row in rows]
                labelled = [row for row in named if row[1]]
                table.writerows(labelled)
                written += len(labelled)
                if following is None:
                    break
                before = following
    finally:
        await db.close()
    return written


async def _page(db: Database, before: IssueId) -> tuple[list[quality_store.Label], IssueId | None]:
    async with db.transaction() as tx:
        return await quality_store.labels(tx, before=before, limit=PAGE)
