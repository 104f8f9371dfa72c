"""PostgreSQL and Kafka as `./tierdesk up` runs them, in a folder that is deleted afterwards."""

import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from onebox.places import places
from onebox.ports import Ports
from onebox.servers import servers
from support.servers import Servers


async def embedded_servers(stack: AsyncExitStack) -> Servers:
    """Start both; the stack stops them and deletes their data."""
    home = Path(tempfile.mkdtemp(prefix="tierdesk-test-"))
    where = places({**os.environ, "TIERDESK_HOME": str(home)})
    for folder in (home, where.postgres):  # the second may lie elsewhere
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
    where.make()
    found = servers(where, Ports(home / "ports.json"), say=print, environment={})
    stack.push_async_callback(found.stop)
    await found.start()
    database, broker = found.own
    return Servers(found.database_url, found.kafka_bootstrap, database, broker)
