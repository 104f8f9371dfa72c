"""What became of an issue's promises, as rows for the measures. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tier_queues.clocks import Clock, Line
from tier_queues.course import Course, Row, Stay
from tier_queues.goals import PICKUP
from tier_queues.measures import Measure
from tier_queues.promises import visit


def kept_promises(course: Course, clocks: Sequence[Clock]) -> list[Row]:
    """What became of every promise: 1 when it was kept in time, 0 when it was broken; none while it is open."""
    return [row for clock in clocks for row in _promises_of(course, clock)]


def _promises_of(course: Course, clock: Clock) -> Iterator[Row]:
    for place, lines in enumerate(_rounds(clock)):
        if all(line.goal is None for line in lines):
            continue
        breach = next((line for line in lines if line.kind == "breached"), None)
        end = breach or next((line for line in reversed(lines) if line.kind == "met"), None)
        if end is not None:
            stay = _stay_at(course, end.at)
            tier = _tier_of_visit(lines[0], stay.tier) if clock.name == PICKUP else stay.tier
            yield Row(
                Measure.SLA, clock.name, place, end.at, tier, stay.team, stay.priority, 0 if breach is not None else 1
            )


def _rounds(clock: Clock) -> list[list[Line]]:
    rounds: list[list[Line]] = []
    for line in clock.ledger:
        if line.kind == "started":
            rounds.append([])
        rounds[-1].append(line)
    return rounds


def _stay_at(course: Course, at: datetime) -> Stay:
    return next((stay for stay in reversed(course.stays) if stay.since <= at), course.stays[0])


def _tier_of_visit(started: Line, otherwise: int) -> int:
    return next((tier for tier in range(10) if visit(tier) == started.reason), otherwise)
