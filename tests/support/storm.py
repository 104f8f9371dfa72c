"""Load and faults, then rest, then the verdict: one chaos run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from onebox.demo.client import Client, client_of
from onebox.demo.staff import Staff, sign_in, staff_of
from onebox.demo.vendors import Vendor, vendor_of
from onebox.ports import LOOPBACK
from support import journal as journals
from support.desk import Desk
from support.journal import Journal, load, signed_in
from support.quiet import until_quiet
from support.traces import read_traces
from support.verdict import Offence, offences

Faults = Callable[[Journal], Awaitable[None]]


async def storm(desk: Desk, vendor: Vendor, faults: Faults, *, issues: int) -> tuple[Journal, list[Offence]]:
    """Send at least so many issues while the faults happen; then heal, let everything come to rest, and judge."""
    await desk.ready()
    async with journals.client_of(desk) as client:
        journal = Journal(desk, client)
        await _load_through(journal, faults, issues=issues)
        await desk.ready()
        await until_quiet(desk, vendor_log=vendor.log_url)
        return journal, offences(journal, await read_traces(desk, vendor_log=vendor.log_url))


async def _load_through(journal: Journal, faults: Faults, *, issues: int) -> None:
    enough = asyncio.Event()
    token = await signed_in(journal)

    async def happen() -> None:
        try:
            await faults(journal)
        finally:
            enough.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(load(journal, token, enough, at_least=issues))
        group.create_task(happen())


@asynccontextmanager
async def vendor_beside(desk: Desk) -> AsyncIterator[Vendor]:
    """A vendor in a process of its own, registered with the desk as the one for Tier 4."""
    port = desk.layout.vendor_port
    async with client_of(desk.url) as client:
        staff = await _staff(client, desk)
        async with vendor_of(client, staff, url=f"http://{LOOPBACK}:{port}", port=port) as vendor:
            yield vendor


async def _staff(client: Client, desk: Desk) -> Staff:
    return await staff_of(client, await sign_in(client, "admin", desk.credentials.staff["admin"]))
