"""What customers think of the answers, in rows beside their issues: the newest word of each stands."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from shared.db import Transaction
from shared.events.issues import Score

_RATE: Final = """
INSERT INTO rating AS kept (issue_id, score, comment, first_at, rated_at) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (issue_id) DO UPDATE SET score = excluded.score, comment = excluded.comment, rated_at = excluded.rated_at
WHERE kept.first_at > $5 RETURNING issue_id
"""


class RatingView(BaseModel):
    """What the customer thinks of the answer. score: 1, not at all satisfied, to 5."""

    score: Score
    comment: str | None
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating as it is given. score: 1 to 5."""

    score: int
    comment: str | None


async def rate(tx: Transaction, issue: UUID, rating: Rating, *, at: datetime, changeable: timedelta) -> bool:
    """Keep the rating of an issue that is locked. Returns whether there is none that is older than `changeable`."""
    return bool(await tx.fetch(_RATE, issue, rating.score, rating.comment, at, at - changeable))
