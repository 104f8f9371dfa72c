"""How fast, how long and how many: configuration of the queues, with the defaults the product ships."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from shared.vocabulary import FRONTLINE_TIER, PRIORITY_OF, VENDOR_TIER, Level, WaitingFor
from tier_queues.automation import NO_RULES, Automation
from tier_queues.calendars import ALWAYS, business_hours
from tier_queues.goals import (
    AROUND_THE_CLOCK,
    BUSINESS_HOURS,
    DEFAULT_GOALS,
    SLA_CLOCKS,
    Calendars,
    Goal,
    GoalTable,
)
from tier_queues.organisation import Overflow
from tier_queues.teams import Help, Team

Pausing = Mapping[WaitingFor, frozenset[str]]
"""What an issue waits for, to the clocks that rest meanwhile."""

DEFAULT_CALENDARS: Final[Calendars] = MappingProxyType({AROUND_THE_CLOCK: ALWAYS, BUSINESS_HOURS: business_hours()})
DEFAULT_PAUSING: Final[Pausing] = MappingProxyType({WaitingFor.CUSTOMER: frozenset(SLA_CLOCKS)})
DEFAULT_TEAMS: Final = MappingProxyType({1: "frontline", 2: "technical", 3: "experts", VENDOR_TIER: "vendors"})
STAFFED_TIERS: Final = frozenset({1, 2, 3})
DEFAULT_WEIGHTS: Final = MappingProxyType({"chat": 2, "phone": 5})
NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything `decide`, `heard` and `tick` may not know by themselves.

    version: of the promises, 0 as long as nobody has changed what the installation began with. goals: what the clocks
    promise. calendars: every one that a ledger may name. pausing: the waits during which clocks rest.
    offer_timeout: after it an offer that nobody took is overdue. consult_timeout: likewise a question.
    close_after: resolved so long, an issue closes.
    longest_wait: how far off a time may be until which an issue rests. capacity: of an agent for whom nothing else
    is said. staffed_tiers: those with queues that people work. weights: units of capacity that an issue of a channel
    takes, 1 where nothing is said. skills_wait: after each such wait one more skill is dropped; None for never.
    skip_for: so long an agent is not given again what they passed by. idle_grace: from an idle owner's warning until
    the issue goes back. tier_leads: who leads a tier's teams. overflows: when a tier is helped;
    helps: who is helped now, by the tier that helps. automation: the rules that act by themselves. absent: sign-in
    names of agents who are not at work.
    """

    version: int = 0
    goals: GoalTable = DEFAULT_GOALS
    calendars: Calendars = field(default_factory=lambda: DEFAULT_CALENDARS)
    pausing: Pausing = field(default_factory=lambda: DEFAULT_PAUSING)
    offer_timeout: timedelta = timedelta(hours=1)
    consult_timeout: timedelta = timedelta(minutes=30)
    close_after: timedelta = timedelta(days=7)
    longest_wait: timedelta = timedelta(days=366)
    capacity: int = 10
    default_teams: Mapping[int, str] = field(default_factory=lambda: DEFAULT_TEAMS)
    staffed_tiers: frozenset[int] = STAFFED_TIERS
    priorities: Mapping[tuple[Level, Level], int] = field(default_factory=lambda: PRIORITY_OF)
    weights: Mapping[str, int] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    skills_wait: timedelta | None = timedelta(minutes=15)
    skip_for: timedelta = timedelta(minutes=30)
    idle_grace: timedelta = timedelta(minutes=15)
    teams: Mapping[str, Team] = field(default_factory=lambda: NOTHING)
    tier_leads: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    overflows: Mapping[int, Overflow] = field(default_factory=lambda: NOTHING)
    helps: Mapping[int, Sequence[Help]] = field(default_factory=lambda: NOTHING)
    automation: Automation = NO_RULES
    absent: frozenset[str] = frozenset()

    @classmethod
    def in_zone(cls, zone: tzinfo, holidays: frozenset[date] = frozenset()) -> "Policies":
        """The defaults, with business hours as the wall clock of a zone shows them."""
        calendars = dict(DEFAULT_CALENDARS) | {BUSINESS_HOURS: business_hours(zone, holidays)}
        return cls(calendars=MappingProxyType(calendars))

    def goal(
        self,
        clock: str,
        priority: int,
        *,
        plan: str | None = None,
        category: str | None = None,
        tier: int | None = None,
    ) -> Goal | None:
        """What a clock promises to an issue like that, or None. tier: of the visit, for a pickup."""
        return self.goals.goal(clock, (category, plan, priority, tier))

    def pauses(self, what_for: WaitingFor) -> frozenset[str]:
        """The clocks that rest during a wait."""
        return self.pausing.get(what_for, frozenset())

    def priority(self, impact: Level, urgency: Level) -> int:
        """1 (most urgent) to 5."""
        return self.priorities[impact, urgency]

    def leads(self, tier: int, team: str | None) -> tuple[str, ...]:
        """Sign-in names of who leads a team, or the teams of a tier where none is named."""
        known = self.teams.get(team) if team is not None else None
        return known.leads if known and known.leads else self.tier_leads.get(tier, ())

    def led_by(self, agent: str, teams: frozenset[str]) -> frozenset[str]:
        """The teams that an agent with the role lead leads. teams: those the agent is a member of."""
        named = {team.name for team in self.teams.values() if team.named}
        return frozenset(teams - named | {name for name in named if agent in self.teams[name].leads})

    def is_silent(self, team: str) -> bool:
        """Whether a team works behind the scenes only: nobody writes to a customer about its issues."""
        known = self.teams.get(team)
        return known is not None and known.behind_the_scenes

    def default_team(self, tier: int) -> str:
        """The team of a tier's default queue."""
        return self.default_teams.get(tier) or f"tier-{tier}"

    def staffed(self, tier: int, *, otherwise: int) -> int:
        """The tier itself when people work its queue, else another one, else the frontline."""
        return next((one for one in (tier, otherwise) if one in self.staffed_tiers), FRONTLINE_TIER)
