"""What a benchmark runs on: its own PostgreSQL and Kafka in a temporary folder, and whichever processes it asks for."""

import json
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from pydantic import SecretStr

from onebox.bench.floor import make_database
from onebox.bench.job import Shot
from onebox.bench.measure import note
from onebox.demo.issues import Draft, drafts
from onebox.keys import Secrets
from onebox.layout import ALL_ROLES, Layout, Planner, PythonProcess
from onebox.places import Places, places
from onebox.ports import Ports
from onebox.processes import Command, Running, run_to_end, start_all
from onebox.seed import Credentials
from onebox.servers import Servers, servers

if TYPE_CHECKING:
    from tier_queues.settings import Settings

TEXTS: Final = "it_service_tickets_train.csv.gz"
"""Of a folder of real issues, the file whose texts are posted."""
CUSTOMERS: Final = 1_000
TOKEN_LIFE: Final = timedelta(hours=3)
STAFF_CAPACITY: Final = 10_000


@dataclass(frozen=True)
class Stage:
    """Two servers that run, and everything that is needed to run services on them."""

    where: Places
    ports: Ports
    servers: Servers
    layout: Layout

    @property
    def environment(self) -> dict[str, str]:
        """What our processes are told."""
        return {**self.layout.environment, "TIERDESK_HOME": str(self.where.home)}

    @property
    def api_key(self) -> str:
        """The key of a client application."""
        key = Credentials(self.where.home).api_key
        assert key is not None, "the installation makes one"
        return key

    def part(self, name: str, *arguments: str, **environment: str) -> PythonProcess:
        """A process of our own that serves /readyz."""
        told = self.environment | {"TIERDESK_INSTANCE": name} | environment
        return PythonProcess(name, self.ports.take(name), arguments, told, self.where.logs)

    def service(
        self, service: str, *, roles: str = ALL_ROLES, name: str = "alone", **environment: str
    ) -> PythonProcess:
        """One service alone in a process. name: tells several of the same service apart."""
        return self.part(f"bench-{service}-{name}", "onebox.process", f"{service}={roles}", **environment)

    def everything(self) -> tuple[PythonProcess, ...]:
        """The processes that `up` starts."""
        return (self.layout.mail, *self.layout.services, self.layout.public)

    async def floor(self) -> PythonProcess:
        """The bare endpoint, with an empty database on the same server."""
        url = await make_database(self.servers.database_url)
        return self.part("bench-floor", "onebox.bench.floor", FLOOR_DATABASE_URL=url)

    async def install(self, **environment: str) -> None:
        """Make databases and topics, and the first sign-ins."""
        command = self.part("install", "onebox.install", **environment).command()
        await run_to_end(
            Command(command.arguments[:-2], log=command.log, environment=command.environment), what="The installation"
        )

    async def connect(self, service: str, *, namespace: str = "") -> Any:
        """A connection to a service's database, as the administrator."""
        name = f"{namespace.replace('.', '_')}tierdesk_{service.replace('-', '_')}"
        return await asyncpg.connect(f"{self.servers.database_url.rpartition('/')[0]}/{name}")

    def tier_queues(self) -> "Settings":
        """The settings of tier-queues here."""
        from tier_queues.settings import Settings

        told = self.environment
        return Settings(
            server_url=SecretStr(told["DATABASE_URL"]),
            kafka_bootstrap=told["KAFKA_BOOTSTRAP"],
            secret=SecretStr(told["TIERDESK_SECRET"]),
            staff_public_keys=told["TIERDESK_STAFF_PUBLIC_KEYS"],
            signing_key=SecretStr(told["TIERDESK_TIER_QUEUES_SIGNING_KEY"]),
        )

    async def agents(self, count: int, tiers: Sequence[int]) -> list["Agent"]:
        """Agents who exist and are signed in. The sign-in itself is not what is measured."""
        from shared.vocabulary import Role
        from tier_queues.seed import FirstAgent, add_agents

        made = [
            FirstAgent(f"bench{number}", f"Agent {number}", Role.AGENT, tuple(tiers), (), STAFF_CAPACITY)
            for number in range(count)
        ]
        await add_agents(self.tier_queues(), made)
        return [self.signed_in(each.id, each.tiers) for each in made]

    def signed_in(self, agent: str, tiers: Sequence[int], teams: Sequence[str] = ()) -> "Agent":
        """The token that a sign-in would give."""
        from shared.ids import new_id
        from shared.vocabulary import Role
        from tier_queues.roster import Member
        from tier_queues.sessions import Signer

        member = Member(agent, agent.title(), Role.AGENT, tuple(tiers), tuple(teams), STAFF_CAPACITY)
        signer = Signer(self.tier_queues().signing_key.get_secret_value(), TOKEN_LIFE)
        return Agent(agent, signer.token(member, new_id()).token)


@dataclass(frozen=True)
class Agent:
    """Somebody signed in. headers: what a request of theirs carries."""

    id: str
    token: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Servers of our own in a temporary folder, gone with all they held at the end."""
    with tempfile.TemporaryDirectory(prefix="tierdesk-bench-") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  PostgreSQL's user passes through.
        where = places({**os.environ, "TIERDESK_HOME": f"{folder}/home"})
        where.make()
        ports = Ports(where.home / "ports.json")
        note("Starting PostgreSQL and Kafka …")
        found = servers(where, ports, say=note, environment={})
        secrets = Secrets(where.home / "secrets.json")
        planner = Planner(where, ports, secrets, public_port=ports.take("web"))
        layout = planner.plan(split=False, database_url=found.database_url, kafka_bootstrap=found.kafka_bootstrap)
        await found.start()
        try:
            yield Stage(where, ports, found, layout)
        finally:
            await found.stop()


@asynccontextmanager
async def running(*parts: PythonProcess) -> AsyncIterator[None]:
    """Processes that serve until the block ends. Raises NotReady."""
    every = [Running(part) for part in parts]
    try:
        await start_all(every)
        yield
    finally:
        for one in reversed(every):
            await one.stop()


def posts(count: int, *, data: Path | None, key: str, path: str = "/intake/issues", **fields: Any) -> list[Shot]:
    """Posts of issues, for intake or, with the same bodies, for the floor. fields: added to each body."""
    written = drafts(count, run="bench", data=data / TEXTS if data else None, customers=CUSTOMERS)
    headers = {"Authorization": f"Bearer {key}"}
    return [Shot(path, json.dumps(_body(draft) | fields, ensure_ascii=False), headers=headers) for draft in written]


def _body(draft: Draft) -> dict[str, Any]:
    return {name: value for name, value in draft.body.items() if name in ("customer", "title", "text", "reference")}
