"""One of our processes: some services, each in some roles, behind one port.

`python -m onebox.process intake=web,worker router=web --port 8000`
"""

import argparse
import asyncio
import importlib
import os
from datetime import timedelta
from urllib.parse import urlsplit

from onebox.routes import SERVICES

SERVERS_WITHIN = timedelta(seconds=60)
POLL = timedelta(milliseconds=25)


class ServersAway(Exception):
    """PostgreSQL or Kafka could not be reached."""


def main() -> None:
    """Build each service from the environment and run them until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("services", nargs="+", type=_part, metavar="SERVICE=ROLES")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    # Imports take longest, so they overlap with the start of the servers that are awaited afterwards.
    packages = [service.replace("-", "_") for service, _ in options.services]
    builds = [importlib.import_module(f"{package}.app").build for package in packages]
    settings = [importlib.import_module(f"{package}.settings").Settings for package in packages]
    from shared.service import run

    asyncio.run(until_servers_listen())
    services = [build(read()) for build, read in zip(builds, settings, strict=True)]
    for service, (_, roles) in zip(services, options.services, strict=True):
        service.roles = roles
    run(*services, host=options.host, port=options.port)


def _part(text: str) -> tuple[str, frozenset[str]]:
    service, _, roles = text.partition("=")
    if service not in SERVICES:
        raise argparse.ArgumentTypeError(f"no such service: {service}")
    return service, frozenset(roles.split(","))


async def until_servers_listen() -> None:
    """Wait for the two servers' ports. Raises ServersAway. What they lack besides, the services cope with."""
    database = urlsplit(os.environ["DATABASE_URL"])
    brokers = os.environ["KAFKA_BOOTSTRAP"].split(",")[0].rpartition(":")
    try:
        async with asyncio.timeout(SERVERS_WITHIN.total_seconds()):
            await _until_listening(database.hostname or "localhost", database.port or 5432)
            await _until_listening(brokers[0], int(brokers[2]))
    except TimeoutError:
        raise ServersAway(f"PostgreSQL or Kafka did not listen within {SERVERS_WITHIN}.") from None


async def _until_listening(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(POLL.total_seconds())
        else:
            writer.close()
            return


if __name__ == "__main__":
    main()
