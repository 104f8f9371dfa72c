"""PURE. Windows of the week in a zone, for rules that hold by day or by night."""

from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60


def _minute(value: object) -> object:
    """Minutes since midnight. YAML reads 17:00 without quotes as a number to the base of sixty: minutes as well."""
    if not isinstance(value, str):
        return value
    hours, colon, minutes = value.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(value) <= 5 and int(minutes) < 60):
        raise ValueError("must be a time as 09:00")
    return int(hours) * 60 + int(minutes)


Minute = Annotated[int, BeforeValidator(_minute), Field(ge=0, le=DAY_MINUTES, strict=True)]


class Window(BaseModel):
    """The same hours on several days of the week, by the clock on the wall; closes at 24:00 at the latest.

    A night is two windows. holidays: days on which it stays closed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zone: Annotated[str, Field(max_length=60)]
    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)]
    opens: Minute
    closes: Minute
    holidays: frozenset[date] = frozenset()

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as unknown:
            raise ValueError("is no zone; write it as Europe/Berlin") from unknown
        return zone

    @model_validator(mode="after")
    def _opens_at_all(self) -> "Window":
        if self.opens >= self.closes:
            raise ValueError("must open before it closes")
        return self

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _weekdays(self) -> frozenset[int]:
        return frozenset(DAYS.index(day) for day in self.days)

    def holds(self, moment: datetime) -> bool:
        """Whether an aware moment lies in the window."""
        there = moment.astimezone(self._zone)
        if there.weekday() not in self._weekdays or there.date() in self.holidays:
            return False
        return self.opens <= there.hour * 60 + there.minute < self.closes
