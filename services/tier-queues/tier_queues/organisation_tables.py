"""Tables of tiers, teams and agents, of their sessions, and of who passes by and helps whom."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    Interval,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tier_queues.schema import SCHEMA

TIERS: Final = Table(
    "tiers",
    SCHEMA,
    Column("number", SmallInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("team", Text),
    Column("staffed", Boolean, nullable=False, server_default=text("true")),
    Column("overflow", JSONB),
    Column("version", Integer, nullable=False, server_default=text("1")),
)
"""team: of the default queue. staffed: whether people work its queue. overflow: when another tier helps."""

CHANNELS: Final = Table(
    "channels",
    SCHEMA,
    Column("name", Text, primary_key=True),
    Column("weight", SmallInteger, nullable=False),
)
"""How many units of an agent's capacity an issue of a channel takes."""

TEAMS: Final = Table(
    "teams",
    SCHEMA,
    Column("name", Text, primary_key=True),
    Column("tiers", ARRAY(SmallInteger), nullable=False),
    Column("leads", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("push", Text),
    Column("accept_within", Interval, nullable=False, server_default=text("'2 minutes'")),
    Column("idle_after", Interval),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("behind_the_scenes", Boolean, nullable=False, server_default=text("false")),
    Column("escalation", JSONB),
)
"""leads: agents who lead it; without any, its members with the role lead. push: how work is given out, null where
agents take it. idle_after: how long an owner may do nothing, null for as long as they like. behind_the_scenes: its
members do not write to customers. escalation: who is told when nobody takes an issue, null for nobody.
"""

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
    Column("skills", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("shifts", JSONB),
    Column("availability", Text, nullable=False, server_default=text("'offline'")),
    Column("available_since", DateTime(timezone=True)),
    Column("pushed_at", DateTime(timezone=True)),
    Column("address", Text),
)
"""id: the sign-in name. capacity: units owned at the same time, those of issues held by a cold offer not counted.

skills: name to level. pushed_at: when work was last given to the agent, so that turns go round. address: where notices
are mailed to, null for none.
"""

ORGANISATION_VERSIONS: Final = Table(
    "organisation_versions",
    SCHEMA,
    Column("version", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("body", JSONB, nullable=False),
)
"""The organisation after every change: tiers, channels, teams and agents, without passwords."""

SKIPS: Final = Table(
    "skips",
    SCHEMA,
    Column("agent", Text, primary_key=True),
    Column("issue_id", Uuid, primary_key=True),
    Column("until", DateTime(timezone=True), nullable=False, index=True),
)
"""Issues that claim next does not give to an agent for a while, because the agent passed them by."""

OVERFLOWING: Final = Table(
    "overflowing",
    SCHEMA,
    Column("tier", SmallInteger, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("because", Text, nullable=False),
)
"""Tiers that another one helps now, and why."""

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
