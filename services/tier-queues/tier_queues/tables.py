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
    Interval,
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
from tier_queues.announcement_tables import announcements_table
from tier_queues.automation_tables import automation_due_table, automation_runs_table, automation_versions_table
from tier_queues.feature_tables import uncounted_table
from tier_queues.problem_tables import (
    acknowledgements_table,
    bulletins_table,
    problem_history_table,
    problem_links_table,
    problem_news_table,
    problems_table,
    releases_table,
    untold_table,
)
from tier_queues.report_tables import report_courses_table, report_rows_table, timeline_walk_table
from tier_queues.side_tables import catalogue_table, consults_table, drafts_table, mentions_table
from tier_queues.tidying_tables import (
    bulk_jobs_table,
    bulk_parts_table,
    searchable_table,
    watches_table,
)

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

CONSULTS: Final = consults_table(SCHEMA)
MENTIONS: Final = mentions_table(SCHEMA)
DRAFTS: Final = drafts_table(SCHEMA)
CATALOGUE: Final = catalogue_table(SCHEMA)
REPORT_ROWS: Final = report_rows_table(SCHEMA)
REPORT_COURSES: Final = report_courses_table(SCHEMA)
TIMELINE_WALK: Final = timeline_walk_table(SCHEMA)

PROBLEMS: Final = problems_table(SCHEMA)
PROBLEM_HISTORY: Final = problem_history_table(SCHEMA)
PROBLEM_LINKS: Final = problem_links_table(SCHEMA)
PROBLEM_NEWS: Final = problem_news_table(SCHEMA)
UNTOLD: Final = untold_table(SCHEMA)
RELEASES: Final = releases_table(SCHEMA)
BULLETINS: Final = bulletins_table(SCHEMA)
ACKNOWLEDGEMENTS: Final = acknowledgements_table(SCHEMA)
WATCHES: Final = watches_table(SCHEMA)
BULK_JOBS: Final = bulk_jobs_table(SCHEMA)
BULK_PARTS: Final = bulk_parts_table(SCHEMA)
SEARCHABLE: Final = searchable_table(SCHEMA)
AUTOMATION_VERSIONS: Final = automation_versions_table(SCHEMA)
AUTOMATION_DUE: Final = automation_due_table(SCHEMA)
AUTOMATION_RUNS: Final = automation_runs_table(SCHEMA)
ANNOUNCEMENTS: Final = announcements_table(SCHEMA)
UNCOUNTED: Final = uncounted_table(SCHEMA)

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
