"""What clocks promise, to whom: rows with conditions, of which the most specific one that fits counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tier_queues.calendars import Calendar

FIRST_RESPONSE: Final = "first-response"
NEXT_RESPONSE: Final = "next-response"
PROMISED_UPDATE: Final = "promised-update"
RESOLUTION: Final = "resolution"
PICKUP: Final = "pickup"
CLOCK_NAMES: Final = (FIRST_RESPONSE, RESOLUTION, NEXT_RESPONSE, PICKUP)
"""Clocks whose promises are policy; a promised update is promised by a person."""
SLA_CLOCKS: Final = (FIRST_RESPONSE, RESOLUTION, NEXT_RESPONSE)
"""Policy's promises towards the customer, which a wait may pause; a pickup is never paused."""

AROUND_THE_CLOCK: Final = "always"
BUSINESS_HOURS: Final = "business"

Calendars = Mapping[str, Calendar]
"""Every calendar that a ledger may name; what one name means never changes."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a clock promises: so much working time of the named calendar."""

    span: timedelta
    calendar: str = AROUND_THE_CLOCK


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A promise of one clock, for issues that meet every condition that is not None. goal: None promises nothing."""

    clock: str
    goal: Goal | None
    category: str | None = None
    plan: str | None = None
    priority: int | None = None
    tier: int | None = None

    @property
    def conditions(self) -> tuple[Any, ...]:
        """The conditions, in the order of their weight."""
        return (self.category, self.plan, self.priority, self.tier)


Place = tuple[str | None, str | None, int | None, int | None]
"""What promises depend on: category, plan, priority, and for a pickup the tier of the visit."""
_Shape = tuple[int, ...]


class GoalTable:
    """Rows by clock. A row with a category wins over every row without; then plan, then priority, then tier counts.

    So the order is category+plan+priority, category+plan, category+priority, category, plan+priority, plan, priority,
    none; a tier, of pickups, decides between rows that are equal in these. Of two rows with the same conditions the
    later one counts.
    """

    def __init__(self, rows: Iterable[GoalRow]) -> None:
        self.rows: Final = tuple(rows)
        tables: dict[str, dict[_Shape, dict[tuple[Any, ...], Goal | None]]] = {}
        for row in self.rows:
            shape = tuple(place for place, value in enumerate(row.conditions) if value is not None)
            key = tuple(row.conditions[place] for place in shape)
            tables.setdefault(row.clock, {}).setdefault(shape, {})[key] = row.goal
        self._tables: Final = {
            clock: tuple((shape, shapes[shape]) for shape in sorted(shapes, key=_weight, reverse=True))
            for clock, shapes in tables.items()
        }

        self._tiers: Final = frozenset(row.tier for row in self.rows if row.clock == PICKUP)

    def goal(self, clock: str, place: Place) -> Goal | None:
        """What a clock promises there; None where nothing is."""
        for shape, goals in self._tables.get(clock, ()):
            # Most policies look at the priority alone; a condition never equals what an issue does not have.
            key = tuple([place[at] for at in shape])
            if key in goals:
                return goals[key]
        return None

    def picked_up_in_time(self, tier: int) -> bool:
        """Whether anything is said about how fast issues are taken at a tier."""
        return tier in self._tiers or None in self._tiers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GoalTable) and self.rows == other.rows

    def __hash__(self) -> int:
        return hash(self.rows)


def _weight(shape: _Shape) -> int:
    return sum(8 >> place for place in shape)


_BUSINESS_DAY: Final = timedelta(hours=8)
_RESPONSES: Final[Mapping[int, Goal]] = {
    1: Goal(timedelta(minutes=15)),
    2: Goal(timedelta(hours=1)),
    3: Goal(timedelta(hours=4), BUSINESS_HOURS),
    4: Goal(_BUSINESS_DAY, BUSINESS_HOURS),
}
_RESOLUTIONS: Final[Mapping[int, Goal]] = {
    1: Goal(timedelta(hours=4)),
    2: Goal(timedelta(hours=8)),
    3: Goal(3 * _BUSINESS_DAY, BUSINESS_HOURS),
    4: Goal(5 * _BUSINESS_DAY, BUSINESS_HOURS),
}
_PICKUP_TIERS: Final = (2, 3)

DEFAULT_GOALS: Final = GoalTable(
    [GoalRow(FIRST_RESPONSE, goal, priority=priority) for priority, goal in _RESPONSES.items()]
    + [GoalRow(RESOLUTION, goal, priority=priority) for priority, goal in _RESOLUTIONS.items()]
    + [GoalRow(NEXT_RESPONSE, goal, priority=priority) for priority, goal in _RESPONSES.items()]
    + [
        GoalRow(PICKUP, goal, priority=priority, tier=tier)
        for tier in _PICKUP_TIERS
        for priority, goal in _RESPONSES.items()
    ]
)
"""What the product promises where nothing else is said; nothing to priority 5."""
