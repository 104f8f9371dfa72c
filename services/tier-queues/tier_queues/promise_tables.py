"""Tables of the promises: every version of the policy, and the calendars that ledgers name."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tier_queues.schema import SCHEMA

PROMISE_POLICIES: Final = Table(
    "promise_policies",
    SCHEMA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("policy", JSONB, nullable=False),
    Column("calendars", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("active_from", DateTime(timezone=True), nullable=False),
    Column("renewed_to", Uuid),
    Column("renewed", Boolean, nullable=False, server_default=text("false")),
)
"""Every version of the policy of promises. calendars: name to what ledgers call it.

renewed: every open issue promises by it, as far as it is the newest; renewed_to: the last issue that was looked at.
"""

PROMISE_CALENDARS: Final = Table(
    "promise_calendars",
    SCHEMA,
    Column("key", Text, primary_key=True),
    Column("calendar", JSONB, nullable=False),
)
"""Calendars as ledgers name them, holidays as dates; never changed, so that a ledger means the same for ever."""
