"""The schema that all tables of this service belong to."""

from typing import Final

from shared.db import metadata
from shared.migrate import with_shared_tables

SCHEMA: Final = with_shared_tables(metadata())
