"""Tables of problems, what they have to tell, releases and bulletins, and the words of issues."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

SEARCH: Final = "simple"
"""The text search configuration: no language is known of what people write, so that no word is left out or cut."""


def problems_table(schema: MetaData) -> Table:
    """Problems and feature requests; all of one is in `body`. words: of title and description."""
    table = Table(
        "problems",
        schema,
        Column("id", Uuid, primary_key=True),
        Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
        Column("version", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("product", Text),
        Column("title", Text, nullable=False),
        Column("release_id", Uuid),
        Column("updated_at", DateTime(timezone=True), nullable=False),
        Column("words", TSVECTOR, nullable=False),
        Column("body", JSONB, nullable=False),
    )
    Index("problems_by_kind", table.c.kind, table.c.number)
    Index("problems_by_state", table.c.state, table.c.number)
    Index("problems_by_product", table.c.product, table.c.number)
    Index("problems_of_release", table.c.release_id, table.c.number)
    Index("problems_words", table.c.words, postgresql_using="gin")
    return table


def problem_history_table(schema: MetaData) -> Table:
    """Every change of every problem: what, by whom, when, and its content."""
    return Table(
        "problem_history",
        schema,
        Column("problem_id", Uuid, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor", Text, nullable=False),
        Column("actor_name", Text, nullable=False),
        Column("what", Text, nullable=False),
        Column("content", JSONB, nullable=False),
    )


def problem_links_table(schema: MetaData) -> Table:
    """Which issues belong to which problem, and whose they are."""
    table = Table(
        "problem_links",
        schema,
        Column("problem_id", Uuid, primary_key=True),
        Column("issue_id", Uuid, primary_key=True),
        Column("account", Text, nullable=False),
        Column("customer", Uuid, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Index("problem_links_of_account", table.c.problem_id, table.c.account, table.c.customer)
    return table


def problem_news_table(schema: MetaData) -> Table:
    """What linked issues are to hear. release: a name; target: what stands for a merged problem."""
    return Table(
        "problem_news",
        schema,
        Column("id", Uuid, primary_key=True),
        Column("problem_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("resolve", Boolean, nullable=False),
        Column("release", Text),
        Column("target_id", Uuid),
        Column("at", DateTime(timezone=True), nullable=False),
    )


def untold_table(schema: MetaData) -> Table:
    """Issues that have not heard of news yet, in the order in which they will."""
    return Table(
        "problem_news_untold",
        schema,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("news_id", Uuid, nullable=False),
        Column("issue_id", Uuid, nullable=False),
    )


def releases_table(schema: MetaData) -> Table:
    """Releases of products; their fixes are the problems that name them."""
    table = Table(
        "releases",
        schema,
        Column("id", Uuid, primary_key=True),
        Column("product", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("released_at", DateTime(timezone=True), nullable=False),
        Column("notes", Text, nullable=False),
        Column("url", Text),
        Column("made_by", Text, nullable=False),
        Column("made_by_name", Text, nullable=False),
        Column("made_at", DateTime(timezone=True), nullable=False),
    )
    Index("releases_of_product", table.c.product, table.c.name, unique=True)
    Index("releases_newest", table.c.released_at, table.c.id)
    Index("releases_newest_of_product", table.c.product, table.c.released_at, table.c.id)
    return table


def bulletins_table(schema: MetaData) -> Table:
    """News of fixes for the agents of some tiers, who say that they have read them."""
    table = Table(
        "bulletins",
        schema,
        Column("id", Uuid, primary_key=True),
        Column("problem_id", Uuid, nullable=False),
        Column("release_id", Uuid, nullable=False),
        Column("release", Text, nullable=False),
        Column("product", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("tiers", ARRAY(SmallInteger), nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
    Index("bulletins_newest", table.c.at, table.c.id)
    return table


def acknowledgements_table(schema: MetaData) -> Table:
    """Who has read which bulletin."""
    return Table(
        "bulletin_acknowledgements",
        schema,
        Column("bulletin_id", Uuid, primary_key=True),
        Column("agent", Text, primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
    )
