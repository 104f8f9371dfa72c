"""Tables beside the issues: questions to others, mentions, drafts, guides, canned replies and macros."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tier_queues.schema import SCHEMA

_OPEN: Final = text("state = 'open'")


CONSULTS: Final = Table(
    "consults",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("issue_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("team", Text),
    Column("agent", Text),
    Column("asked_by", Text, nullable=False),
    Column("asked_by_name", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("symptoms", Text, nullable=False),
    Column("tried", Text, nullable=False),
    Column("on_hold", Boolean, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("overdue", Boolean, nullable=False, server_default=text("false")),
    Column("answer", Text),
    Column("answered_by", Text),
    Column("answered_by_name", Text),
    Column("ended_at", DateTime(timezone=True)),
)
"""Questions to others with their briefings and answers. tier, team, agent: who is asked."""
order = (CONSULTS.c.due_at, CONSULTS.c.id)
Index("consults_open", *order, postgresql_where=_OPEN)
Index("consults_open_of_tier", CONSULTS.c.tier, *order, postgresql_where=_OPEN)
Index("consults_open_of_team", CONSULTS.c.team, *order, postgresql_where=_OPEN)
Index("consults_open_of_agent", CONSULTS.c.agent, *order, postgresql_where=_OPEN)
Index("consults_of_issue", CONSULTS.c.issue_id, CONSULTS.c.asked_at, CONSULTS.c.id)

MENTIONS: Final = Table(
    "mentions",
    SCHEMA,
    Column("agent", Text, primary_key=True),
    Column("issue_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Notes that name an agent. version: of the note on its issue's timeline, where its text is."""
Index("mentions_newest", MENTIONS.c.agent, MENTIONS.c.at, MENTIONS.c.issue_id, MENTIONS.c.version)

CATALOGUE: Final = Table(
    "catalogue",
    SCHEMA,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("shelf", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("category", Text),
    Column("title", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
"""Guides, canned replies and macros. shelf: `all`, `team:` with a name, or `agent:` with a sign-in name."""
Index("catalogue_of_category", CATALOGUE.c.kind, CATALOGUE.c.category, CATALOGUE.c.name, CATALOGUE.c.shelf)

DRAFTS: Final = Table(
    "drafts",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("attachments", JSONB, nullable=False),
    Column("seen", Uuid),
    Column("updated_at", DateTime(timezone=True), nullable=False, index=True),
)
"""What agents have begun to write. seen: the customer's newest message that they had read."""
