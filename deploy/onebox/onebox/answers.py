"""The smallest HTTP client: does a process of this machine say that it is ready?"""

import asyncio
from datetime import timedelta

from onebox.ports import LOOPBACK

ANSWER_WITHIN = timedelta(seconds=2)


async def status_of(port: int, path: str) -> int | None:
    """The status of a GET, or None when nothing answers in time. Costs no import of an HTTP library."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            return await _get(port, path)
    except (OSError, EOFError, ValueError):
        return None


async def _get(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        status_line = await reader.readuntil(b"\r\n")
        return int(status_line.split()[1])
    finally:
        writer.close()
