"""`status`, `down` and `reset`."""

import asyncio
import contextlib
import shutil
import struct
from collections.abc import Sequence
from datetime import timedelta

import psutil

from onebox.answers import status_of
from onebox.instance import Instance, ProcessRecord
from onebox.places import places
from onebox.ports import LOOPBACK

SUPERVISOR = "supervisor"
DOWN_WITHIN = timedelta(seconds=90)
SERVER_ANSWERS_WITHIN = timedelta(seconds=2)
PROBES = {
    "kafka": struct.pack(">ihhih", 10, 18, 0, 1, -1),  # ApiVersions
    "postgres": struct.pack(">ii", 8, 80877103),  # SSLRequest, which is answered by one byte
}


def status() -> bool:
    """Print every process of the instance; whether all are ready."""
    instance = Instance(places().home)
    if instance.supervisor() is None:
        print("Not running. Start it: ./tierdesk up")
        return False
    state = instance.state()
    if state is None:
        print("Starting.")
        return False
    answers = asyncio.run(_readiness(state.processes))
    print(f"{state.url}   mail: {state.mail_url}\n")
    print(f"{'process':20} {'port':>6} {'pid':>8} {'ready':>6} {'memory':>9}")
    total_bytes = 0
    supervisor = ProcessRecord.of(SUPERVISOR, instance.supervisor() or 0, None)
    for record in (*([supervisor] if supervisor else []), *state.processes):
        ready = answers.get(record.name, True)
        used_bytes = memory_bytes(record)
        total_bytes += used_bytes
        port, word = record.port or "", "yes" if ready else "no"
        print(f"{record.name:20} {port:>6} {record.pid:>8} {word:>6} {used_bytes / 2**20:>5.0f} MiB")
    print(f"{'':20} {'':6} {'':8} {'':6} {total_bytes / 2**20:>5.0f} MiB")
    return state.ready and all(answers.values())


async def _readiness(records: Sequence[ProcessRecord]) -> dict[str, bool]:
    answers = await asyncio.gather(*map(_is_ready, records))
    return {record.name: answer for record, answer in zip(records, answers, strict=True)}


async def _is_ready(record: ProcessRecord) -> bool:
    if record.port is None or record.process() is None:
        return False
    if record.name not in PROBES:
        return await status_of(record.port, "/readyz") == 200
    try:
        async with asyncio.timeout(SERVER_ANSWERS_WITHIN.total_seconds()):
            return await _answers(record.port, PROBES[record.name])
    except (OSError, EOFError):
        return False


async def _answers(port: int, question: bytes) -> bool:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(question)
        return len(await reader.readexactly(1)) == 1
    finally:
        writer.close()


def memory_bytes(record: ProcessRecord) -> int:
    """Proportional set size of a process and its children; where the system has none, resident size."""
    process = record.process()
    if process is None:
        return 0
    children = process.children(recursive=True) if record.name != SUPERVISOR else []  # those have their own lines
    total = 0
    for each in (process, *children):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            used = each.memory_full_info()
            total += getattr(used, "pss", used.rss)
    return total


def down() -> None:
    """Stop the instance, wherever it runs, and wait until it has."""
    if Instance(places().home).stop_supervisor(within=DOWN_WITHIN):
        print("Stopped.")
    else:
        print("Not running.")


def reset() -> None:
    """Stop the instance and delete its state: databases, topics, attachments, mail, secrets and logs."""
    where = places()
    if not where.home.exists():
        print("Nothing to delete.")
        return
    instance = Instance(where.home)
    instance.stop_supervisor(within=DOWN_WITHIN)
    if instance.acquire():
        instance.end_leftovers()
        shutil.rmtree(where.postgres, ignore_errors=True)
        for name in where.contents():
            path = where.home / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something that is not ours lies there
            where.home.rmdir()
        print(f"Deleted what was in {where.home}.")
