"""Tables of announcements: what is told, how far its customers are found, and who they are."""

from typing import Final

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from intake.schema import SCHEMA

ANNOUNCEMENT: Final = Table(
    "announcement",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("category", Text),
    Column("account", Text),
    Column("plan", Text),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("reached", Uuid, nullable=False),
    Column("reached_customer", Uuid),
    Column("addressed", Integer, nullable=False, server_default=text("0")),
    Column("done", Boolean, nullable=False, server_default=text("false")),
)
"""What customers of a product are told before they ask. reached: the last issue that was looked at.

reached_customer: the last customer; null until every issue was looked at. addressed: customers found so far; done:
everybody whom it may concern was looked at.
"""
Index("announcement_undone", ANNOUNCEMENT.c.id, postgresql_where=text("NOT done"))

ANNOUNCEMENT_CUSTOMER: Final = Table(
    "announcement_customer",
    SCHEMA,
    Column("customer_id", Uuid, primary_key=True),
    Column("announcement_id", Uuid, primary_key=True),
)
"""Whom an announcement was addressed to."""
