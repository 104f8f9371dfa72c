"""The table of feature requests whose numbers have changed."""

from typing import Final

from sqlalchemy import Column, Table, Uuid

from tier_queues.schema import SCHEMA

UNCOUNTED: Final = Table("problems_uncounted", SCHEMA, Column("problem_id", Uuid, primary_key=True))
"""Problems with issues that were linked or unlinked since they were counted last."""
