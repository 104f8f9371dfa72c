"""Tables of announcements: what is told, how far its customers are found, and who they are."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid, text


def announcement_table(schema: MetaData) -> Table:
    """What customers of a product are told before they ask. reached: the last issue that was looked at.

    addressed: customers found so far; done: every issue was looked at.
    """
    table = Table(
        "announcement",
        schema,
        Column("id", Uuid, primary_key=True),
        Column("title", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("product", Text, nullable=False),
        Column("category", Text),
        Column("account", Text),
        Column("plan", Text),
        Column("made_at", DateTime(timezone=True), nullable=False),
        Column("reached", Uuid, nullable=False),
        Column("addressed", Integer, nullable=False, server_default=text("0")),
        Column("done", Boolean, nullable=False, server_default=text("false")),
    )
    Index("announcement_undone", table.c.id, postgresql_where=text("NOT done"))
    return table


def announcement_customer_table(schema: MetaData) -> Table:
    """Whom an announcement was addressed to."""
    return Table(
        "announcement_customer",
        schema,
        Column("customer_id", Uuid, primary_key=True),
        Column("announcement_id", Uuid, primary_key=True),
    )
