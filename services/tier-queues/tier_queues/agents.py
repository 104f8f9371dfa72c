"""The people who work issues, and what each may touch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.events import work
from shared.vocabulary import Role
from tier_queues.record import Issue


@dataclass(frozen=True, slots=True)
class Agent:
    """Who gives a command. capacity: how many units the agent may own that no cold offer frees.

    skills: name to level. led: the teams that an agent with the role lead leads; None for those of `teams`.
    by_rule: set where it is no person but a rule of automation that gives the command.
    """

    id: str
    name: str
    role: Role
    tiers: frozenset[int]
    teams: frozenset[str]
    capacity: int
    skills: Mapping[str, int] = field(default_factory=dict)
    led: frozenset[str] | None = None
    by_rule: work.ByRule | None = None

    @property
    def actor(self) -> work.Actor:
        """The agent as a fact names who did it."""
        kind = "agent" if self.by_rule is None else "rule"
        return work.Actor(kind=kind, id=self.id, name=self.name, by_rule=self.by_rule)

    def is_target_of(self, target: work.Target) -> bool:
        """Whether an offer goes to this agent: by name, else by team, else by tier."""
        if target.agent is not None:
            return target.agent == self.id
        if target.team is not None:
            return target.team in self.teams
        return target.tier in self.tiers

    def leads(self, target: work.Target) -> bool:
        """Whether this is a lead of the team, or of the tier where no team is named."""
        if self.role != Role.LEAD:
            return False
        led = self.teams if self.led is None else self.led
        return target.team in led if target.team is not None else target.tier in self.tiers


def owns(agent: Agent, issue: Issue) -> bool:
    """Whether this is the owner, or a rule of automation, which acts in the owner's stead while there is one."""
    return issue.owner == agent.id or (agent.by_rule is not None and issue.owner is not None)


def may_lead(agent: Agent, issue: Issue) -> bool:
    """Whether this is the lead of the issue's team or of the offered one."""
    places = [work.Target(tier=issue.tier, team=issue.team)]
    if issue.offer is not None:
        places.append(issue.offer.target)
    return any(agent.leads(place) for place in places)
