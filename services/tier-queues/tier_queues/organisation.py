"""The organisation as data: tiers, channels, teams and agents. Values and what must hold between them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from shared.located import Fault, located
from shared.vocabulary import FRONTLINE_TIER, Role, Tier, Word
from tier_queues.command_parts import no_bare_number
from tier_queues.shifts import Shifts
from tier_queues.teams import Push

SIGN_IN_NAME: Final = r"^[a-z0-9][a-z0-9._@-]{0,59}$"
CAPACITY_DEFAULT: Final = 20
CAPACITY_LIMIT: Final = 10_000
LEVEL_LIMIT: Final = 5
WEIGHT_LIMIT: Final = 1_000
LONGEST_LEASE: Final = timedelta(days=30)

ADDRESS: Final = r"^[A-Za-z0-9!#$%&'*+/=^_`{|}~.-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,188}$"

Address = Annotated[str, StringConstraints(pattern=ADDRESS, max_length=254)]
SignInName = Annotated[str, StringConstraints(pattern=SIGN_IN_NAME)]
Skills = Annotated[dict[Word, Annotated[int, Field(ge=1, le=LEVEL_LIMIT)]], Field(max_length=100)]
Capacity = Annotated[int, Field(ge=0, le=CAPACITY_LIMIT)]


Lease = Annotated[timedelta, BeforeValidator(no_bare_number), Field(gt=timedelta(), le=LONGEST_LEASE)]
Weight = Annotated[int, Field(ge=0, le=WEIGHT_LIMIT)]


class Part(BaseModel):
    """Part of an organisation: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Limits(Part):
    """How much may wait at a tier. oldest: age of what waits longest; count: how many wait."""

    oldest: Lease | None = None
    count: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class Overflow(Part):
    """When another tier helps: from above the one limits until below the others. share: of a helper's capacity."""

    to: Tier
    above: Limits
    below: Limits
    share: Annotated[float, Field(gt=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _ends_below_where_it_begins(self) -> Self:
        for name in ("oldest", "count"):
            begins, ends = getattr(self.above, name), getattr(self.below, name)
            if (begins is None) != (ends is None):
                raise ValueError(f"say {name} both above and below")
            if begins is not None and ends > begins:
                raise ValueError(f"{name} must end at or below where it begins")
        if self.above.oldest is None and self.above.count is None:
            raise ValueError("name an age or a count")
        return self


class TierPlan(Part):
    """A tier. team: of its default queue; staffed: whether people work its queue."""

    name: Word
    team: Word | None = None
    staffed: bool = True
    overflow: Overflow | None = None


class EscalationStep(Part):
    """Who is told that nobody takes an issue. after: since the step before, or since it came into the queue.

    agent: the sign-in name, where a named agent is told.
    """

    after: Lease
    tell: Literal["lead", "account-manager", "agent"] = "lead"
    agent: SignInName | None = None

    @model_validator(mode="after")
    def _names_the_agent(self) -> Self:
        if (self.tell == "agent") != (self.agent is not None):
            raise ValueError("name an agent where one is told, and only there")
        return self


class Escalation(Part):
    """What happens while nobody takes an issue from a team's queue. repeats: how often all of it happens again."""

    steps: Annotated[tuple[EscalationStep, ...], Field(min_length=1, max_length=10)]
    repeats: Annotated[int, Field(ge=0, le=10)] = 0


class TeamPlan(Part):
    """A team. leads: without any, its members with the role lead. push: how work is given out, else agents take it.

    accept_within: for what is given; idle_after: an owner who does nothing for so long is warned, then it goes back.
    behind_the_scenes: nobody writes to a customer about an issue of this team, but by a recorded exception.
    escalation: who is told when nobody takes an issue from its queue.
    """

    tiers: Annotated[tuple[Tier, ...], Field(max_length=10)] = ()
    leads: Annotated[tuple[SignInName, ...], Field(max_length=50)] = ()
    push: Push | None = None
    accept_within: Lease = timedelta(minutes=2)
    idle_after: Lease | None = None
    behind_the_scenes: bool = False
    escalation: Escalation | None = None


class Person(Part):
    """A member of staff. capacity: units owned at the same time; skills: name to level; shifts: always without.

    address: where notices are mailed to; none are without.
    """

    name: Word
    role: Role
    tiers: tuple[Tier, ...] = ()
    teams: tuple[Word, ...] = ()
    capacity: Capacity = CAPACITY_DEFAULT
    skills: Skills = Field(default_factory=dict)
    shifts: Shifts | None = None
    active: bool = True
    address: Address | None = None


class Organisation(Part):
    """All of it. channels: units of capacity that an issue of each takes, 1 where nothing is said."""

    tiers: dict[Tier, TierPlan]
    channels: dict[Word, Weight] = Field(default_factory=dict)
    teams: dict[Word, TeamPlan]
    agents: dict[SignInName, Person]


def parse(text: str, *, file: str) -> Organisation:
    """The organisation in a YAML text. Raises WrongFile, which names line and reason."""
    return located(text, file, Organisation, faults)


def faults(organisation: Organisation) -> Iterator[Fault]:
    """What is wrong between parts that are right by themselves."""
    yield from _faults_of_tiers(organisation)
    for name, team in organisation.teams.items():
        yield from team_faults(name, team, tiers=organisation.tiers, agents=organisation.agents)
    for agent, person in organisation.agents.items():
        yield from person_faults(agent, person, tiers=organisation.tiers, teams=organisation.teams)
    if not any(person.role is Role.ADMIN and person.active for person in organisation.agents.values()):
        yield Fault(("agents",), "nobody could administer this: name an active admin")


def _faults_of_tiers(organisation: Organisation) -> Iterator[Fault]:
    frontline = organisation.tiers.get(FRONTLINE_TIER)
    if frontline is None or not frontline.staffed:
        yield Fault(("tiers",), f"people must work tier {FRONTLINE_TIER}: what fits nowhere else waits there")
    for number, tier in organisation.tiers.items():
        yield from tier_faults(number, tier, tiers=organisation.tiers, teams=organisation.teams)


def tier_faults(
    number: int, tier: TierPlan, *, tiers: Mapping[int, TierPlan], teams: Mapping[str, TeamPlan]
) -> Iterator[Fault]:
    """What does not fit the other parts."""
    place = ("tiers", number)
    if tier.team is not None and tier.team not in teams:
        yield Fault((*place, "team"), f"there is no team {tier.team}")
    if tier.overflow is None:
        return
    helper = tiers.get(tier.overflow.to)
    if helper is None or not helper.staffed or tier.overflow.to == number:
        yield Fault((*place, "overflow", "to"), f"no other people work tier {tier.overflow.to}")


def team_faults(
    name: str, team: TeamPlan, *, tiers: Mapping[int, TierPlan], agents: Mapping[str, Person]
) -> Iterator[Fault]:
    """What does not fit the other parts."""
    place = ("teams", name)
    for tier in set(team.tiers) - set(tiers):
        yield Fault((*place, "tiers"), f"there is no tier {tier}")
    for lead in team.leads:
        person = agents.get(lead)
        if person is None or person.role is not Role.LEAD or not person.active:
            yield Fault((*place, "leads"), f"{lead} is no active agent with the role lead")
    for step in team.escalation.steps if team.escalation else ():
        if step.agent is not None and not (step.agent in agents and agents[step.agent].active):
            yield Fault((*place, "escalation", "steps"), f"{step.agent} is no active agent")


def person_faults(
    agent: str, person: Person, *, tiers: Mapping[int, TierPlan], teams: Mapping[str, TeamPlan]
) -> Iterator[Fault]:
    """What does not fit the other parts."""
    place = ("agents", agent)
    for tier in set(person.tiers) - set(tiers):
        yield Fault((*place, "tiers"), f"there is no tier {tier}")
    for team in set(person.teams) - set(teams):
        yield Fault((*place, "teams"), f"there is no team {team}")
