"""The migrations lead to the schema that the code speaks of."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.migrate import migrate
from support.infrastructure import Infrastructure
from vendor_bridge.settings import Settings
from vendor_bridge.tables import SCHEMA


async def test_the_newest_migration_leaves_the_schema_of_the_code(infrastructure: Infrastructure) -> None:
    settings = Settings.model_validate(infrastructure.environment())
    await migrate(settings)
    await migrate(settings)
    engine = create_async_engine(settings.database_url)
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await engine.dispose()


def _differences(connection: Connection) -> list[Any]:
    compared = compare_metadata(MigrationContext.configure(connection), SCHEMA)
    return [difference for difference in compared if difference[:2] != ("remove_table", "alembic_version")]
