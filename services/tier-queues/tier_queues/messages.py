"""What customer and staff said to each other, found in a timeline. Notes are never among it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.db import Transaction
from shared.events import forms, work
from tier_queues.issue import Entry

READ_LIMIT: Final = 1000
"""Messages read per issue, newest first: more than a forward ever holds, so that it knows of some left out."""

FROM_CUSTOMER: Final = frozenset({work.CustomerHeard.TYPE})
TO_CUSTOMER: Final = frozenset({work.IssueReplied.TYPE, work.IssueResolved.TYPE, forms.FormAsked.TYPE})
_FIRST: Final = frozenset({work.IssueQueued.TYPE, work.IssueForwarded.TYPE, work.IssueResolved.TYPE})
"""The first entry of an issue, whichever it is, holds the customer's own words."""

_MESSAGES: Final = """
SELECT wanted.id, said.* FROM unnest($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT version, type, at, actor->>'kind', fact->>'text', private->>'text' FROM timeline
    WHERE issue_id = wanted.id AND (version = 1 OR type = ANY($2)) ORDER BY version DESC LIMIT $3
) AS said
"""


@dataclass(frozen=True, slots=True)
class Said:
    """An entry of a timeline, as far as it may hold messages."""

    version: int
    type: str
    at: datetime
    actor_kind: str
    public_text: str | None
    private_text: str | None

    @classmethod
    def by(cls, entry: Entry) -> "Said":
        """That of an entry that is not written yet."""
        fact = entry.fact
        public = getattr(fact, "text", None)
        return cls(fact.standing.version, fact.TYPE, fact.at, fact.actor.kind, public, entry.private.get("text"))

    def messages(self) -> Iterator[work.PublicMessage]:
        """None, one, or for an issue that was redirected at once two."""
        first = self.version == 1 and self.type in _FIRST
        if self.private_text and (first or self.type in FROM_CUSTOMER):
            yield work.PublicMessage(author="customer", at=self.at, text=self.private_text)
        if self.public_text and self.type in TO_CUSTOMER:
            author = "customer" if self.actor_kind == "customer" else "support"
            yield work.PublicMessage(author=author, at=self.at, text=self.public_text)


async def conversations(tx: Transaction, issues: Sequence[UUID]) -> dict[UUID, list[work.PublicMessage]]:
    """What was said on each of these issues, oldest first; of very long ones the newest part."""
    rows = await tx.fetch(_MESSAGES, sorted(set(issues)), sorted(FROM_CUSTOMER | TO_CUSTOMER), READ_LIMIT)
    said: dict[UUID, list[work.PublicMessage]] = {}
    for issue, *entry in sorted(rows, key=lambda row: (row[0], row[1])):
        said.setdefault(issue, []).extend(Said(*entry).messages())
    return said
