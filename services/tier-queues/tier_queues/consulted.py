"""What commands refer to besides their issue: vendors, teams, agents and the conversation; read once per batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.db import Transaction
from shared.events import work
from shared.events.directory import VendorListed
from tier_queues import roster
from tier_queues.agents import Agent
from tier_queues.commands import Command, Forward, OfferHandover
from tier_queues.issue import Unacceptable
from tier_queues.messages import Said, conversations
from tier_queues.roster import Member
from tier_queues.store import Drafted

_VENDORS: Final = """
SELECT entity FROM directory WHERE kind = $1 AND entity = ANY($2) AND (body->>'active')::boolean
"""


@dataclass(frozen=True, slots=True)
class Consulted:
    """The answers: active vendors, teams and agents that were named, and what was said on forwarded issues."""

    vendors: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    agents: dict[str, Member] = field(default_factory=dict)
    said: dict[UUID, list[work.PublicMessage]] = field(default_factory=dict)

    def check(self, command: Command) -> None:
        """Raises Unacceptable when the command names a vendor or a team that there is not."""
        if isinstance(command, Forward) and command.vendor not in self.vendors:
            raise Unacceptable("unknown-vendor", "There is no such vendor, or it takes no cases now.")
        if isinstance(command, OfferHandover) and command.target.team not in (None, *self.teams):
            raise Unacceptable("unknown-target", "There is no such team.")

    def receiver(self, command: Command) -> Agent | None:
        """The active agent that an offer names, or None."""
        member = self.agents.get(_named(command) or "")
        if member is None:
            return None
        tiers, teams = frozenset(member.tiers), frozenset(member.teams)
        return Agent(member.id, member.name, member.role, tiers, teams, member.capacity)

    def messages(self, command: Command, issue: UUID, drafted: Sequence[Drafted]) -> Sequence[work.PublicMessage]:
        """For a forward what customer and staff wrote, oldest first, drafts of this transaction included."""
        if not isinstance(command, Forward):
            return ()
        new = (said for draft in drafted if draft.issue == issue for said in Said.by(draft.entry).messages())
        return [*self.said.get(issue, ()), *new]


async def consult(tx: Transaction, orders: Sequence[tuple[UUID, Command]]) -> Consulted:
    """Read what these commands refer to; nothing at all for most."""
    forwards = [(issue, command) for issue, command in orders if isinstance(command, Forward)]
    named = [agent for _, command in orders if (agent := _named(command))]
    to_team = any(isinstance(command, OfferHandover) and command.target.team for _, command in orders)
    return Consulted(
        vendors=await _vendors(tx, [command.vendor for _, command in forwards]) if forwards else frozenset(),
        teams=frozenset(await roster.teams(tx)) if to_team else frozenset(),
        agents=await roster.find_all(tx, named) if named else {},
        said=await conversations(tx, [issue for issue, _ in forwards]) if forwards else {},
    )


def _named(command: Command) -> str | None:
    return command.target.agent if isinstance(command, OfferHandover) else None


async def _vendors(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    return frozenset(row[0] for row in await tx.fetch(_VENDORS, VendorListed.KIND, sorted(set(ids))))
