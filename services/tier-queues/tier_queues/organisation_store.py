"""The organisation in tables: read whole, written whole or part by part, and kept as a version after every change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import yaml

from shared.db import NOW, Transaction
from tier_queues import roster, staff_directory
from tier_queues.organisation import Escalation, Organisation, Overflow, Person, TeamPlan, TierPlan
from tier_queues.organisation_tables import CHANNELS, ORGANISATION_VERSIONS
from tier_queues.roster import Member
from tier_queues.teams import Push
from tier_queues.versions import Author, Versions

VERSIONS: Final = Versions(ORGANISATION_VERSIONS, ("body",), ("version", "at", "by", "by_name", "note"))
VERSION: Final = "SELECT coalesce(max(version), 0) FROM organisation_versions"
_TIERS: Final = "SELECT number, name, team, staffed, overflow, version FROM tiers ORDER BY number"
_TEAMS: Final = (
    "SELECT name, tiers, leads, push, accept_within, idle_after, version, behind_the_scenes, escalation "
    "FROM teams ORDER BY name"
)
CHANNEL_WEIGHTS: Final = "SELECT name, weight FROM channels ORDER BY name"
_RECORD: Final = f"""
INSERT INTO organisation_versions (version, at, by, by_name, note, body) VALUES ($1, {NOW}, $2, $3, $4, $5)
"""  # noqa: S608
_KEEP_TIER: Final = """
INSERT INTO tiers (number, name, team, staffed, overflow, version) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (number) DO UPDATE SET name = excluded.name, team = excluded.team, staffed = excluded.staffed,
    overflow = excluded.overflow, version = excluded.version
"""
_KEEP_TEAM: Final = """
INSERT INTO teams (name, tiers, leads, push, accept_within, idle_after, version, behind_the_scenes, escalation)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (name) DO UPDATE SET tiers = excluded.tiers, leads = excluded.leads, push = excluded.push,
    accept_within = excluded.accept_within, idle_after = excluded.idle_after, version = excluded.version,
    behind_the_scenes = excluded.behind_the_scenes, escalation = excluded.escalation
"""

_IN_USE: Final = """
SELECT gone FROM unnest($1::smallint[]) AS gone
WHERE EXISTS (SELECT FROM issues WHERE issues.queue_tier = gone)
    OR EXISTS (SELECT FROM issues WHERE issues.tier = gone AND state IN ('assigned', 'waiting'))
"""


@dataclass(slots=True)
class Standing:
    """Everything as it stands, with the version of each tier and team. Agents carry their own."""

    tiers: dict[int, tuple[TierPlan, int]] = field(default_factory=dict)
    teams: dict[str, tuple[TeamPlan, int]] = field(default_factory=dict)
    channels: dict[str, int] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def organisation(self) -> Organisation:
        """As it is exported."""
        return Organisation(
            tiers={number: plan for number, (plan, _) in self.tiers.items()},
            channels=self.channels,
            teams={name: plan for name, (plan, _) in self.teams.items()},
            agents={agent: person_of(member) for agent, member in self.members.items()},
        )


async def lock(tx: Transaction) -> int:
    """The organisation's version; nobody else changes any of it until the transaction ends."""
    return await VERSIONS.lock(tx)


async def version(tx: Transaction) -> int:
    """How often the organisation was changed."""
    return await VERSIONS.newest_number(tx)


async def standing(tx: Transaction) -> Standing:
    """The organisation as it stands."""
    members = await tx.fetch(f"SELECT {roster.MEMBER} FROM agents ORDER BY id")  # noqa: S608
    return Standing(
        await tiers(tx),
        await teams(tx),
        dict(map(tuple, await tx.fetch(CHANNEL_WEIGHTS))),
        {row[0]: roster.member_of(row) for row in members},
    )


async def tiers(tx: Transaction) -> dict[int, tuple[TierPlan, int]]:
    """Every tier with its version, lowest first."""
    return {row.number: (_tier(row), row.version) for row in await tx.fetch(_TIERS)}


async def teams(tx: Transaction) -> dict[str, tuple[TeamPlan, int]]:
    """Every team with its version, by name."""
    return {row.name: (_team(row), row.version) for row in await tx.fetch(_TEAMS)}


async def record(tx: Transaction, author: Author) -> int:
    """Keep the organisation, just changed, as its next version, and tell of it. Lock it before the change."""
    following = await version(tx) + 1
    organisation = (await standing(tx)).organisation
    body = organisation.model_dump_json(by_alias=True)
    await tx.fetch(_RECORD, following, author.id, author.name, author.note, body)
    await staff_directory.tell_changes(tx, organisation, following)
    return following


async def keep_tier(tx: Transaction, number: int, plan: TierPlan, version: int) -> None:
    """Make a tier or write over it."""
    overflow = plan.overflow and plan.overflow.model_dump_json()
    await tx.fetch(_KEEP_TIER, number, plan.name, plan.team, plan.staffed, overflow, version)


async def keep_team(tx: Transaction, name: str, plan: TeamPlan, version: int) -> None:
    """Make a team or write over it."""
    await tx.fetch(
        _KEEP_TEAM,
        name,
        sorted(set(plan.tiers)),
        list(plan.leads),
        plan.push and plan.push.value,
        plan.accept_within,
        plan.idle_after,
        version,
        plan.behind_the_scenes,
        plan.escalation and plan.escalation.model_dump_json(),
    )


class TierInUse(ValueError):
    """A tier cannot go, or be left by its people, while issues are open there. The arguments are its number."""


async def check_unused(tx: Transaction, gone: Collection[int]) -> None:
    """Raises TierInUse for a tier where issues are open: nobody could claim them."""
    for tier in await tx.fetch(_IN_USE, sorted(gone)):
        raise TierInUse(tier[0])


def deserted(before: Mapping[int, tuple[TierPlan, int]], after: Mapping[int, TierPlan]) -> set[int]:
    """The tiers that go, and those whose queues nobody works any more."""
    left = {number for number, plan in after.items() if number in before and before[number][0].staffed > plan.staffed}
    return left | (before.keys() - after.keys())


async def replace_all(tx: Transaction, wanted: Organisation, *, password_hash: str) -> list[str]:
    """Make the organisation, locked before, what is wanted. Returns who has other rights now than before.

    Agents that are not wanted are inactive from now on; new ones have the password behind the hash.
    Raises TierInUse.
    """
    before = await standing(tx)
    await check_unused(tx, deserted(before.tiers, wanted.tiers))
    await tx.fetch("DELETE FROM channels")
    await tx.insert(CHANNELS, [{"name": name, "weight": weight} for name, weight in wanted.channels.items()])
    for number, tier in wanted.tiers.items():
        known = before.tiers.get(number)
        if known is None or known[0] != tier:
            await keep_tier(tx, number, tier, known[1] + 1 if known else 1)
    for name, team in wanted.teams.items():
        kept = before.teams.get(name)
        if kept is None or kept[0] != team:
            await keep_team(tx, name, team, kept[1] + 1 if kept else 1)
    await tx.fetch("DELETE FROM tiers WHERE number <> ALL($1)", list(wanted.tiers))
    changed = await _replace_members(tx, before.members, wanted.agents, password_hash)
    await tx.fetch("DELETE FROM teams WHERE name <> ALL($1)", list(wanted.teams))
    return changed


async def _replace_members(
    tx: Transaction, before: Mapping[str, Member], wanted: Mapping[str, Person], password_hash: str
) -> list[str]:
    changed = []
    for agent, person in wanted.items():
        known = before.get(agent)
        if known is None:
            await roster.add(tx, member_of(agent, person, version=1), password_hash)
        elif person_of(known) != person:
            await roster.change(tx, member_of(agent, person, version=known.version + 1))
            changed += [agent] if rights_of(known) != rights_of(member_of(agent, person, version=1)) else []
    for agent in before.keys() - wanted.keys():
        if before[agent].active:
            await roster.change(tx, replace(before[agent], active=False, teams=(), version=before[agent].version + 1))
            changed.append(agent)
    return changed


async def find_version(tx: Transaction, number: int) -> Organisation | None:
    """The organisation as it was after a change."""
    row = await VERSIONS.find(tx, number)
    return Organisation.model_validate(row.body) if row else None


def as_yaml(exported: Organisation) -> str:
    """The organisation as a file; what says nothing new is left out."""
    values = exported.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    values["tiers"] = {int(number): tier for number, tier in values["tiers"].items()}
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)
    return text


def person_of(member: Member) -> Person:
    """An agent as the organisation shows them."""
    return Person(
        name=member.name,
        role=member.role,
        tiers=member.tiers,
        teams=member.teams,
        capacity=member.capacity,
        skills=dict(member.skills),
        shifts=member.shifts,
        active=member.active,
        address=member.address,
    )


def member_of(agent: str, person: Person, *, version: int) -> Member:
    """An agent as the roster keeps them."""
    return Member(
        agent,
        person.name,
        person.role,
        tuple(sorted(set(person.tiers))),
        tuple(sorted(set(person.teams))),
        person.capacity,
        person.active,
        version,
        person.skills,
        person.shifts,
        address=person.address,
    )


def rights_of(member: Member) -> tuple[Any, ...]:
    """What a token says of an agent; with a change of it older tokens are true no longer."""
    return (member.role, member.tiers, member.teams, member.active)


def _tier(row: Any) -> TierPlan:
    overflow = Overflow.model_validate(row.overflow) if row.overflow else None
    return TierPlan(name=row.name, team=row.team, staffed=row.staffed, overflow=overflow)


def _team(row: Any) -> TeamPlan:
    return TeamPlan(
        tiers=tuple(row.tiers),
        leads=tuple(row.leads),
        push=Push(row.push) if row.push else None,
        accept_within=row.accept_within,
        idle_after=row.idle_after,
        behind_the_scenes=row.behind_the_scenes,
        escalation=Escalation.model_validate(row.escalation) if row.escalation else None,
    )
