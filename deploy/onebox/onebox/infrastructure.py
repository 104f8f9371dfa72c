"""PostgreSQL and Kafka alone, in the foreground: for developers who run services or tests beside them."""

import asyncio
import shlex
import signal

from onebox.locks import try_exclusive
from onebox.places import places
from onebox.ports import Ports
from onebox.servers import servers


class AlreadyRunning(Exception):
    """Another process works on this TIERDESK_HOME."""


async def run() -> None:
    """Start both, print where they are as shell exports, and keep them until SIGINT or SIGTERM."""
    where = places()
    where.make()
    if try_exclusive(where.home / "lock") is None:
        raise AlreadyRunning(f"Something runs in {where.home} already.")
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    found = servers(where, Ports(where.home / "ports.json"), say=print)
    await found.start()
    try:
        print(f"export DATABASE_URL={shlex.quote(found.database_url)}")
        print(f"export KAFKA_BOOTSTRAP={shlex.quote(found.kafka_bootstrap)}", flush=True)
        await asked_to_stop.wait()
    finally:
        await found.stop()
