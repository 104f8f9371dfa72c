"""The table of announcements."""

from typing import Final

from sqlalchemy import Column, DateTime, Table, Text, Uuid

from tier_queues.schema import SCHEMA

ANNOUNCEMENTS: Final = Table(
    "announcements",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("category", Text),
    Column("account", Text),
    Column("plan", Text),
    Column("made_by", Text, nullable=False),
    Column("made_by_name", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
"""What customers were told before they asked; whom it reached is intake's to know."""
