"""The demo's agents: made by the administrator, signed in like everybody, with names that show whose they are."""

import asyncio
import itertools
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from onebox.demo.client import Client
from onebox.demo.fates import EXPERT_TIER, FRONTLINE_TIER, TECHNICAL_TIER

AGENTS: Final[Mapping[int, tuple[str, ...]]] = {
    FRONTLINE_TIER: ("Amira", "Bruno", "Clara", "Dmitri"),
    TECHNICAL_TIER: ("Emeka", "Frida", "Goran"),
    EXPERT_TIER: ("Hana", "Ibrahim"),
}
"""First names by tier."""
CAPACITY: Final = 200
"""More than they need: the demo plays many agents by few."""


@dataclass
class Agent:
    """Somebody who is signed in."""

    id: str
    password: str
    name: str
    token: str


async def sign_in(client: Client, agent: str, password: str) -> Agent:
    """Sign in. Raises Refused when the password is wrong."""
    value = await client.post("/tier-queues/session", {"agent": agent, "password": password})
    return Agent(agent, password, value["agent"]["name"], value["token"])


@dataclass
class Staff:
    """Everybody who works in the demo. admin also reads what operators may."""

    client: Client
    admin: Agent
    _by_tier: Mapping[int, Iterator[Agent]]
    _everybody: tuple[Agent, ...]

    def at(self, tier: int) -> Agent:
        """The next agent of a tier, in turn."""
        return next(self._by_tier[tier])

    def named(self, agent: str) -> Agent:
        """One of the demo's agents by id. Raises KeyError for somebody else's."""
        return {each.id: each for each in self._everybody}[agent]

    async def renew(self) -> None:
        """Sign everybody in again; tokens live for minutes only."""
        for agent in (*self._everybody, self.admin):
            agent.token = (await sign_in(self.client, agent.id, agent.password)).token

    async def leave(self) -> None:
        """Nobody can sign in as one of the demo's agents afterwards."""
        for agent in self._everybody:
            await _change(self.client, self.admin, _member(agent.id, agent.name, (), active=False))


async def staff_of(client: Client, admin: Agent) -> Staff:
    """Make or renew the demo's agents and sign them in."""
    made = {
        tier: await asyncio.gather(*(_employ(client, admin, name, tier) for name in names))
        for tier, names in AGENTS.items()
    }
    by_tier = {tier: itertools.cycle(agents) for tier, agents in made.items()}
    return Staff(client, admin, by_tier, tuple(agent for agents in made.values() for agent in agents))


async def _employ(client: Client, admin: Agent, name: str, tier: int) -> Agent:
    password = secrets.token_urlsafe(24)
    member = _member(f"demo-{name.lower()}", f"{name} (demo)", (tier,), active=True)
    await _keep(client, admin, member | {"password": password})
    return await sign_in(client, member["id"], password)


def _member(agent: str, name: str, tiers: tuple[int, ...], *, active: bool) -> dict[str, Any]:
    return {
        "id": agent,
        "name": name,
        "role": "agent",
        "tiers": list(tiers),
        "teams": [],
        "capacity": CAPACITY,
        "active": active,
    }


async def _keep(client: Client, admin: Agent, member: Mapping[str, Any]) -> None:
    """Make an agent, or change the one of an earlier run."""
    made = {name: value for name, value in member.items() if name != "active"}
    answer = await client.send("POST", "/tier-queues/agents", made, token=admin.token)
    if answer.status == httpx.codes.CONFLICT:
        await _change(client, admin, member)
    elif answer.status >= httpx.codes.BAD_REQUEST:
        raise answer.refusal("POST /tier-queues/agents")


async def _change(client: Client, admin: Agent, member: Mapping[str, Any]) -> None:
    path = f"/tier-queues/agents/{member['id']}"
    changed = {name: value for name, value in member.items() if name != "id"}
    version = await _version(client, admin, member["id"])
    answer = await client.send("PUT", path, changed, token=admin.token, expected=version)
    if answer.status >= httpx.codes.BAD_REQUEST:
        raise answer.refusal(f"PUT {path}")


async def _version(client: Client, admin: Agent, agent: str) -> int:
    """The version to replace. The list is by id, and the demo's agents are few."""
    members = await client.pages("/tier-queues/agents", token=admin.token, limit=200)
    return int(next(member["version"] for member in members if member["id"] == agent))
