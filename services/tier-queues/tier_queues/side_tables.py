"""Tables beside the issues: questions to others, mentions, drafts, guides, canned replies and macros."""

from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

_OPEN: Final = text("state = 'open'")


def consults_table(schema: MetaData) -> Table:
    """Questions to others with their briefings and answers. tier, team, agent: who is asked."""
    table = Table(
        "consults",
        schema,
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
    order = (table.c.due_at, table.c.id)
    Index("consults_open", *order, postgresql_where=_OPEN)
    Index("consults_open_of_tier", table.c.tier, *order, postgresql_where=_OPEN)
    Index("consults_open_of_team", table.c.team, *order, postgresql_where=_OPEN)
    Index("consults_open_of_agent", table.c.agent, *order, postgresql_where=_OPEN)
    Index("consults_of_issue", table.c.issue_id, table.c.asked_at, table.c.id)
    return table


def mentions_table(schema: MetaData) -> Table:
    """Notes that name an agent. version: of the note on its issue's timeline, where its text is."""
    table = Table(
        "mentions",
        schema,
        Column("agent", Text, primary_key=True),
        Column("issue_id", Uuid, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Index("mentions_newest", table.c.agent, table.c.at, table.c.issue_id, table.c.version)
    return table


def catalogue_table(schema: MetaData) -> Table:
    """Guides, canned replies and macros. shelf: `all`, `team:` with a name, or `agent:` with a sign-in name."""
    table = Table(
        "catalogue",
        schema,
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
    Index("catalogue_of_category", table.c.kind, table.c.category, table.c.name, table.c.shelf)
    return table


def drafts_table(schema: MetaData) -> Table:
    """What agents have begun to write. seen: the customer's newest message that they had read."""
    return Table(
        "drafts",
        schema,
        Column("issue_id", Uuid, primary_key=True),
        Column("agent", Text, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("text", Text, nullable=False),
        Column("attachments", JSONB, nullable=False),
        Column("seen", Uuid),
        Column("updated_at", DateTime(timezone=True), nullable=False, index=True),
    )
