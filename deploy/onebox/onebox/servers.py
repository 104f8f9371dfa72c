"""PostgreSQL and Kafka for one instance: those that the environment names, else our own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from onebox import kafka, postgres
from onebox.artifacts import Say
from onebox.keys import Secrets
from onebox.places import Places
from onebox.ports import Ports
from onebox.processes import Running, start_all


@dataclass(frozen=True)
class Servers:
    """Where the two servers are, and those of them that we run ourselves."""

    database_url: str
    kafka_bootstrap: str
    own: tuple[Running, ...]

    async def start(self) -> None:
        """Start our own, at the same time. Raises NotReady; then none is left running."""
        try:
            await start_all(self.own)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop our own, Kafka before PostgreSQL."""
        for running in reversed(self.own):
            await running.stop()


def servers(places: Places, ports: Ports, *, say: Say, environment: Mapping[str, str] = os.environ) -> Servers:
    """Find or make both servers, not started yet; downloads what is missing. Raises NotDownloaded, ArtifactRefused."""
    secrets = Secrets(places.home / "secrets.json")
    repository = environment.get("TIERDESK_MAVEN_REPOSITORY")
    database_url, bootstrap = environment.get("DATABASE_URL"), environment.get("KAFKA_BOOTSTRAP")
    own: list[Running] = []
    if not database_url:
        database = postgres.embedded(
            places,
            port=ports.take("postgres"),
            password=secrets.get("postgres_password", postgres.new_password),
            repository=repository,
            say=say,
        )
        database_url = database.url
        own.append(Running(database))
    if not bootstrap:
        broker = kafka.embedded(
            places,
            port=ports.take("kafka"),
            controller_port=ports.take("kafka_controller"),
            repository=repository,
            say=say,
        )
        bootstrap = broker.bootstrap
        own.append(Running(broker))
    return Servers(database_url=database_url, kafka_bootstrap=bootstrap, own=tuple(own))
