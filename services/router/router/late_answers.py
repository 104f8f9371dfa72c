"""Answers to forms that came after an issue was decided: kept and shown beside the decisions, and never used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from router.tables import FORM_ANSWERS
from shared.db import Transaction
from shared.events import Envelope
from shared.events.form_parts import FormAnswer
from shared.events.issues import FormAnswered
from shared.vocabulary import IssueId

SHOWN: Final = 20
"""Newest filled in forms that are shown beside the decisions on an issue."""
_ANSWERS: Final = TypeAdapter(tuple[FormAnswer, ...])


@dataclass(frozen=True, slots=True)
class LateAnswers:
    """A form that a customer filled in."""

    answers: tuple[FormAnswer, ...]
    at: datetime


async def keep(tx: Transaction, events: Sequence[Envelope[FormAnswered]]) -> None:
    """Keep what customers answered; what is kept already stays as it is."""
    rows = [
        {
            "event": event.id,
            "issue_id": UUID(event.subject),
            "answers": _ANSWERS.dump_json(event.data.answers).decode(),
            "at": event.data.at,
        }
        for event in events
    ]
    await tx.insert(FORM_ANSWERS, rows, tail="ON CONFLICT (event) DO NOTHING")


async def of_issue(tx: Transaction, issue: IssueId) -> list[LateAnswers]:
    """The newest forms that an issue's customer filled in, oldest first."""
    rows = await tx.fetch(
        "SELECT answers, at FROM form_answers WHERE issue_id = $1 ORDER BY at DESC, event LIMIT $2", issue, SHOWN
    )
    return [LateAnswers(_ANSWERS.validate_python(row[0]), row[1]) for row in reversed(rows)]
