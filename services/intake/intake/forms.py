"""Forms that customers were asked, in rows beside the conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from intake.tables import FORM
from shared.db import Transaction
from shared.events import Envelope
from shared.events.form_parts import FormAnswer, FormField
from shared.events.forms import FormAsked

SHOWN: Final = 20
"""Newest forms in the view of an issue; what older ones asked and got is in the conversation."""
_FIELDS: Final = TypeAdapter(tuple[FormField, ...])
_ANSWERS: Final = TypeAdapter(tuple[FormAnswer, ...])


class FormView(BaseModel):
    """A form as its customer sees it; its id is also that of the message that asks it. answered_at: null while open."""

    id: UUID
    title: str
    fields: tuple[FormField, ...]
    asked_at: datetime
    answered_at: datetime | None
    answers: tuple[FormAnswer, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as far as it matters to whoever answers it."""

    fields: tuple[FormField, ...]
    is_answered: bool


async def insert(tx: Transaction, events: Sequence[Envelope[Any]]) -> None:
    """Keep the forms that facts ask; one that is there already stays as it is. No statement where none is asked."""
    rows = [
        {
            "id": event.data.form,
            "issue_id": UUID(event.subject),
            "title": event.data.title,
            "fields": _FIELDS.dump_json(event.data.fields).decode(),
            "asked_at": event.data.at,
        }
        for event in events
        if isinstance(event.data, FormAsked)
    ]
    await tx.insert(FORM, rows, tail="ON CONFLICT (id) DO NOTHING")


async def find(tx: Transaction, issue: UUID, form: UUID) -> Asked | None:
    """A form of an issue that is locked; None when it was not asked there."""
    rows = await tx.fetch("SELECT fields, answered_at FROM form WHERE id = $1 AND issue_id = $2", form, issue)
    return Asked(_FIELDS.validate_python(rows[0][0]), rows[0][1] is not None) if rows else None


async def answer(tx: Transaction, form: UUID, answers: Sequence[FormAnswer], at: datetime) -> None:
    """Keep the answers to a form."""
    row = {"id": form, "answered_at": at, "answers": _ANSWERS.dump_json(tuple(answers)).decode()}
    await tx.update(FORM, [row])


async def of_issue(tx: Transaction, issue: UUID) -> list[FormView]:
    """The newest forms of an issue that is known to be the caller's, newest first."""
    rows = await tx.fetch(
        "SELECT id, title, fields, asked_at, answered_at, coalesce(answers, '[]') FROM form "
        "WHERE issue_id = $1 ORDER BY asked_at DESC, id DESC LIMIT $2",
        issue,
        SHOWN,
    )
    return [
        FormView(id=row[0], title=row[1], fields=row[2], asked_at=row[3], answered_at=row[4], answers=row[5])
        for row in rows
    ]
