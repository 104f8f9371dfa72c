"""One database per service: short transactions on a small pool, bulk writes by `unnest`, and the service's clock."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

import asyncpg
from sqlalchemy import (
    Column,
    Executable,
    Interval,
    MetaData,
    SmallInteger,
    Table,
)
from sqlalchemy.dialects.postgresql import dialect as postgresql
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.settings import ServiceSettings

NAMING: Final = {
    "ix": "%(table_name)s_%(column_0_N_name)s",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

NOW: Final = "(clock_timestamp() + (SELECT ahead FROM clock))"
"""SQL for the present; evaluated after the row locks of its statement's CTEs, never in the past of a locked row."""


def metadata() -> MetaData:
    """An empty schema with the project's naming rules; shared tables are added by `with_shared_tables`."""
    return MetaData(naming_convention=NAMING)


def clock_table(schema: MetaData) -> Table:
    """One row that says how far tests and benchmarks have moved the clock ahead."""
    return Table(
        "clock",
        schema,
        Column("id", SmallInteger, primary_key=True, server_default="1"),
        Column("ahead", Interval, nullable=False, server_default="0"),
    )


class Unavailable(Exception):
    """The database cannot be reached or gave up waiting; the same call may succeed later."""


class Contended(Unavailable):
    """A lock was not got in time, or another transaction had to go first; it is not the database that is away."""


@dataclass(eq=False, slots=True)
class Transaction:
    """One transaction. Committed by `Database.transaction` when its block ends well, rolled back otherwise."""

    connection: AsyncConnection
    published: bool = False
    """Set by `outbox.publish`, so that the relay is woken after the commit."""

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run a SQLAlchemy Core statement."""
        return cast("CursorResult[Any]", await self.connection.execute(statement, parameters))

    async def fetch(self, sql: str, *parameters: Any) -> Sequence[Any]:
        """Rows of a statement in the driver's own words (`$1`); for the hot paths."""
        result = await self.connection.exec_driver_sql(sql, parameters)
        return result.all() if result.returns_rows else ()

    async def insert(self, table: Table, rows: Sequence[Mapping[str, Any]], *, tail: str = "") -> Sequence[Any]:
        """Insert rows of one shape with one statement. tail: an ON CONFLICT or RETURNING clause."""
        if not rows:
            return ()
        columns = tuple(rows[0])
        sql = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM {_unnest(table, columns)} {tail}"  # noqa: S608
        return await self.fetch(sql, *([row[column] for row in rows] for column in columns))

    async def update(self, table: Table, rows: Sequence[Mapping[str, Any]], *, key: str = "id") -> None:
        """Write rows of one shape over those with the same key, with one statement."""
        if not rows:
            return
        columns = tuple(rows[0])
        writes = ", ".join(f"{column} = new.{column}" for column in columns if column != key)
        sql = (
            f"UPDATE {table.name} SET {writes} FROM {_unnest(table, columns)} AS new ({', '.join(columns)}) "  # noqa: S608
            f"WHERE {table.name}.{key} = new.{key}"
        )
        await self.fetch(sql, *([row[column] for row in rows] for column in columns))

    async def now(self) -> datetime:
        """The service's present, aware UTC. Read it after the row locks whose history must not be ahead of it."""
        rows = await self.fetch(f"SELECT {NOW}")
        return cast("datetime", rows[0][0])


@cache
def _unnest(table: Table, columns: tuple[str, ...]) -> str:
    dialect = postgresql()  # type: ignore[no-untyped-call]
    types = (table.c[column].type.compile(dialect) for column in columns)
    return "unnest(" + ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(types, 1)) + ")"


@dataclass(eq=False)
class Database:
    """The pool of one service in one process. `published` is set after each commit that wrote to the outbox."""

    settings: ServiceSettings
    published: asyncio.Event = field(default_factory=asyncio.Event)
    engine: AsyncEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = create_async_engine(
            self.settings.database_url,
            pool_size=self.settings.pool_size,
            max_overflow=0,
            pool_timeout=self.settings.lock_timeout.total_seconds(),
            pool_recycle=1800,
            connect_args={"server_settings": self.server_settings(), "timeout": 5},
        )

    def server_settings(self) -> dict[str, str]:
        """Time limits kept by the server, so that nothing here waits with a client-side timer around the database."""
        limits = {
            "lock_timeout": self.settings.lock_timeout,
            "statement_timeout": self.settings.statement_timeout,
            "idle_in_transaction_session_timeout": self.settings.idle_in_transaction_timeout,
        }
        spans = {name: f"{int(span.total_seconds() * 1000)}ms" for name, span in limits.items()}
        return spans | {"application_name": self.settings.SERVICE, "jit": "off", "timezone": "UTC"}

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises Unavailable when the database is away, a lock is not got in time or the server ends the transaction.
        """
        with translated():
            async with self.engine.connect() as connection:
                transaction = Transaction(connection)
                try:
                    yield transaction
                except asyncio.CancelledError:
                    # A cancelled connection may hide an open transaction: never hand it back to the pool.
                    await connection.invalidate()
                    raise
                await self._commit(transaction)

    async def _commit(self, transaction: Transaction) -> None:
        """Commit to the end even when cancelled meanwhile: a half-known outcome helps nobody."""
        committing = asyncio.ensure_future(transaction.connection.commit())
        try:
            await asyncio.shield(committing)
        finally:
            await committing
            if transaction.published:
                self.published.set()

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool, that waits for locks without limit. Raises Unavailable."""
        settings = self.server_settings() | {"lock_timeout": "0"}
        url = make_url(self.settings.database_url).set(drivername="postgresql")
        try:
            return await asyncpg.connect(url.render_as_string(hide_password=False), server_settings=settings, timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise Unavailable(str(error)) from error

    async def close(self) -> None:
        """End all connections of the pool."""
        await self.engine.dispose()


@contextmanager
def translated() -> Iterator[None]:
    """Turns the many ways in which a database can be away into `Unavailable`."""
    try:
        yield
    except Exception as error:
        if is_passing(error):
            raise Unavailable(str(error)) from error
        raise


PASSING_STATES: Final = ("08", "40", "53", "55", "57", "25P0")
"""SQLSTATE classes that pass by themselves: connection, rollback, resources, locks, intervention, idle timeout."""
CONTENTION_STATES: Final = ("40", "55")
"""Those of them that another transaction caused."""


def is_passing(error: Exception) -> bool:
    """Whether trying again later may help: the fault is the database's and not the statement's."""
    state = _state(error)
    if state:
        return state.startswith(PASSING_STATES)
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    return isinstance(error, (OSError, asyncpg.InterfaceError, PoolTimeout))


def _state(error: Exception) -> str:
    """The SQLSTATE of an error, or '' when the server gave none."""
    return str(getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) or "")
