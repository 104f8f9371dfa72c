"""Tables that keep issues in order: who watches what, jobs over many issues, and what is searched."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from tier_queues.schema import SCHEMA

UNFINISHED: Final = "finished_at IS NULL"
GIVEN: Final = "command <> 'inform'"
"""Jobs that an agent gave, and not a master's answer to its duplicates."""


WATCHES: Final = Table(
    "watches",
    SCHEMA,
    Column("agent", Text, primary_key=True),
    Column("issue_id", Uuid, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
)
"""Issues that somebody of the staff watches; the first of them are in the issue's body too."""
Index("watches_newest", WATCHES.c.agent, WATCHES.c.since, WATCHES.c.issue_id)

BULK_JOBS: Final = Table(
    "bulk_jobs",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("asked_by", Text, nullable=False),
    Column("asked_by_name", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("refused", Integer, nullable=False, server_default=text("0")),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("turn_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("cancelled_by", Text),
)
"""One command for many issues. command: its name, or `inform` for what a master's duplicates are told.

Parts are worked in their order, so that `done + refused` is the place of the next one. turn_at: when a batch of it
was worked last; whose turn is longest ago is next. cancelled_by: who wanted the rest not done.
"""
Index("bulk_jobs_given_by", BULK_JOBS.c.asked_by, BULK_JOBS.c.id, postgresql_where=text(GIVEN))
Index("bulk_jobs_unfinished", BULK_JOBS.c.turn_at, BULK_JOBS.c.id, postgresql_where=text(UNFINISHED))
Index("bulk_jobs_finished", BULK_JOBS.c.finished_at, postgresql_where=text("finished_at IS NOT NULL"))

BULK_PARTS: Final = Table(
    "bulk_parts",
    SCHEMA,
    Column("job_id", Uuid, ForeignKey("bulk_jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("issue_id", Uuid, nullable=False),
    Column("problem", JSONB),
)
"""The issues of a job. problem: why the command was refused for this one."""
Index("bulk_parts_refused", BULK_PARTS.c.job_id, BULK_PARTS.c.place, postgresql_where=text("problem IS NOT NULL"))

SEARCHABLE: Final = Table(
    "searchable",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("account", Text, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("document", TSVECTOR, nullable=False),
)
"""What is searched of an issue. version: as far as its timeline is read; characters: of its messages so far."""
Index("searchable_newest", SEARCHABLE.c.number)
Index("searchable_of_account", SEARCHABLE.c.account, SEARCHABLE.c.number)
# What is not sorted into the index yet is read by every search: keep it short.
short = {"gin_pending_list_limit": "512"}
Index("searchable_words", SEARCHABLE.c.document, postgresql_using="gin", postgresql_with=short)
