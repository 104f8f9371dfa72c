"""The migrations of tier-queues make the schema that its code means."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.migrate import migrate
from support.infrastructure import Infrastructure
from support.queue_service import own_namespace, queue_settings
from tier_queues.tables import ISSUES


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), ISSUES.metadata))


async def test_the_newest_migration_makes_what_the_tables_say(infrastructure: Infrastructure) -> None:
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await migrate(settings)
        await migrate(settings)
        engine = create_async_engine(settings.database_url)
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
        await engine.dispose()
