"""When an agent works: windows of the week on the clock of a zone."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

MINUTES_OF_A_DAY: Final = 24 * 60
WINDOWS_LIMIT: Final = 50


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


DAYS: Final = tuple(Weekday)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a zone, like Europe/Berlin") from error
    return name


def _clock_time(value: object) -> object:
    """YAML reads an unquoted 17:00 as 1,020 minutes; the end of a day may be written 24:00."""
    if value == "24:00":
        return time(0)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MINUTES_OF_A_DAY:
        return time(value // 60 % 24, value % 60)
    return value


def _naive(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("is a time on the zone's clock, like 09:00")
    return value


ClockTime = Annotated[time, BeforeValidator(_clock_time), AfterValidator(_naive)]


class Window(BaseModel):
    """Part of a day, on the wall clock. One that ends at or before its beginning ends on the next day."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    day: Weekday
    begins: Annotated[ClockTime, Field(alias="from")]
    ends: Annotated[ClockTime, Field(alias="to")]

    def holds(self, local: datetime) -> bool:
        """Whether it is open at a time on the wall clock of its zone."""
        moment = local.time()
        if self.begins < self.ends:
            return self._is_on(local) and self.begins <= moment < self.ends
        began_yesterday = self._is_on(local - timedelta(days=1))
        return (self._is_on(local) and moment >= self.begins) or (began_yesterday and moment < self.ends)

    def _is_on(self, local: datetime) -> bool:
        return DAYS[local.weekday()] is self.day


class Shifts(BaseModel):
    """Weekly windows in which an agent works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: Annotated[str, AfterValidator(_known_zone)]
    windows: Annotated[tuple[Window, ...], Field(max_length=WINDOWS_LIMIT)]

    @model_validator(mode="after")
    def _has_a_window(self) -> Self:
        if not self.windows:
            raise ValueError("shifts without a window are never on; leave them out for always")
        return self

    def are_on(self, now: datetime) -> bool:
        """Whether one of the windows is open. now: aware."""
        # Without the zone's offset, so that a day back is a day on the wall clock, whatever the season does.
        local = now.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        return any(window.holds(local) for window in self.windows)
