"""Agents and teams as other services know them: told whenever they change, without anything secret."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared import directories
from shared.db import Transaction
from shared.events.directory import AgentListed, Entry, TeamListed
from shared.outbox import Outgoing, publish
from shared.vocabulary import Role
from tier_queues.organisation import Organisation, TeamPlan

SOURCE: Final = "tier-queues"


async def tell_changes(tx: Transaction, organisation: Organisation, version: int) -> None:
    """Tell of the agents and teams that are not as they were told of last. version: the organisation's.

    What was told is read from this service's own copy of the directory. The organisation is locked.
    """
    known = {
        f"{kind.KIND}:{body['entity']}": kind.model_validate(body)
        for kind in (AgentListed, TeamListed)
        for body in await directories.everything(tx, kind.KIND)
    }
    entries = {entry.key: entry for entry in entries_of(organisation, version)}
    gone = [
        _gone(entry, version) for key, entry in known.items() if key not in entries and isinstance(entry, TeamListed)
    ]
    changed = [entry for key, entry in entries.items() if not _says_the_same(entry, known.get(key))]
    await _tell(tx, [*changed, *(entry for entry in gone if not _says_the_same(entry, known[entry.key]))])


async def tell_all(tx: Transaction, organisation: Organisation, version: int) -> int:
    """Tell of every agent and team again. Returns of how many."""
    entries = list(entries_of(organisation, version))
    await _tell(tx, entries)
    return len(entries)


def entries_of(organisation: Organisation, version: int) -> Iterator[Entry]:
    """Every agent and team of an organisation."""
    leads = {name: _leads(organisation, name, team) for name, team in organisation.teams.items()}
    for name, team in organisation.teams.items():
        yield TeamListed(entity=name, version=version, tiers=team.tiers, leads=leads[name], active=True)
    for agent, person in organisation.agents.items():
        yield AgentListed(
            entity=agent,
            version=version,
            name=person.name,
            address=person.address,
            role=person.role,
            tiers=person.tiers,
            teams=person.teams,
            leads=tuple(name for name, of_team in leads.items() if agent in of_team),
            active=person.active,
        )


def _leads(organisation: Organisation, name: str, team: TeamPlan) -> tuple[str, ...]:
    """Those whom the team names, else its members with the role."""
    able = {
        agent: person for agent, person in organisation.agents.items() if person.role is Role.LEAD and person.active
    }
    named = tuple(agent for agent in team.leads if agent in able)
    return named or tuple(agent for agent, person in able.items() if name in person.teams)


def _gone(entry: TeamListed, version: int) -> TeamListed:
    return entry.model_copy(update={"version": version, "leads": (), "active": False})


def _says_the_same(entry: Entry, before: Entry | None) -> bool:
    return before is not None and _content(entry) == _content(before)


def _content(entry: Entry) -> Mapping[str, Any]:
    return entry.model_dump(exclude={"version"})


async def _tell(tx: Transaction, entries: list[Entry]) -> None:
    await directories.keep(tx, entries)
    await publish(tx, [Outgoing(entry.key, entry) for entry in entries], source=SOURCE)
