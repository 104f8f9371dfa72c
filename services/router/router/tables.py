"""What the router remembers: every decision, and what it was made from."""

from typing import Final

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import metadata
from shared.migrate import with_shared_tables

SCHEMA: Final = with_shared_tables(metadata())

DECISION: Final = Table(
    "decision",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("decision", Uuid, nullable=False),
    Column("submission_event", Uuid, nullable=False),
    Column("submission", JSONB),
    Column("routing", JSONB, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
)
"""Never changed once written. submission: with revision 0 only; later revisions are decided from it."""

EARLY_CORRECTION: Final = Table(
    "early_correction",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("category", Text, nullable=False),
)
"""Categories that a person chose for issues whose submission has not come yet; gone once it is decided."""
