"""How fast, how long and how many: configuration of the queues, with the defaults the product ships."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from types import MappingProxyType
from typing import Final

from shared.vocabulary import FRONTLINE_TIER, PRIORITY_OF, VENDOR_TIER, Level, WaitingFor
from tier_queues.calendars import ALWAYS, Calendar, business_hours

FIRST_RESPONSE: Final = "first-response"
RESOLUTION: Final = "resolution"
CLOCK_NAMES: Final = (FIRST_RESPONSE, RESOLUTION)

AROUND_THE_CLOCK: Final = "always"
BUSINESS_HOURS: Final = "business"

Calendars = Mapping[str, Calendar]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a clock promises: so much working time of the named calendar."""

    span: timedelta
    calendar: str = AROUND_THE_CLOCK


Goals = Mapping[tuple[str, int], Goal | None]
"""Clock and priority to what is promised; None where nothing is."""

_BUSINESS_DAY: Final = timedelta(hours=8)

DEFAULT_GOALS: Final[Goals] = MappingProxyType(
    {
        (FIRST_RESPONSE, 1): Goal(timedelta(minutes=15)),
        (FIRST_RESPONSE, 2): Goal(timedelta(hours=1)),
        (FIRST_RESPONSE, 3): Goal(timedelta(hours=4), BUSINESS_HOURS),
        (FIRST_RESPONSE, 4): Goal(_BUSINESS_DAY, BUSINESS_HOURS),
        (FIRST_RESPONSE, 5): None,
        (RESOLUTION, 1): Goal(timedelta(hours=4)),
        (RESOLUTION, 2): Goal(timedelta(hours=8)),
        (RESOLUTION, 3): Goal(3 * _BUSINESS_DAY, BUSINESS_HOURS),
        (RESOLUTION, 4): Goal(5 * _BUSINESS_DAY, BUSINESS_HOURS),
        (RESOLUTION, 5): None,
    }
)
DEFAULT_CALENDARS: Final[Calendars] = MappingProxyType({AROUND_THE_CLOCK: ALWAYS, BUSINESS_HOURS: business_hours()})
DEFAULT_TEAMS: Final = MappingProxyType({1: "frontline", 2: "technical", 3: "experts", VENDOR_TIER: "vendors"})
STAFFED_TIERS: Final = frozenset({1, 2, 3})


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything `decide`, `heard` and `tick` may not know by themselves.

    goals: every clock for every priority. pausing: waits during which no clock towards the customer runs.
    offer_timeout: after it an offer that nobody took is overdue. close_after: resolved so long, an issue closes.
    longest_wait: how far off a time may be until which an issue rests. capacity: of an agent for whom nothing else
    is said. staffed_tiers: those with queues that people work.
    """

    goals: Goals = field(default_factory=lambda: DEFAULT_GOALS)
    calendars: Calendars = field(default_factory=lambda: DEFAULT_CALENDARS)
    pausing: frozenset[WaitingFor] = frozenset({WaitingFor.CUSTOMER})
    offer_timeout: timedelta = timedelta(hours=1)
    close_after: timedelta = timedelta(days=7)
    longest_wait: timedelta = timedelta(days=366)
    capacity: int = 10
    default_teams: Mapping[int, str] = field(default_factory=lambda: DEFAULT_TEAMS)
    staffed_tiers: frozenset[int] = STAFFED_TIERS
    priorities: Mapping[tuple[Level, Level], int] = field(default_factory=lambda: PRIORITY_OF)

    @classmethod
    def in_zone(cls, zone: tzinfo, holidays: frozenset[date] = frozenset()) -> "Policies":
        """The defaults, with business hours as the wall clock of a zone shows them."""
        calendars = dict(DEFAULT_CALENDARS) | {BUSINESS_HOURS: business_hours(zone, holidays)}
        return cls(calendars=MappingProxyType(calendars))

    def goal(self, clock: str, priority: int) -> Goal | None:
        """What a clock promises at a priority, or None."""
        return self.goals[clock, priority]

    def priority(self, impact: Level, urgency: Level) -> int:
        """1 (most urgent) to 5."""
        return self.priorities[impact, urgency]

    def default_team(self, tier: int) -> str:
        """The team of a tier's default queue."""
        return self.default_teams.get(tier) or f"tier-{tier}"

    def staffed(self, tier: int, *, otherwise: int) -> int:
        """The tier itself when people work its queue, else another one, else the frontline."""
        return next((one for one in (tier, otherwise) if one in self.staffed_tiers), FRONTLINE_TIER)
