"""The staff: rows of agents and teams."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.db import Transaction
from shared.vocabulary import Role
from tier_queues.shifts import Shifts


class Availability(StrEnum):
    """Whether work may be given to an agent; who is away or offline may still take some."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff. id: the sign-in name. version grows with every change. skills: name to level.

    shifts: None for always on. availability: what the agent said last; it is no part of a version. address: where
    notices are mailed to.
    """

    id: str
    name: str
    role: Role
    tiers: tuple[int, ...]
    teams: tuple[str, ...]
    capacity: int
    active: bool = True
    version: int = 1
    skills: Mapping[str, int] = field(default_factory=dict)
    shifts: Shifts | None = None
    availability: Availability = Availability.OFFLINE
    address: str | None = None

    def is_available(self, now: datetime) -> bool:
        """Whether work may be given to the agent now: online, and inside the shifts."""
        return self.availability is Availability.ONLINE and (self.shifts is None or self.shifts.are_on(now))


class NameTaken(ValueError):
    """There is an agent with this sign-in name already."""


class NoSuchTeam(ValueError):
    """A team that nobody has made. The arguments are the unknown names."""


_WRITTEN: Final = "id, name, role, tiers, teams, capacity, active, version, skills, shifts, address"
MEMBER: Final = f"{_WRITTEN}, availability"


async def find(tx: Transaction, agent: str) -> Member | None:
    """An agent, active or not."""
    rows = await tx.fetch(f"SELECT {MEMBER} FROM agents WHERE id = $1", agent)  # noqa: S608
    return member_of(rows[0]) if rows else None


async def lock(tx: Transaction, agent: str) -> Member | None:
    """An agent who cannot change until the transaction ends."""
    rows = await tx.fetch(f"SELECT {MEMBER} FROM agents WHERE id = $1 FOR NO KEY UPDATE", agent)  # noqa: S608
    return member_of(rows[0]) if rows else None


async def lock_all(tx: Transaction, agents: Sequence[str]) -> dict[str, Member]:
    """The active ones of these agents, locked, so that what they own can be counted without a race."""
    if not agents:
        return {}
    rows = await tx.fetch(
        f"SELECT {MEMBER} FROM agents WHERE id = ANY($1) AND active ORDER BY id FOR NO KEY UPDATE",  # noqa: S608
        sorted(set(agents)),
    )
    return {row[0]: member_of(row) for row in rows}


async def find_all(tx: Transaction, agents: Sequence[str]) -> dict[str, Member]:
    """The active ones of these agents."""
    rows = await tx.fetch(
        f"SELECT {MEMBER} FROM agents WHERE id = ANY($1) AND active",  # noqa: S608
        sorted(set(agents)),
    )
    return {row[0]: member_of(row) for row in rows}


async def credentials(tx: Transaction, agent: str) -> tuple[Member, str] | None:
    """An active agent and the hash of the password."""
    rows = await tx.fetch(
        f"SELECT {MEMBER}, password_hash FROM agents WHERE id = $1 AND active",  # noqa: S608
        agent,
    )
    return (member_of(rows[0]), rows[0].password_hash) if rows else None


async def page(tx: Transaction, *, after: str | None, limit: int) -> list[Member]:
    """At most `limit` agents by sign-in name, behind `after`."""
    rows = await tx.fetch(
        f"SELECT {MEMBER} FROM agents WHERE id > $1 ORDER BY id LIMIT $2",  # noqa: S608
        after or "",
        limit,
    )
    return [member_of(row) for row in rows]


async def add(tx: Transaction, member: Member, password_hash: str) -> None:
    """A new agent. Raises NameTaken, NoSuchTeam."""
    await _check_teams(tx, member.teams)
    rows = await tx.fetch(
        f"INSERT INTO agents ({_WRITTEN}, password_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "  # noqa: S608
        "ON CONFLICT (id) DO NOTHING RETURNING id",
        *_values(member),
        password_hash,
    )
    if not rows:
        raise NameTaken(member.id)


async def change(tx: Transaction, member: Member, password_hash: str | None = None) -> None:
    """Write over a locked agent; without a hash the password stays. Raises NoSuchTeam."""
    await _check_teams(tx, member.teams)
    await tx.fetch(
        "UPDATE agents SET name = $2, role = $3, tiers = $4, teams = $5, capacity = $6, active = $7, version = $8, "
        "skills = $9, shifts = $10, address = $11, password_hash = coalesce($12, password_hash) WHERE id = $1",
        *_values(member),
        password_hash,
    )


async def teams(tx: Transaction) -> dict[str, tuple[int, ...]]:
    """Every team with the tiers that it serves."""
    rows = await tx.fetch("SELECT name, tiers FROM teams ORDER BY name")
    return {name: tuple(tiers) for name, tiers in rows}


async def set_availability(tx: Transaction, agent: str, availability: Availability) -> Member | None:
    """What an agent says of themselves; None when there is no such agent."""
    rows = await tx.fetch(
        "UPDATE agents SET availability = $2, available_since = clock_timestamp() "  # noqa: S608
        f"WHERE id = $1 AND active RETURNING {MEMBER}",
        agent,
        str(availability),
    )
    return member_of(rows[0]) if rows else None


async def keep_team(tx: Transaction, name: str, tiers: Sequence[int]) -> None:
    """Make a team, or change its tiers."""
    await tx.fetch(
        "INSERT INTO teams (name, tiers) VALUES ($1, $2) ON CONFLICT (name) "
        "DO UPDATE SET tiers = excluded.tiers, version = teams.version + 1",
        name,
        sorted(set(tiers)),
    )


async def _check_teams(tx: Transaction, wanted: Sequence[str]) -> None:
    unknown = set(wanted) - set(await teams(tx)) if wanted else set()
    if unknown:
        raise NoSuchTeam(*sorted(unknown))


def _values(member: Member) -> tuple[Any, ...]:
    return (
        member.id,
        member.name,
        str(member.role),
        list(member.tiers),
        list(member.teams),
        member.capacity,
        member.active,
        member.version,
        json.dumps(dict(member.skills)),
        member.shifts and member.shifts.model_dump_json(by_alias=True),
        member.address,
    )


def member_of(row: Any) -> Member:
    """The agent in a row of `MEMBER`'s columns."""
    shifts = Shifts.model_validate(row.shifts) if row.shifts else None
    return Member(
        row[0],
        row[1],
        Role(row[2]),
        tuple(row[3]),
        tuple(row[4]),
        row[5],
        row[6],
        row[7],
        row.skills,
        shifts,
        Availability(row.availability),
        row.address,
    )
