"""Brings a service's database to its newest schema: role, database, then Alembic, one migrator at a time."""

from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import clock_table
from shared.dead_letters import dead_letter_table
from shared.directories import directory_table
from shared.idempotency import idempotency_table
from shared.inbox import inbox_table
from shared.members import member_table
from shared.outbox import outbox_tables
from shared.settings import ServiceSettings

MIGRATION_LOCK: Final = 7_410_002
FIRST_TABLES: Final = Path(__file__).with_name("first_tables.sql")


def with_shared_tables(schema: MetaData) -> MetaData:
    """Add the tables that every service has: clock, outbox, inbox, dead letters, idempotency keys, directory,
    members."""
    clock_table(schema)
    outbox_tables(schema)
    inbox_table(schema)
    dead_letter_table(schema)
    idempotency_table(schema)
    directory_table(schema)
    member_table(schema)
    return schema


def create_shared_tables(connection: Connection) -> None:
    """For a service's first migration: the shared tables as they were when it was written, whatever they are now."""
    for statement in FIRST_TABLES.read_text().rstrip().removesuffix(";").split(";\n"):
        connection.exec_driver_sql(statement)


async def migrate(settings: ServiceSettings) -> None:
    """Create role and database if missing, then run the migrations of the service's package to head.

    Safe to run again and from several processes. Raises when the server refuses.
    """
    await create_database(settings)
    engine = create_async_engine(settings.database_url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            await connection.run_sync(_upgrade, settings.SERVICE)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    package = import_module(service.replace("-", "_"))
    config = Config()
    config.set_main_option("script_location", str(Path(str(package.__file__)).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, scripts, fn=lambda rev, _: scripts._upgrade_revs("head", rev)) as environment:
        environment.configure(connection=connection, target_metadata=None, transaction_per_migration=False)
        with environment.begin_transaction():
            environment.run_migrations()


async def create_database(settings: ServiceSettings) -> None:
    """Make the service's role and database, or renew the role's password."""
    server = urlsplit(settings.server_url.get_secret_value())
    connection = await asyncpg.connect(server.geturl(), timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        name, password = settings.database_name, settings.derived_key("database").hex()
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f"CREATE ROLE {name} LOGIN")
        await connection.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {name} OWNER {name}")
    finally:
        await connection.close()
