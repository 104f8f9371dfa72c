"""What notifications remembers: whom to tell about an issue, what to tell, and where client applications listen."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy import text as sql

from shared.db import metadata
from shared.migrate import with_shared_tables

SCHEMA: Final = with_shared_tables(metadata())

RECIPIENT: Final = Table(
    "recipient",
    SCHEMA,
    Column("issue", Uuid, primary_key=True),
    Column("number", BigInteger),
    Column("title", Text),
    Column("name", Text),
    Column("address", Text),
    Column("language", Text),
    Column("application", Text),
    Column("reference", Text),
    Column("first", Uuid),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("claimed", Boolean, nullable=False),
    postgresql_with={"fillfactor": "80"},
)
"""One row per issue. Without a number its IssueSubmitted has not come yet, and its facts wait in `early`."""

EARLY: Final = Table(
    "early",
    SCHEMA,
    Column("issue", Uuid, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("type", Text, nullable=False),
    Column("body", Text, nullable=False),
)
"""Events on support.work that came before the IssueSubmitted of their issue, whole."""

WEBHOOK: Final = Table(
    "webhook",
    SCHEMA,
    Column("application", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("former_secret", LargeBinary),
    Column("rotated_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("feature_requests", Boolean, nullable=False, server_default=sql("false")),
)
"""Secrets are sealed; after a rotation both sign for a while. feature_requests: whether it hears of them too."""

DELIVERY: Final = Table(
    "delivery",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("issue", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("application", Text),
    Column("agent", Text),
    Column("about", Text, nullable=False),
    Column("cause", Uuid, nullable=False),
    Column("content", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=sql("0")),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("lease", Uuid),
    Column("reason", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    # Rows change from waiting to settled and are deleted by age: without early vacuum the queue's index swells.
    postgresql_with={"autovacuum_vacuum_scale_factor": "0.02", "autovacuum_vacuum_threshold": "5000"},
)
"""One message to one receiver: mail to the customer, webhook to the client application, staff to an agent by mail.

application, agent: whose it is, null where it is the other's. state: waiting, delivered, failed (a person may replay
it), dropped (nobody listens). id: derived from fact and receiver, so that no fact is told twice. position: order of
sending within issue, channel and agent. next_attempt_at: due then; while a batch holds the row, when its lease ends.
content: the notice as JSON.
"""
Index(
    "delivery_due_mail",
    DELIVERY.c.next_attempt_at,
    postgresql_where=sql("state = 'waiting' AND channel = 'mail'"),
)
Index(
    "delivery_due_webhook",
    DELIVERY.c.application,
    DELIVERY.c.next_attempt_at,
    postgresql_where=sql("state = 'waiting' AND channel = 'webhook'"),
)
Index(
    "delivery_due_staff",
    DELIVERY.c.next_attempt_at,
    postgresql_where=sql("state = 'waiting' AND channel = 'staff'"),
)
Index("delivery_of_issue", DELIVERY.c.issue, DELIVERY.c.position)
Index("delivery_settled", DELIVERY.c.settled_at, postgresql_where=sql("state <> 'waiting'"))
Index("delivery_failed", DELIVERY.c.position, postgresql_where=sql("state = 'failed'"))
