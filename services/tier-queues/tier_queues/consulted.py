"""What commands refer to besides their issue: vendors, teams, agents and the conversation; read once per batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.db import Transaction
from shared.events import work
from shared.events.directory import VendorListed
from tier_queues import catalogue, problem_store, roster
from tier_queues.agents import Agent
from tier_queues.commands import Command, Forward, Note, OfferHandover
from tier_queues.companions import Form
from tier_queues.escalation import manager_of
from tier_queues.frontline_commands import AskForm, RecordGuideStep, Redirect
from tier_queues.issue import Issue, Unacceptable
from tier_queues.mentions import mentioned
from tier_queues.messages import Said, conversations
from tier_queues.problem import Problem
from tier_queues.problem_commands import InsertWorkaround, LinkProblem, UnlinkProblem
from tier_queues.roster import Member
from tier_queues.side_commands import AddParticipant, Consult
from tier_queues.store import Drafted

LEAVING: Final = (Forward, Redirect)
"""The commands that take the conversation along."""
TARGETED: Final = (OfferHandover, Consult)
"""The commands that name a tier, a team or an agent to go to."""
ABOUT_PROBLEMS: Final = (LinkProblem, UnlinkProblem, InsertWorkaround)
"""The commands that name a problem."""

_VENDORS: Final = """
SELECT entity FROM directory WHERE kind = $1 AND entity = ANY($2) AND (body->>'active')::boolean
"""


@dataclass(frozen=True, slots=True)
class Consulted:
    """The answers: active vendors, teams, agents and forms that were named, steps of guides, what was said."""

    vendors: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    agents: dict[str, Member] = field(default_factory=dict)
    said: dict[UUID, list[work.PublicMessage]] = field(default_factory=dict)
    steps: dict[str, frozenset[str]] = field(default_factory=dict)
    problems: dict[UUID, Problem] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)

    def check(self, command: Command) -> None:
        """Raises Unacceptable when the command names a vendor, a team or a step of a guide that there is not."""
        if isinstance(command, Forward) and command.vendor not in self.vendors:
            raise Unacceptable("unknown-vendor", "There is no such vendor, or it takes no cases now.")
        if isinstance(command, TARGETED) and command.target.team not in (None, *self.teams):
            raise Unacceptable("unknown-target", "There is no such team.")
        if isinstance(command, RecordGuideStep) and command.step not in self.steps.get(command.guide, ()):
            raise Unacceptable("unknown-step", "There is no such guide, or it has no such step.")

    def receiver(self, issue: Issue, command: Command) -> Agent | None:
        """The active agent that an offer names, or the customer's manager whom an escalation calls; or None."""
        name = _named(command) or manager_of(issue, command)
        return self._agent(name) if name is not None else None

    def problem(self, command: Command) -> Problem | None:
        """The problem that a command names, or None."""
        return self.problems.get(command.problem) if isinstance(command, ABOUT_PROBLEMS) else None

    def form(self, command: Command) -> Form | None:
        """The form that a command names, or None."""
        return self.forms.get(command.form) if isinstance(command, AskForm) else None

    def mentioned(self, command: Command) -> Sequence[Agent]:
        """The active agents whom a note names, in its order."""
        names = mentioned(command.text) if isinstance(command, Note) else ()
        return [agent for name in names if (agent := self._agent(name)) is not None]

    def _agent(self, name: str) -> Agent | None:
        member = self.agents.get(name)
        if member is None:
            return None
        tiers, teams = frozenset(member.tiers), frozenset(member.teams)
        return Agent(member.id, member.name, member.role, tiers, teams, member.capacity)

    def messages(self, command: Command, issue: UUID, drafted: Sequence[Drafted]) -> Sequence[work.PublicMessage]:
        """What customer and staff wrote, oldest first, drafts of this transaction included, for what leaves us."""
        if not isinstance(command, LEAVING):
            return ()
        new = (said for draft in drafted if draft.issue == issue for said in Said.by(draft.entry).messages())
        return [*self.said.get(issue, ()), *new]


async def consult(tx: Transaction, orders: Sequence[tuple[UUID, Command]], issues: Mapping[UUID, Issue]) -> Consulted:
    """Read what these commands refer to; nothing at all for most. issues: those that the commands are about."""
    forwards = [command for _, command in orders if isinstance(command, Forward)]
    leaving = [issue for issue, command in orders if isinstance(command, LEAVING)]
    guides = [command.guide for _, command in orders if isinstance(command, RecordGuideStep)]
    named = [agent for _, command in orders for agent in _all_named(command)]
    known = [(issues[issue], command) for issue, command in orders if issue in issues]
    named += [manager for issue, command in known if (manager := manager_of(issue, command)) is not None]
    problems = [command.problem for _, command in orders if isinstance(command, ABOUT_PROBLEMS)]
    forms = [command.form for _, command in orders if isinstance(command, AskForm)]
    to_team = any(isinstance(command, TARGETED) and command.target.team for _, command in orders)
    return Consulted(
        vendors=await _vendors(tx, [command.vendor for command in forwards]) if forwards else frozenset(),
        teams=frozenset(await roster.teams(tx)) if to_team else frozenset(),
        agents=await roster.find_all(tx, named) if named else {},
        said=await conversations(tx, leaving) if leaving else {},
        steps=await catalogue.steps(tx, guides) if guides else {},
        problems=await problem_store.kept(tx, problems) if problems else {},
        forms=await catalogue.forms(tx, forms) if forms else {},
    )


def _named(command: Command) -> str | None:
    if isinstance(command, TARGETED):
        return command.target.agent
    return command.agent if isinstance(command, AddParticipant) else None


def _all_named(command: Command) -> Sequence[str]:
    if isinstance(command, Note):
        return mentioned(command.text)
    name = _named(command)
    return () if name is None else (name,)


async def _vendors(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    return frozenset(row[0] for row in await tx.fetch(_VENDORS, VendorListed.KIND, sorted(set(ids))))
