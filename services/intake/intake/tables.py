"""What intake remembers. Another application's rows are never read: every query names the application."""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from intake import announcement_tables
from intake.schema import SCHEMA

OTHERS: Final = (announcement_tables,)
"""Where all other tables are; with them, SCHEMA is whole."""

ISSUE_NUMBER: Final = Sequence("issue_number", start=1001, metadata=SCHEMA)
"""Numbers that people say on the phone; a number may be skipped, none is given twice."""

CLIENT_APPLICATION: Final = Table(
    "client_application",
    SCHEMA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key_id", Text, nullable=False, unique=True),
    Column("key_hash", LargeBinary, nullable=False),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("vouches", Boolean, nullable=False, server_default=text("false")),
    Column("version", BigInteger, nullable=False),
)
"""vouches: what it says of a customer's identity, account and plan is believed."""

CUSTOMER: Final = Table(
    "customer",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("application", Text, nullable=False, server_default=""),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("account_manager", Text),
    Column("products", JSONB, nullable=False, server_default=text("'[]'")),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
)
"""application: whose customer it is; '' is the organisation's own, known to every application.

products: what they have, by name; only of the organisation's own.
"""
Index("customer_place", CUSTOMER.c.email, CUSTOMER.c.application, unique=True)

ISSUE: Final = Table(
    "issue",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("application", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("reference", Text),
    Column("title", Text, nullable=False),
    Column("submission", JSON, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("state_version", BigInteger, nullable=False, server_default=text("0")),
    Column("unanswered", Boolean, nullable=False, server_default=text("true")),
    Column("next_update_by", DateTime(timezone=True)),
    postgresql_with={"fillfactor": "90"},
)
"""submission: as it was published. state: as the customer may see it; state_version: that of the newest fact of
tier-queues, 0 before the first.

unanswered: no fact of tier-queues was seen yet; a column of its own, so that the index below changes once per issue.
next_update_by: until when support has promised to write; null without a promise, and once it has written.
"""
Index("issue_state", ISSUE.c.application, ISSUE.c.state, ISSUE.c.id)
Index(
    "issue_reference",
    ISSUE.c.application,
    ISSUE.c.reference,
    ISSUE.c.id,
    postgresql_where=ISSUE.c.reference.is_not(None),
)
Index("issue_unanswered", ISSUE.c.accepted_at, postgresql_where=ISSUE.c.unanswered)

MESSAGE: Final = Table(
    "message",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("issue_id", Uuid, ForeignKey("issue.id"), nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("attachments", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
"""What was said after the issue came in. author: customer or support."""
Index("message_of_issue", MESSAGE.c.issue_id, MESSAGE.c.at, MESSAGE.c.id)

ATTACHMENT: Final = Table(
    "attachment",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("uploader", Text, nullable=False),
    Column("application", Text),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    Column("issue_id", Uuid),
    Column("complete", Boolean, nullable=False, server_default=text("false")),
)
"""Files in the object store, under the attachment's id.

issue_id: where it is used, None until then. complete: its bytes are all there; false while it is uploaded and while
it is deleted, so that no crash leaves bytes that nobody knows of.
"""
Index("attachment_unused", ATTACHMENT.c.uploaded_at, postgresql_where=ATTACHMENT.c.issue_id.is_(None))

RATING: Final = Table(
    "rating",
    SCHEMA,
    Column("issue_id", Uuid, ForeignKey("issue.id"), primary_key=True),
    Column("score", SmallInteger, nullable=False),
    Column("comment", Text),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("rated_at", DateTime(timezone=True), nullable=False),
)
"""What a customer thinks of the answer. first_at: when they said so first; rated_at: when they said this."""

FORM: Final = Table(
    "form",
    SCHEMA,
    Column("id", Uuid, primary_key=True),
    Column("issue_id", Uuid, ForeignKey("issue.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("answers", JSONB),
)
"""Forms that support asked, with their fields as they were then. answers: null until the customer gave them."""
Index("form_of_issue", FORM.c.issue_id, FORM.c.asked_at, FORM.c.id)
