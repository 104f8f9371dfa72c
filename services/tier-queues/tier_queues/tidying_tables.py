"""Tables that keep issues in order: who watches what, jobs over many issues, and what is searched."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

UNFINISHED: Final = "finished_at IS NULL"
GIVEN: Final = "command <> 'inform'"
"""Jobs that an agent gave, and not a master's answer to its duplicates."""


def watches_table(schema: MetaData) -> Table:
    """Issues that somebody of the staff watches; nobody else is told."""
    table = Table(
        "watches",
        schema,
        Column("agent", Text, primary_key=True),
        Column("issue_id", Uuid, primary_key=True),
        Column("since", DateTime(timezone=True), nullable=False),
    )
    Index("watches_newest", table.c.agent, table.c.since, table.c.issue_id)
    return table


def bulk_jobs_table(schema: MetaData) -> Table:
    """One command for many issues. command: its name, or `inform` for what a master's duplicates are told.

    Parts are worked in their order, so that `done + refused` is the place of the next one. turn_at: when a batch of it
    was worked last; whose turn is longest ago is next. cancelled_by: who wanted the rest not done.
    """
    table = Table(
        "bulk_jobs",
        schema,
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
    Index("bulk_jobs_given_by", table.c.asked_by, table.c.id, postgresql_where=text(GIVEN))
    Index("bulk_jobs_unfinished", table.c.turn_at, table.c.id, postgresql_where=text(UNFINISHED))
    Index("bulk_jobs_finished", table.c.finished_at, postgresql_where=text("finished_at IS NOT NULL"))
    return table


def bulk_parts_table(schema: MetaData) -> Table:
    """The issues of a job. problem: why the command was refused for this one."""
    table = Table(
        "bulk_parts",
        schema,
        Column("job_id", Uuid, ForeignKey("bulk_jobs.id", ondelete="CASCADE"), primary_key=True),
        Column("place", Integer, primary_key=True),
        Column("issue_id", Uuid, nullable=False),
        Column("problem", JSONB),
    )
    Index("bulk_parts_refused", table.c.job_id, table.c.place, postgresql_where=text("problem IS NOT NULL"))
    return table


def searchable_table(schema: MetaData) -> Table:
    """What is searched of an issue. version: as far as its timeline is read; characters: of its messages so far."""
    table = Table(
        "searchable",
        schema,
        Column("issue_id", Uuid, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("account", Text, nullable=False),
        Column("characters", Integer, nullable=False),
        Column("document", TSVECTOR, nullable=False),
    )
    Index("searchable_newest", table.c.number)
    Index("searchable_of_account", table.c.account, table.c.number)
    # What is not sorted into the index yet is read by every search: keep it short.
    short = {"gin_pending_list_limit": "512"}
    Index("searchable_words", table.c.document, postgresql_using="gin", postgresql_with=short)
    return table
