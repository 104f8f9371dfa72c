"""What tier-queues remembers. An issue's row holds the whole issue in `body`; its other columns serve the lists."""

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db import metadata
from shared.migrate import with_shared_tables

SCHEMA: Final = with_shared_tables(metadata())

ISSUES: Final = Table(
    "issues",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("waiting_for", Text),
    Column("tier", SmallInteger, nullable=False),
    Column("team", Text, nullable=False),
    Column("owner", Text),
    Column("owner_name", Text),
    Column("held", Boolean, nullable=False),
    Column("unseen", Boolean, nullable=False),
    Column("triage", Boolean, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("category", Text),
    Column("title", Text, nullable=False),
    Column("queue_tier", SmallInteger),
    Column("queue_team", Text),
    Column("queue_agent", Text),
    Column("members_only", Boolean, nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("timer_tier", SmallInteger, nullable=False),
    Column("next_due", DateTime(timezone=True)),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("body", JSONB, nullable=False),
    # An open issue is rewritten by every command: leave room on its page for the next version of the row.
    postgresql_with={"fillfactor": "85"},
)
"""queue_*: where it can be claimed now; members_only: by that team's members alone (an offer to a team).

deadline: the nearest unmet due time, far in the future without one. timer_tier: whose process minds next_due, which
is null when nothing is due by itself. ended_at: when it was resolved; null while it is open.
"""

_QUEUE_ORDER: Final = (ISSUES.c.priority, ISSUES.c.deadline, ISSUES.c.id)
_IN_QUEUE: Final = text("queue_tier IS NOT NULL")
_AT_WORK: Final = text("state IN ('assigned', 'waiting')")
_ENDED: Final = text("state IN ('resolved', 'closed')")
Index("issues_queue", ISSUES.c.queue_tier, *_QUEUE_ORDER, postgresql_where=_IN_QUEUE)
Index("issues_queue_of_team", ISSUES.c.queue_tier, ISSUES.c.queue_team, *_QUEUE_ORDER, postgresql_where=_IN_QUEUE)
Index("issues_queue_by_category", ISSUES.c.queue_tier, ISSUES.c.category, *_QUEUE_ORDER, postgresql_where=_IN_QUEUE)
Index("issues_at_work", ISSUES.c.tier, ISSUES.c.state, *_QUEUE_ORDER, postgresql_where=_AT_WORK)
Index("issues_ended", ISSUES.c.tier, ISSUES.c.state, ISSUES.c.ended_at, ISSUES.c.id, postgresql_where=_ENDED)
Index("issues_owned", ISSUES.c.owner, *_QUEUE_ORDER, postgresql_where=_AT_WORK)
Index("issues_due", ISSUES.c.next_due, postgresql_where=text("next_due IS NOT NULL"))

TIMELINE: Final = Table(
    "timeline",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("actor", JSONB, nullable=False),
    Column("fact", JSONB, nullable=False),
    Column("private", JSONB, nullable=False),
)
"""Every change of every issue. fact: as it was published; private: what never leaves tier-queues."""

EARLY_FACTS: Final = Table(
    "early_facts",
    SCHEMA,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("issue_id", Uuid, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("fact", JSONB, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
"""Facts about issues that the router has not decided on yet; applied when it has, in the order of arrival."""

TEAMS: Final = Table(
    "teams",
    SCHEMA,
    Column("name", Text, primary_key=True),
    Column("tiers", ARRAY(SmallInteger), nullable=False),
)

AGENTS: Final = Table(
    "agents",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("tiers", ARRAY(SmallInteger), nullable=False),
    Column("teams", ARRAY(Text), nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("version", Integer, nullable=False, server_default=text("1")),
)
"""id: the sign-in name. capacity: issues owned at the same time, those held by a cold offer not counted."""

SESSIONS: Final = Table(
    "sessions",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("agent", Text, ForeignKey(AGENTS.c.id), nullable=False, index=True),
    Column("digest", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    Column("revoked_at", DateTime(timezone=True)),
)
"""digest: SHA-256 of the secret in the session's cookie."""

TIER_PROCESSES: Final = Table(
    "tier_processes",
    SCHEMA,
    Column("instance", Text, primary_key=True),
    Column("tiers", ARRAY(SmallInteger), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
"""Which process names which tiers, so that the lowest can mind those that nobody names."""
