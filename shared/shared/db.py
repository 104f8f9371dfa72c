"""One database per service: short transactions on a small pool, bulk writes by `unnest`, and the service's clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, cast

import asyncpg
from sqlalchemy import Column, Interval, MetaData, SmallInteger, Table
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.settings import ServiceSettings
from shared.statements import carrying, inserting, updating

NAMING: Final = {
    "ix": "%(table_name)s_%(column_0_N_name)s",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}

NOW: Final = "(clock_timestamp() + (SELECT ahead FROM clock))"
"""SQL for the present; evaluated after the row locks of its statement's CTEs, never in the past of a locked row."""

CONNECT_WITHIN_SECONDS: Final = 5

DRIVER_FAULTS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a connection can raise; `is_passing` says which of it passes."""


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


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row of a result: its columns by place, by name and as attributes."""

    def __getattr__(self, column: str) -> Any:
        try:
            return self[column]
        except KeyError:
            raise AttributeError(column) from None


@dataclass(eq=False, slots=True)
class Transaction:
    """One transaction. Committed by `Database.transaction` when its block ends well, rolled back otherwise.

    What it writes without asking for an answer travels together: with the next `carry`, before the next `fetch`, or
    before the commit. A round trip costs both sides more than most statements do.
    """

    connection: "asyncpg.pool.PoolConnectionProxy[Row]"
    published: bool = False
    """Set by `outbox.publish`, so that the relay is woken after the commit."""
    _writes: dict[str, tuple[str, tuple[Any, ...]]] = field(default_factory=dict)

    async def fetch(self, sql: str, *parameters: Any) -> Sequence[Any]:
        """Rows of a statement in the driver's own words (`$1`). JSON goes in as text and comes out as values."""
        if self._writes:
            await self.flush()
        rows: Sequence[Any] = await self.connection.fetch(sql, *parameters)
        return rows

    async def carry(self, sql: str, *parameters: Any) -> Sequence[Any]:
        """As `fetch`, with everything written so far in the same statement, which must not depend on it."""
        writes, self._writes = self._writes, {}
        for _, given in writes.values():
            parameters += given
        texts = tuple((text, len(given)) for text, given in writes.values())
        rows: Sequence[Any] = await self.connection.fetch(carrying(sql, len(parameters), texts), *parameters)
        return rows

    async def flush(self) -> None:
        """Send what was written so far."""
        if self._writes:
            await self.carry("SELECT 1")

    async def write(self, table: str, steps: str, *parameters: Any) -> None:
        """Write to a table, soon. steps: common table expressions, `name AS (INSERT …)`, named after the table.

        In one statement no part sees what another does, so that a second write to a table goes into the next one.
        """
        if table in self._writes:
            await self.flush()
        self._writes[table] = (steps, parameters)

    async def insert(self, table: Table, rows: Sequence[Mapping[str, Any]], *, tail: str = "") -> None:
        """Insert rows of one shape, soon. tail: an ON CONFLICT clause."""
        if rows:
            sql, values = inserting(table, rows, tail)
            await self.write(table.name, f"{table.name}_rows AS ({sql})", *values)

    async def insert_returning(self, table: Table, rows: Sequence[Mapping[str, Any]], *, tail: str) -> Sequence[Any]:
        """Insert rows of one shape at once. tail: an ON CONFLICT clause, if any, and RETURNING."""
        if not rows:
            return ()
        sql, values = inserting(table, rows, tail)
        return await self.fetch(sql, *values)

    async def update(self, table: Table, rows: Sequence[Mapping[str, Any]], *, key: str = "id") -> None:
        """Write rows of one shape over those with the same key, soon."""
        if not rows:
            return
        columns = tuple(rows[0])
        sql = updating(table, columns, key)
        await self.write(table.name, sql, *([row[column] for row in rows] for column in columns))

    async def now(self) -> datetime:
        """The service's present, aware UTC. Read it after the row locks whose history must not be ahead of it."""
        rows = await self.fetch(f"SELECT {NOW}")
        return cast("datetime", rows[0][0])


class Aborted(RuntimeError):
    """The block went on after a statement of it had failed; the server has undone everything."""


@dataclass(eq=False)
class Database:
    """The pool of one service in one process. `published` is set after each commit that wrote to the outbox.

    The pool and every transaction are the driver's: SQLAlchemy's on top of it cost more than all statements of a
    batch. SQLAlchemy describes the schema and migrates it.
    """

    settings: ServiceSettings
    published: asyncio.Event = field(default_factory=asyncio.Event)
    _pool: "asyncpg.Pool[Row] | None" = field(init=False, default=None)
    _opening: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    async def _opened(self) -> "asyncpg.Pool[Row]":
        """The pool, made at first use; it connects when somebody needs a connection."""
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self.driver_url,
                    min_size=0,
                    max_size=self.settings.pool_size,
                    max_inactive_connection_lifetime=0,
                    record_class=Row,
                    init=_speak_json,
                    reset=_leave_as_it_is,
                    server_settings=self.server_settings(),
                    timeout=CONNECT_WITHIN_SECONDS,
                )
            return self._pool

    @property
    def driver_url(self) -> str:
        """The service's database as the driver wants it."""
        return make_url(self.settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)

    @cached_property
    def engine(self) -> AsyncEngine:
        """The same database for tools that speak SQLAlchemy, e.g. to compare schemas; made at first use."""
        return create_async_engine(self.settings.database_url)

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
            pool = self._pool or await self._opened()
            connection = await pool.acquire(timeout=self.settings.lock_timeout.total_seconds())
            try:
                await connection.execute("BEGIN")
                transaction = Transaction(connection)
                yield transaction
                await transaction.flush()
                await self._commit(transaction)
            except (asyncio.CancelledError, GeneratorExit):
                # A statement may still be at work: never hand this connection back to the pool.
                connection.terminate()
                raise
            except BaseException:
                await _roll_back(connection)
                raise
            finally:
                await pool.release(connection)

    async def _commit(self, transaction: Transaction) -> None:
        """Commit to the end even when cancelled meanwhile: a half-known outcome helps nobody."""
        committing = asyncio.ensure_future(transaction.connection.execute("COMMIT"))
        try:
            await asyncio.shield(committing)
        finally:
            outcome = await committing
            if transaction.published:
                self.published.set()
        if outcome != "COMMIT":
            raise Aborted("the transaction was rolled back instead of committed")

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool, that waits for locks without limit. Raises Unavailable."""
        settings = self.server_settings() | {"lock_timeout": "0"}
        try:
            return await asyncpg.connect(self.driver_url, server_settings=settings, timeout=CONNECT_WITHIN_SECONDS)
        except (*DRIVER_FAULTS, TimeoutError) as error:
            raise Unavailable(str(error)) from error

    async def close(self) -> None:
        """End all connections of the pool."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None
        if "engine" in self.__dict__:
            await self.engine.dispose()


async def _speak_json(connection: "asyncpg.Connection[Row]") -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=json.loads)


async def _leave_as_it_is(_connection: "asyncpg.Connection[Row]") -> None:
    """Nothing here outlives a transaction, so that the driver's statement to reset a connection is not needed."""


async def _roll_back(connection: "asyncpg.pool.PoolConnectionProxy[Row]") -> None:
    try:
        await connection.execute("ROLLBACK")
    except DRIVER_FAULTS:
        connection.terminate()


@contextmanager
def translated() -> Iterator[None]:
    """Turns the many ways in which a database can be away into `Unavailable`."""
    try:
        yield
    except Exception as error:
        if is_passing(error):
            contended = str(getattr(error, "sqlstate", "")).startswith(CONTENTION_STATES)
            raise (Contended if contended else Unavailable)(str(error)) from error
        raise


PASSING_STATES: Final = ("08", "40", "53", "55", "57", "25P0")
"""SQLSTATE classes that pass by themselves: connection, rollback, resources, locks, intervention, idle timeout."""
CONTENTION_STATES: Final = ("40", "55")
"""Those of them that another transaction caused."""


def is_passing(error: Exception) -> bool:
    """Whether trying again later may help: the fault is the database's and not the statement's."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return True  # A migration changed what the statement gives; the driver has forgotten it now.
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(PASSING_STATES)
    # The driver's InterfaceErrors are about connections, but for those that refuse a value. An InternalClientError is
    # what a connection gives whose server said goodbye while nobody asked it anything.
    return isinstance(error, (OSError, asyncpg.InternalClientError)) or (
        isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)
    )
