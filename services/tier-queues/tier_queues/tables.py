"""What tier-queues remembers. An issue's row holds the whole issue in `body`; its other columns serve the lists."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tier_queues import (
    announcement_tables,
    automation_tables,
    feature_tables,
    organisation_tables,
    problem_tables,
    promise_tables,
    report_tables,
    side_tables,
    tidying_tables,
)
from tier_queues.schema import SCHEMA

OTHERS: Final = (
    announcement_tables,
    automation_tables,
    feature_tables,
    organisation_tables,
    problem_tables,
    promise_tables,
    report_tables,
    side_tables,
    tidying_tables,
)
"""Where all other tables are; with them, SCHEMA is whole."""


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
    Column("breach_at", DateTime(timezone=True)),
    Column("breach_clock", Text),
    Column("weight", SmallInteger, nullable=False, server_default=text("1")),
    Column("skills", JSONB),
    Column("queued_since", DateTime(timezone=True)),
    Column("tags", JSONB),
    Column("major", Boolean, nullable=False, server_default=text("false")),
    Column("body", JSONB, nullable=False),
    # An open issue is rewritten by every command: leave room on its page for the next version of the row.
    postgresql_with={"fillfactor": "85"},
)
"""queue_*: where it can be claimed now; members_only: by that team's members alone (an offer to a team).

deadline: the nearest unmet due time, far in the future without one. timer_tier: whose process minds next_due, which
is null when nothing is due by itself. ended_at: when it was resolved; null while it is open. weight: units of an
owner's capacity. skills: what claim next asks of an agent, null for nothing. queued_since: when it came to its queue.
tags: null for none. major: others may follow it.
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
Index(
    "issues_breach",
    ISSUES.c.breach_at,
    ISSUES.c.id,
    postgresql_where=text("breach_at IS NOT NULL"),
    postgresql_include=["tier", "team"],
)
Index("issues_given", ISSUES.c.queue_agent, postgresql_where=text("queue_agent IS NOT NULL"))
Index("issues_due", ISSUES.c.next_due, postgresql_where=text("next_due IS NOT NULL"))

Index(
    "issues_tagged",
    ISSUES.c.tags,
    postgresql_using="gin",
    postgresql_ops={"tags": "jsonb_path_ops"},
    postgresql_where=text("tags IS NOT NULL"),
)

Index("issues_major", ISSUES.c.id, postgresql_where=text("major"))

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
    Column("tx", BigInteger, server_default=text("txid_current()")),
)
"""Every change of every issue. fact: as it was published; private: what never leaves tier-queues.

tx: the transaction that wrote it, for who follows the timeline; null for what is older than that.
"""
Index("timeline_tx", TIMELINE.c.tx, postgresql_where=text("tx IS NOT NULL"))

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
