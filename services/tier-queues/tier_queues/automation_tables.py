"""Tables of automation: versions of the rules, what is due by them, and what they did."""

from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

VERSIONS: Final = "automation_versions"


def automation_versions_table(schema: MetaData) -> Table:
    """The rules after every change."""
    return Table(
        VERSIONS,
        schema,
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("rules", JSONB, nullable=False),
        Column("author", Text, nullable=False),
        Column("author_name", Text, nullable=False),
        Column("note", Text, nullable=False),
        Column("made_at", DateTime(timezone=True), nullable=False),
    )


def automation_due_table(schema: MetaData) -> Table:
    """Rules that are to act on issues, gone when they have. fact_version: of the entry that set it off; chain: rules
    that led to it; stay: what must have lasted until then, for a rule of time.
    """
    table = Table(
        "automation_due",
        schema,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("issue_id", Uuid, nullable=False),
        Column("fact_version", Integer, nullable=False),
        Column("rule", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("chain", JSONB, nullable=False),
        Column("stay", Text),
        Column("due_at", DateTime(timezone=True), nullable=False),
    )
    Index("automation_due_next", table.c.due_at, table.c.id)
    return table


def automation_runs_table(schema: MetaData) -> Table:
    """What rules did. outcome: done, refused, stopped; problem: why it was refused or stopped."""
    table = Table(
        "automation_runs",
        schema,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("issue_id", Uuid, nullable=False),
        Column("fact_version", Integer, nullable=False),
        Column("rule", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("chain", JSONB, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("outcome", Text, nullable=False),
        Column("problem", JSONB),
    )
    Index("automation_runs_of_rule", table.c.rule, table.c.id)
    Index("automation_runs_of_issue", table.c.issue_id, table.c.id)
    Index("automation_runs_of_outcome", table.c.outcome, table.c.id)
    Index("automation_runs_old", table.c.at)
    return table
