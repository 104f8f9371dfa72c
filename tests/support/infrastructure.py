"""Real PostgreSQL and real Kafka for tests: those of the environment, else Docker's, else our own.

`infrastructure` is one pair of servers for the whole session, which may be shared with other sessions: everything a
session makes there carries its own namespace. Tests that stop or kill a server take a pair of their own:
`async with own_infrastructure() as servers: await servers.broker.kill()`.
"""

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from onebox.keys import root_secret
from support.docker_servers import docker_servers
from support.embedded_servers import embedded_servers
from support.servers import Server


@dataclass(frozen=True)
class Infrastructure:
    """Where the servers are. database and broker are None where they belong to somebody else."""

    database_url: str
    kafka_bootstrap: str
    namespace: str
    secret: str = field(default_factory=root_secret, repr=False)
    database: Server | None = None
    broker: Server | None = None

    def environment(self) -> dict[str, str]:
        """The settings that every service reads, for a `Settings` or for a process."""
        return {
            "DATABASE_URL": self.database_url,
            "KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "TIERDESK_NAMESPACE": self.namespace,
            "TIERDESK_SECRET": self.secret,
        }

    async def drop_namespace(self) -> None:
        """Delete this namespace's databases, roles and topics."""
        await _drop_databases(self.database_url, prefix=self.namespace.replace(".", "_"))
        await _delete_topics(self.kafka_bootstrap, prefix=self.namespace)


def new_namespace() -> str:
    """A prefix that no other session has."""
    return f"t{secrets.token_hex(4)}."


@asynccontextmanager
async def own_infrastructure() -> AsyncIterator[Infrastructure]:
    """Two fresh servers with handles to restart, kill and pause them; gone at the end with all they held."""
    async with AsyncExitStack() as stack:
        found = await docker_servers(stack) or await embedded_servers(stack)
        yield Infrastructure(
            database_url=found.database_url,
            kafka_bootstrap=found.kafka_bootstrap,
            namespace=new_namespace(),
            database=found.database,
            broker=found.broker,
        )


def given_infrastructure(environment: Mapping[str, str] = os.environ) -> Infrastructure | None:
    """The servers that DATABASE_URL and KAFKA_BOOTSTRAP name; both or none."""
    database_url, bootstrap = environment.get("DATABASE_URL"), environment.get("KAFKA_BOOTSTRAP")
    if not database_url or not bootstrap:
        return None
    return Infrastructure(database_url=database_url, kafka_bootstrap=bootstrap, namespace=new_namespace())


@pytest.fixture(scope="session")
async def infrastructure() -> AsyncIterator[Infrastructure]:
    """The session's servers. Others may use them too: look only at what carries the namespace, and stop nothing."""
    given = given_infrastructure()
    if given is not None:
        yield given
        await given.drop_namespace()
        return
    async with own_infrastructure() as own:
        yield replace(own, database=None, broker=None)


async def _drop_databases(url: str, *, prefix: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for (name,) in await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix):
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        for (name,) in await connection.fetch("SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)", prefix):
            await connection.execute(f'DROP ROLE "{name}"')
    finally:
        await connection.close()


async def _delete_topics(bootstrap: str, *, prefix: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [topic for topic in await admin.list_topics() if topic.startswith(prefix)]
        if topics:
            await admin.delete_topics(topics)
    finally:
        await admin.close()
