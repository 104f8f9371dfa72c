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
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from tier_queues.schema import SCHEMA

SEARCH: Final = "simple"
"""The text search configuration: no language is known of what people write, so that no word is left out or cut."""


PROBLEMS: Final = Table(
    "problems",
    SCHEMA,
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
"""Problems and feature requests; all of one is in `body`. words: of title and description."""
Index("problems_by_kind", PROBLEMS.c.kind, PROBLEMS.c.number)
Index("problems_by_state", PROBLEMS.c.state, PROBLEMS.c.number)
Index("problems_by_product", PROBLEMS.c.product, PROBLEMS.c.number)
Index("problems_of_release", PROBLEMS.c.release_id, PROBLEMS.c.number)
Index("problems_words", PROBLEMS.c.words, postgresql_using="gin")

PROBLEM_HISTORY: Final = Table(
    "problem_history",
    SCHEMA,
    Column("problem_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("content", JSONB, nullable=False),
)
"""Every change of every problem: what, by whom, when, and its content."""

PROBLEM_LINKS: Final = Table(
    "problem_links",
    SCHEMA,
    Column("problem_id", Uuid, primary_key=True),
    Column("issue_id", Uuid, primary_key=True),
    Column("account", Text, nullable=False),
    Column("customer", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Which issues belong to which problem, and whose they are."""
Index("problem_links_of_account", PROBLEM_LINKS.c.problem_id, PROBLEM_LINKS.c.account, PROBLEM_LINKS.c.customer)

PROBLEM_NEWS: Final = Table(
    "problem_news",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("problem_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("resolve", Boolean, nullable=False),
    Column("release", Text),
    Column("target_id", Uuid),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""What linked issues are to hear. release: a name; target: what stands for a merged problem."""

UNTOLD: Final = Table(
    "problem_news_untold",
    SCHEMA,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("news_id", Uuid, nullable=False),
    Column("issue_id", Uuid, nullable=False),
)
"""Issues that have not heard of news yet, in the order in which they will."""

RELEASES: Final = Table(
    "releases",
    SCHEMA,
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
"""Releases of products; their fixes are the problems that name them."""
Index("releases_of_product", RELEASES.c.product, RELEASES.c.name, unique=True)
Index("releases_newest", RELEASES.c.released_at, RELEASES.c.id)
Index("releases_newest_of_product", RELEASES.c.product, RELEASES.c.released_at, RELEASES.c.id)

BULLETINS: Final = Table(
    "bulletins",
    SCHEMA,
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
"""News of fixes for the agents of some tiers, who say that they have read them."""
Index("bulletins_newest", BULLETINS.c.at, BULLETINS.c.id)

ACKNOWLEDGEMENTS: Final = Table(
    "bulletin_acknowledgements",
    SCHEMA,
    Column("bulletin_id", Uuid, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""Who has read which bulletin."""
