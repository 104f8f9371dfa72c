"""First sign-ins and teams, made from the command line or by an installation's first start."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.db import Database, Transaction
from shared.vocabulary import Role
from tier_queues import organisation_store, roster, sessions, staff_directory
from tier_queues.organisation import Organisation
from tier_queues.passwords import hash_of, new_password
from tier_queues.roster import Member, NameTaken
from tier_queues.settings import Settings
from tier_queues.versions import Author

CAPACITY: int = 20
BY_COMMAND_LINE = ("command-line", "Command line")


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
    skills: Mapping[str, int] = field(default_factory=dict)
    address: str | None = None


EXPERT_SKILLS = {"data": 3, "engineering": 3}
"""What the router's first policy asks of experts."""
FIRST_AGENTS = (
    FirstAgent("admin", "Admin", Role.ADMIN),
    FirstAgent("operator", "Operator", Role.OPERATOR),
    FirstAgent("lead", "Lead", Role.LEAD, (1, 2, 3), ("frontline", "technical", "experts"), skills=EXPERT_SKILLS),
    FirstAgent("agent1", "Alex Frontline", Role.AGENT, (1,), ("frontline",)),
    FirstAgent("agent2", "Toni Technical", Role.AGENT, (2,), ("technical",)),
    FirstAgent("agent3", "Eli Expert", Role.AGENT, (3,), ("experts",), skills=EXPERT_SKILLS),
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
            await organisation_store.lock(tx)
            passwords = dict([made for agent in agents if (made := await _add(tx, agent))])
            if passwords:
                await organisation_store.record(tx, _author(f"Added {', '.join(passwords)}."[:300]))
            return passwords
    finally:
        await db.close()


async def _add(tx: Transaction, agent: FirstAgent) -> tuple[str, str] | None:
    password = agent.password or new_password()
    member = Member(
        agent.id,
        agent.name,
        agent.role,
        agent.tiers,
        agent.teams,
        agent.capacity,
        skills=dict(agent.skills),
        address=agent.address,
    )
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
            await organisation_store.lock(tx)
            await roster.keep_team(tx, name, tiers)
            await organisation_store.record(tx, _author(f"Team {name} changed."))
    finally:
        await db.close()


async def exported(settings: Settings) -> Organisation:
    """The organisation in force."""
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            return (await organisation_store.standing(tx)).organisation
    finally:
        await db.close()


async def replaced(settings: Settings, wanted: Organisation, note: str) -> int:
    """Make the organisation what is wanted. Returns its new version."""
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            await organisation_store.lock(tx)
            changed = await organisation_store.replace_all(tx, wanted, password_hash=hash_of(new_password()))
            for agent in changed:
                await sessions.revoke_all(tx, agent, settings.token_life)
            return await organisation_store.record(tx, _author(note))
    finally:
        await db.close()


async def told_again(settings: Settings) -> int:
    """Tell other services of every agent and team again. Returns of how many."""
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            version = await organisation_store.lock(tx)
            organisation = (await organisation_store.standing(tx)).organisation
            return await staff_directory.tell_all(tx, organisation, version)
    finally:
        await db.close()


def _author(note: str) -> Author:
    return Author(*BY_COMMAND_LINE, note)
