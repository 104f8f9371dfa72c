"""The demo's vendor: registered through the API, run as a process of its own, asked at the end what it received."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx

from onebox.demo.client import Client
from onebox.demo.staff import Staff
from onebox.ports import LOOPBACK

VENDOR: Final = "acme-cloud"
"""The vendor that the router's policy names for Tier 4."""
NAME: Final = "Acme Cloud (demo)"
"""Tells the demo's own vendor from a real one of that id, which the demo leaves alone."""
FIELDS: Final = ("title", "messages", "product", "category", "priority")
SECRET: Final = "DEMO_VENDOR_SECRET"  # noqa: S105  By the environment: arguments are seen by every user of the machine.
CALLBACK_SECRET: Final = "DEMO_VENDOR_CALLBACK_SECRET"  # noqa: S105
READY_WITHIN: Final = timedelta(seconds=15)
STOP_WITHIN: Final = timedelta(seconds=5)
POLL: Final = timedelta(milliseconds=50)


class VendorTaken(Exception):
    """Somebody else registered a vendor under the id that the demo needs."""


class VendorDown(Exception):
    """The vendor's process did not come up."""


@dataclass(frozen=True)
class Vendor:
    """The vendor while it runs. log_url: where it tells what it received."""

    id: str
    log_url: str


@asynccontextmanager
async def vendor_of(client: Client, staff: Staff, *, url: str, port: int) -> AsyncIterator[Vendor]:
    """Register the vendor and run it until the block ends.

    url: where vendor-bridge reaches it, without a path; port: where it listens on this machine.
    Raises VendorTaken, VendorDown, and Refused when the instance may not send to that address.
    """
    told = await _registered(client, staff, url)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onebox.demo.vendor", "--port", str(port)),
        *("--callback", told["callback_url"]),
        env={**os.environ, SECRET: told["outgoing_secret"], CALLBACK_SECRET: told["callback_secret"]},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    try:
        log_url = f"http://{LOOPBACK}:{port}/received"
        await _until_up(process, log_url)
        yield Vendor(VENDOR, log_url)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN.total_seconds()):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _registered(client: Client, staff: Staff, url: str) -> Any:
    """The vendor with secrets that nobody else knows: new, or those of an earlier run replaced."""
    token = staff.admin.token
    contract = {"name": NAME, "url": f"{url}/cases", "products": ["Acme Cloud"], "fields": list(FIELDS)}
    known = await client.get(f"/vendor-bridge/vendors/{VENDOR}", token=token)
    if known is None:
        return await client.post("/vendor-bridge/vendors", {"id": VENDOR, **contract}, token=token)
    if known["name"] != NAME:
        raise VendorTaken(f"The vendor {VENDOR} of this instance is {known['name']}, not the demo's; it is left alone.")
    path = f"/vendor-bridge/vendors/{VENDOR}"
    answer = await client.send("PUT", path, contract, token=token, expected=known["version"])
    if answer.status != httpx.codes.OK:
        raise answer.refusal(f"PUT {path}")
    return await client.post(f"{path}/secrets", None, token=token)


async def _until_up(process: asyncio.subprocess.Process, log_url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN.total_seconds()
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < deadline and process.returncode is None:
            with suppress(httpx.TransportError):
                if (await http.get(log_url)).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(POLL.total_seconds())
    raise VendorDown("The vendor's process did not come up; is its port taken?")
