"""Tables of automation: versions of the rules, what is due by them, and what they did."""

from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from tier_queues.schema import SCHEMA

VERSIONS: Final = "automation_versions"


AUTOMATION_VERSIONS: Final = Table(
    VERSIONS,
    SCHEMA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("rules", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
"""The rules after every change."""

AUTOMATION_DUE: Final = Table(
    "automation_due",
    SCHEMA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("issue_id", Uuid, nullable=False),
    Column("fact_version", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("chain", JSONB, nullable=False),
    Column("stay", Text),
    Column("due_at", DateTime(timezone=True), nullable=False),
)
"""Rules that are to act on issues, gone when they have. fact_version: of the entry that set it off; chain: rules
that led to it; stay: what must have lasted until then, for a rule of time.
"""
Index("automation_due_next", AUTOMATION_DUE.c.due_at, AUTOMATION_DUE.c.id)

AUTOMATION_RUNS: Final = Table(
    "automation_runs",
    SCHEMA,
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
"""What rules did. outcome: done, refused, stopped; problem: why it was refused or stopped."""
Index("automation_runs_of_rule", AUTOMATION_RUNS.c.rule, AUTOMATION_RUNS.c.id)
Index("automation_runs_of_issue", AUTOMATION_RUNS.c.issue_id, AUTOMATION_RUNS.c.id)
Index("automation_runs_of_outcome", AUTOMATION_RUNS.c.outcome, AUTOMATION_RUNS.c.id)
Index("automation_runs_old", AUTOMATION_RUNS.c.at)
