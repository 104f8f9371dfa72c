"""What vendor-bridge remembers."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import metadata
from shared.migrate import with_shared_tables

SCHEMA: Final = with_shared_tables(metadata())

VENDOR: Final = Table(
    "vendor",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("products", JSONB, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("states", JSONB, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""Vendors with their contracts."""

SECRET: Final = Table(
    "secret",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("vendor", Text, ForeignKey("vendor.id"), nullable=False, index=True),
    Column("direction", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
)
"""direction: outgoing or callback. expires_at: set when a newer one replaces it."""

CASE: Final = Table(
    "vendor_case",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("issue", Uuid, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("vendor_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reference", Text),
    Column("attempts", Integer, nullable=False),
    Column("forwarded", JSONB, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""The part of an issue that a vendor works. vendor: as the forward named it, known or not. forwarded: the fact."""
Index("vendor_case_of_issue", CASE.c.issue, CASE.c.id)
Index("vendor_case_of_vendor", CASE.c.vendor, CASE.c.id)
Index("vendor_case_exhausted", CASE.c.id, postgresql_where=text("state = 'exhausted'"))

DELIVERY: Final = Table(
    "delivery",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Uuid, ForeignKey("vendor_case.id"), nullable=False),
    Column("vendor", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("lease", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    postgresql_with={"fillfactor": "70"},
)
"""Messages to vendors; the id is the message's at every attempt. state: due, delivered or exhausted.

attempts: in all; failures: in the schedule that is running. lease: the fencing token of who is sending it.
"""
Index("delivery_due", DELIVERY.c.vendor, DELIVERY.c.next_attempt_at, postgresql_where=text("state = 'due'"))
Index("delivery_of_case", DELIVERY.c.case_id, DELIVERY.c.position)

ATTEMPT: Final = Table(
    "attempt",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("delivery", Uuid, ForeignKey("delivery.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("took_milliseconds", Integer, nullable=False),
    Column("status", SmallInteger),
    Column("reply", Text),
    Column("reason", Text),
)
"""What became of each attempt. status: None when there was no answer; reason: why it counts as failed."""

CALLBACK: Final = Table(
    "callback",
    SCHEMA,
    Column("vendor", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, index=True),
    Column("conflicts", Integer, nullable=False, server_default="0"),
)
"""Ids of callbacks that took effect. conflicts: how often the id came again with another body."""

BREAKER: Final = Table(
    "breaker",
    SCHEMA,
    Column("vendor", Text, ForeignKey("vendor.id"), primary_key=True),
    Column("outcomes", Text, nullable=False, server_default=""),
    Column("probe_at", DateTime(timezone=True)),
)
"""A vendor's latest outcomes, oldest first, `f` failed and `o` well. probe_at: set while its circuit is open."""
