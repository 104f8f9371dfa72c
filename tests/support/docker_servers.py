"""PostgreSQL and Kafka in containers, through testcontainers, where an engine answers and has the images."""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import asyncpg
import docker
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from onebox.kafka import SETTINGS, is_answering
from onebox.ports import any_free
from support.servers import Servers

POSTGRES_IMAGE = "postgres:18"
DEFAULT_ENGINE = "unix:///var/run/docker.sock"
KAFKA_IMAGE = "apache/kafka:4.3.1"
ENGINE_ANSWERS_WITHIN_SECONDS = 5
READY_WITHIN_SECONDS = 60
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Container:
    """A server in a container, which keeps its port and its data over restarts."""

    container: DockerContainer
    is_ready: Callable[[], Awaitable[bool]]

    async def start(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().start)
        await self.until_ready()

    async def stop(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().stop)

    async def kill(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().kill)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def pause(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().pause)

    async def resume(self) -> None:
        await asyncio.to_thread(self.container.get_wrapped_container().unpause)

    async def until_ready(self) -> None:
        """Wait until it serves. Raises TimeoutError."""
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            while not await self.is_ready():  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(POLL_SECONDS)


async def docker_servers(stack: AsyncExitStack) -> Servers | None:
    """Start both, or None without an engine that has the images; the stack removes the containers."""
    if not await asyncio.to_thread(_engine_has_images):
        return None
    database_port = any_free(set())
    broker_port = any_free({database_port})
    password = secrets.token_hex(16)
    url = f"postgresql://postgres:{password}@localhost:{database_port}/postgres"
    database = Container(_postgres(database_port, password), lambda: _accepts(url))
    broker = Container(_kafka(broker_port), lambda: is_answering(broker_port))
    for container in (database, broker):
        stack.push_async_callback(asyncio.to_thread, container.container.stop)
        await asyncio.to_thread(container.container.start)
    await asyncio.gather(database.until_ready(), broker.until_ready())
    return Servers(url, f"localhost:{broker_port}", database, broker)


def _engine_has_images() -> bool:
    if not _somebody_listens():
        return False
    try:
        client = docker.from_env(timeout=ENGINE_ANSWERS_WITHIN_SECONDS)
    except DockerException:
        return False
    try:
        for image in (POSTGRES_IMAGE, KAFKA_IMAGE):
            client.images.get(image)
    except DockerException:
        return False
    finally:
        client.close()
    return True


def _somebody_listens() -> bool:
    """Looked at first, because the client leaks its socket where nobody does, and warnings are errors."""
    scheme, _, path = os.environ.get("DOCKER_HOST", DEFAULT_ENGINE).partition("://")
    if scheme != "unix":
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def _postgres(port: int, password: str) -> DockerContainer:
    container = DockerContainer(POSTGRES_IMAGE, command="postgres -c max_connections=200")
    return container.with_bind_ports(5432, port).with_env("POSTGRES_PASSWORD", password)


def _kafka(port: int) -> DockerContainer:
    """The broker advertises the host's port, so inside it listens on that number too."""
    settings = SETTINGS | {
        "listeners": f"PLAINTEXT://:{port},CONTROLLER://:29093",
        "advertised.listeners": f"PLAINTEXT://localhost:{port}",
        "controller.quorum.voters": "1@localhost:29093",
    }
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for name, value in settings.items():
        container.with_env(f"KAFKA_{name.replace('.', '_').upper()}", value)
    return container


async def _accepts(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=1)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
