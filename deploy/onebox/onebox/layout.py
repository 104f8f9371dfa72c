"""Which Python processes an instance consists of, by default and split, and what each is told."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from onebox.answers import status_of
from onebox.keys import Secrets, root_secret, staff_public_keys, staff_signing_key
from onebox.places import Places
from onebox.ports import LOOPBACK, Ports
from onebox.processes import Command, Running
from onebox.routes import SERVICES, TIER_GROUPS, tier_process

READY_WITHIN = timedelta(seconds=90)
STOP_WITHIN = timedelta(seconds=30)
PRIVATE_TARGETS = "TIERDESK_VENDOR_BRIDGE_ALLOWED_PRIVATE_TARGETS"
SIGNING_KEY = "TIERDESK_TIER_QUEUES_SIGNING_KEY"
URGENT = ("router", "tier-queues")
"""What lies between a customer's issue and the agent who can claim it; the other consumers give way to it."""
PATIENT = tuple(service for service in SERVICES if service not in URGENT)
ALL_ROLES = "web,worker,background"
PARTITIONS = 4
"""Of topics on this machine, where each service has three processes at most; each partition costs every fetch."""
GIVING_WAY = 10
"""Niceness of what may lag behind while the machine is busy."""


@dataclass(frozen=True)
class PythonProcess:
    """One of our own processes; `/readyz` on its port says when it serves."""

    name: str
    port: int
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    logs: Path
    ready_within: timedelta = READY_WITHIN
    niceness: int = 0

    async def prepare(self) -> None:
        """Nothing is left by a crash that these processes would trip over."""

    def command(self) -> Command:
        return Command(
            arguments=(sys.executable, "-m", *self.arguments, "--port", str(self.port)),
            log=self.logs / f"{self.name}.log",
            environment=self.environment,
            niceness=self.niceness,
            stop_within=STOP_WITHIN,
        )

    async def is_ready(self) -> bool:
        return await status_of(self.port, "/readyz") == 200


@dataclass(frozen=True)
class Layout:
    """All our own processes: those that serve, and the mail sink that outlives them. public: the one port."""

    public: PythonProcess
    services: tuple[PythonProcess, ...]
    mail: PythonProcess
    vendor_port: int
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.public.port}"

    @property
    def mail_url(self) -> str:
        return f"http://localhost:{self.mail.port}/mail/"

    def running(self) -> dict[str, Running]:
        """A handle for each process, the public one last."""
        return {part.name: Running(part) for part in (self.mail, *self.services, self.public)}


class Planner:
    """Works out the layout of one instance from its places, ports and secrets."""

    def __init__(self, places: Places, ports: Ports, secrets: Secrets, *, public_port: int) -> None:
        self._places = places
        self._ports = ports
        self._public_port = public_port
        self._smtp_port = ports.take("smtp")
        self._mail_port = ports.take("mail")
        self._vendor_port = ports.take("vendor")
        self._signing_key = secrets.get("staff_signing_key", staff_signing_key)
        self._secret = secrets.get("root", root_secret)

    def plan(self, *, split: bool, database_url: str, kafka_bootstrap: str) -> Layout:
        """By default one process for all APIs and two for all consumers and timers; split, one per service and tier."""
        shared = self._environment(database_url, kafka_bootstrap)
        services = self._split(shared) if split else self._workers(shared)
        public = self._proxy(shared, services) if split else self._web(shared)
        return Layout(
            public=public,
            services=services,
            mail=self._mail(),
            vendor_port=self._vendor_port,
            environment=shared | {SIGNING_KEY: self._signing_key},
        )

    def _environment(self, database_url: str, kafka_bootstrap: str) -> dict[str, str]:
        """What every process is told. The user's own TIERDESK_ settings come through, and win where they may."""
        told = {
            "TIERDESK_PARTITIONS": str(PARTITIONS),
            "TIERDESK_PUBLIC_URL": f"http://localhost:{self._public_port}",
            "TIERDESK_OBJECT_STORE": self._places.objects.as_uri(),
            "TIERDESK_ROUTER_MODELS_FOLDER": str(self._places.models),
            "TIERDESK_NOTIFICATIONS_SMTP_URL": f"smtp://{LOOPBACK}:{self._smtp_port}",
            "TIERDESK_INTAKE_SMTP_URL": f"smtp://{LOOPBACK}:{self._smtp_port}",
        }
        given = {
            name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", SIGNING_KEY)
        }
        return {
            **told,
            **given,
            PRIVATE_TARGETS: ",".join(filter(None, (given.get(PRIVATE_TARGETS), self._demonstration_vendor()))),
            "DATABASE_URL": database_url,
            "KAFKA_BOOTSTRAP": kafka_bootstrap,
            "TIERDESK_SECRET": self._secret,
            "TIERDESK_STAFF_PUBLIC_KEYS": staff_public_keys(self._signing_key),
        }

    def _demonstration_vendor(self) -> str:
        """The one address of this machine that vendor-bridge may reach: `demo` runs its vendor there."""
        return f"http://{LOOPBACK}:{self._vendor_port}"

    def _web(self, shared: Mapping[str, str]) -> PythonProcess:
        return self._process("web", dict.fromkeys(SERVICES, "web"), self._public_port, shared)

    def _workers(self, shared: Mapping[str, str]) -> tuple[PythonProcess, ...]:
        lagging = dict.fromkeys(PATIENT, "worker,background") | dict.fromkeys(URGENT, "background")
        urgent = self._process("worker", dict.fromkeys(URGENT, "worker"), self._ports.take("worker"), shared)
        patient = self._process("background", lagging, self._ports.take("background"), shared)
        return urgent, replace(patient, niceness=GIVING_WAY)

    def _split(self, shared: Mapping[str, str]) -> tuple[PythonProcess, ...]:
        shared = {**shared, "TIERDESK_TRUSTED_PROXIES": "127.0.0.1"}
        singles = tuple(
            self._process(service, {service: ALL_ROLES}, self._ports.take(service), shared)
            for service in SERVICES
            if service != "tier-queues"
        )
        by_tier = tuple(
            self._process(
                tier_process(tiers),
                {"tier-queues": ALL_ROLES},
                self._ports.take(tier_process(tiers)),
                {**shared, "TIERDESK_TIER_QUEUES_TIERS": tiers},
            )
            for tiers in TIER_GROUPS
        )
        return (*singles, *by_tier)

    def _process(self, name: str, services: Mapping[str, str], port: int, shared: Mapping[str, str]) -> PythonProcess:
        """services: each with its roles here."""
        environment = {**shared, "TIERDESK_INSTANCE": name}
        if "tier-queues" in services:
            environment[SIGNING_KEY] = self._signing_key
        arguments = ("onebox.process", *(f"{service}={roles}" for service, roles in services.items()))
        return PythonProcess(name, port, arguments, environment, self._places.logs)

    def _proxy(self, shared: Mapping[str, str], services: tuple[PythonProcess, ...]) -> PythonProcess:
        upstreams = json.dumps({service.name: service.port for service in services})
        environment = {"PATH": shared.get("PATH", os.defpath), "TIERDESK_UPSTREAMS": upstreams}
        return PythonProcess("proxy", self._public_port, ("onebox.proxy",), environment, self._places.logs)

    def _mail(self) -> PythonProcess:
        arguments = (
            "onebox.mailsink",
            "--folder",
            str(self._places.home / "mail"),
            "--smtp-port",
            str(self._smtp_port),
        )
        environment = {"PATH": os.environ.get("PATH", os.defpath)}
        return PythonProcess("mail", self._mail_port, arguments, environment, self._places.logs, niceness=GIVING_WAY)
