"""First sign-ins and teams, made from the command line or by an installation's first start."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from shared.db import Database, Transaction
from shared.vocabulary import Role
from tier_queues import roster
from tier_queues.passwords import hash_of, new_password
from tier_queues.roster import Member, NameTaken
from tier_queues.settings import Settings

CAPACITY: int = 20


@dataclass(frozen=True, slots=True)
class FirstAgent:
    """An agent to be made. password: one is made up when not given."""

    id: str
    name: str
    role: Role
    tiers: tuple[int, ...] = ()
    teams: tuple[str, ...] = ()
    capacity: int = CAPACITY
    password: str | None = None


FIRST_AGENTS = (
    FirstAgent("admin", "Admin", Role.ADMIN),
    FirstAgent("operator", "Operator", Role.OPERATOR),
    FirstAgent("lead", "Lead", Role.LEAD, (1, 2, 3), ("frontline", "technical", "experts")),
    FirstAgent("agent1", "Alex Frontline", Role.AGENT, (1,), ("frontline",)),
    FirstAgent("agent2", "Toni Technical", Role.AGENT, (2,), ("technical",)),
    FirstAgent("agent3", "Eli Expert", Role.AGENT, (3,), ("experts",)),
)
"""Who can sign in after an installation's first start."""


def seed_agents(settings: Settings, agents: Sequence[FirstAgent] = FIRST_AGENTS) -> dict[str, str]:
    """Make the agents that do not exist yet. Returns the passwords of those made, by sign-in name.

    The database must be migrated. Raises NoSuchTeam for a team that nobody has made.
    """
    return asyncio.run(add_agents(settings, agents))


async def add_agents(settings: Settings, agents: Sequence[FirstAgent]) -> dict[str, str]:
    """`seed_agents` inside a running loop."""
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            return dict([made for agent in agents if (made := await _add(tx, agent))])
    finally:
        await db.close()


async def _add(tx: Transaction, agent: FirstAgent) -> tuple[str, str] | None:
    password = agent.password or new_password()
    member = Member(agent.id, agent.name, agent.role, agent.tiers, agent.teams, agent.capacity)
    try:
        await roster.add(tx, member, hash_of(password))
    except NameTaken:
        return None
    return agent.id, password


async def add_team(settings: Settings, name: str, tiers: Sequence[int]) -> None:
    """Make a team, or change the tiers that it serves."""
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            await roster.keep_team(tx, name, tiers)
    finally:
        await db.close()
