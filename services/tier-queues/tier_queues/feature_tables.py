"""The table of feature requests whose numbers have changed."""

from sqlalchemy import Column, MetaData, Table, Uuid


def uncounted_table(schema: MetaData) -> Table:
    """Problems with issues that were linked or unlinked since they were counted last."""
    return Table("problems_uncounted", schema, Column("problem_id", Uuid, primary_key=True))
