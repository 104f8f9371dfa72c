"""Shifts on the wall clock, whatever the season and whatever the day."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tier_queues.shifts import Shifts


def shifts(day: str, begins: str, ends: str, zone: str = "Europe/Berlin") -> Shifts:
    return Shifts.model_validate({"zone": zone, "windows": [{"day": day, "from": begins, "to": ends}]})


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_shift_is_on_from_its_beginning_until_just_before_its_end() -> None:
    monday = shifts("monday", "09:00", "17:00", "UTC")
    assert [monday.are_on(utc(11, 23, hour, minute)) for hour, minute in ((8, 59), (9, 0), (16, 59), (17, 0))] == [
        False,
        True,
        True,
        False,
    ]
    assert not monday.are_on(utc(11, 24, 12))


def test_a_shift_follows_the_wall_clock_across_daylight_saving() -> None:
    friday = shifts("friday", "09:00", "10:00")
    assert friday.are_on(utc(7, 3, 7, 30)), "summer: two hours ahead"
    assert friday.are_on(utc(11, 27, 8, 30)), "winter: one hour ahead"
    assert not friday.are_on(utc(11, 27, 7, 30))


def test_a_night_shift_ends_on_the_next_day() -> None:
    night = shifts("sunday", "22:00", "06:00", "UTC")
    assert night.are_on(utc(11, 22, 23))
    assert night.are_on(utc(11, 23, 5, 59))
    assert not night.are_on(utc(11, 23, 6))
    assert not night.are_on(utc(11, 22, 5))


def test_a_shift_may_last_until_the_day_ends() -> None:
    late = shifts("monday", "18:00", "24:00", "UTC")
    assert late.are_on(utc(11, 23, 23, 59))
    assert not late.are_on(utc(11, 24, 0))


@pytest.mark.parametrize(("zone", "begins"), [("Nowhere/Land", "09:00"), ("UTC", "09:00+02:00"), ("UTC", "25:00")])
def test_what_is_no_zone_or_no_time_is_refused(zone: str, begins: str) -> None:
    with pytest.raises(ValidationError):
        shifts("monday", begins, "17:00", zone)


def test_shifts_that_are_never_on_are_refused() -> None:
    with pytest.raises(ValidationError):
        Shifts.model_validate({"zone": "UTC", "windows": []})
