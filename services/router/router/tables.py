"""What the router remembers: every decision, and what it was made from."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import metadata
from shared.migrate import with_shared_tables

SCHEMA: Final = with_shared_tables(metadata())

DECISION: Final = Table(
    "decision",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("decision", Uuid, nullable=False),
    Column("submission_event", Uuid, nullable=False),
    Column("submission", JSONB),
    Column("routing", JSONB, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("rule", Text),
)
"""Never changed once written. submission: with revision 0 only; later revisions are decided from it. rule: of
automation, that chose the category of this revision."""

EARLY_CORRECTION: Final = Table(
    "early_correction",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("category", Text, nullable=False),
    Column("rule", Text),
)
"""Categories that a person or a rule of automation chose for issues whose submission has not come yet; gone once it is
decided."""

MODEL: Final = Table(
    "model",
    SCHEMA,
    Column("number", Integer, Identity(always=True), primary_key=True),
    Column("version", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("metrics", JSONB, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("arrays", LargeBinary, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("added_by", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("compared", BigInteger, server_default="0", nullable=False),
    Column("same_category", BigInteger, server_default="0", nullable=False),
    Column("same_tier", BigInteger, server_default="0", nullable=False),
    Column("abstained", BigInteger, server_default="0", nullable=False),
    Column("followed_at", DateTime(timezone=True)),
)
"""Trained models, whole: every process decides by the same bytes, and a backup holds them. followed_at: when it was
last made active; null when it never was, or was taken back since."""

Index("model_version", MODEL.c.version, unique=True)
Index("model_standing", MODEL.c.state, unique=True, postgresql_where=text("state IN ('active', 'shadow')"))

POLICY: Final = Table(
    "policy",
    SCHEMA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)
"""Every policy that was ever accepted, as it was written; the content of a version never changes."""

Index("policy_active", POLICY.c.state, unique=True, postgresql_where=text("state = 'active'"))

CONFIRMED_LABEL: Final = Table(
    "confirmed_label",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("category", Text, nullable=False),
    Column("confirmed_by", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("confirmed_at", DateTime(timezone=True), nullable=False),
)
"""The category of an issue as an agent chose it where the router could not tell, as agents left it at its resolution,
or as the audit found it. how: triage, resolution, audit."""

AUDIT: Final = Table(
    "audit",
    SCHEMA,
    Column("issue_id", Uuid, primary_key=True),
    Column("category", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("confirmed_category", Text),
    Column("confirmed_by", Text),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("agrees", Boolean),
)
"""Automatic decisions that somebody judges without seeing them. category, destination: as the router decided; a tier's
number, or redirect. agrees: whether what was confirmed goes to the same destination."""

Index("audit_waiting", AUDIT.c.issue_id, postgresql_where=text("confirmed_at IS NULL"))
Index("audit_answered", AUDIT.c.confirmed_at, postgresql_where=text("confirmed_at IS NOT NULL"))

COVERAGE: Final = Table(
    "coverage",
    SCHEMA,
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("decided", BigInteger, nullable=False),
    Column("automatic", BigInteger, nullable=False),
)
"""Per hour, issues whose category was looked for in the text, and how many of them no person had to place."""

FORM_ANSWERS: Final = Table(
    "form_answers",
    SCHEMA,
    Column("event", Uuid, primary_key=True),
    Column("issue_id", Uuid, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""What customers answered to forms after their issue was submitted; no decision uses it. event: that brought it."""

Index("form_answers_of_issue", FORM_ANSWERS.c.issue_id, FORM_ANSWERS.c.at)
