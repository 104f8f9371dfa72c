"""Tables of the reports: read models that the timeline makes, and makes again."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
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

ROWS: Final = "report_rows"


REPORT_ROWS: Final = Table(
    ROWS,
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("measure", Text, primary_key=True),
    Column("detail", Text, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("tier", SmallInteger, nullable=False),
    Column("team", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("value", Double, nullable=False),
)
"""What counts for a measure, with the day, the place and the kind of issue. channel, category: of the issue."""
Index(
    "report_rows_of_measure",
    REPORT_ROWS.c.measure,
    REPORT_ROWS.c.at,
    REPORT_ROWS.c.issue_id,
    REPORT_ROWS.c.detail,
    REPORT_ROWS.c.place,
)

REPORT_COURSES: Final = Table(
    "report_courses",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("course", JSONB, nullable=False),
)
"""How far an issue's timeline is read, and what is remembered of it. category: as its rows say."""

REPORT_TARGETS: Final = Table(
    "report_targets",
    SCHEMA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("targets", JSONB, nullable=False),
    Column("cost_per_hour", JSONB, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
"""What reports measure by, after every change. targets: by measure; cost_per_hour: by tier."""

TIMELINE_WALK: Final = Table(
    "timeline_walk",
    SCHEMA,
    Column("id", SmallInteger, primary_key=True, server_default=text("1")),
    Column("next_tx", BigInteger, nullable=False, server_default=text("0")),
    Column("walked_to", Uuid),
    Column("whole", Boolean, nullable=False, server_default=text("false")),
)
"""One row: the transactions before next_tx are read; issues after walked_to are still to be read from their
beginning, unless all that is read from the timeline is whole."""
