"""What the policy of promises changes of the rules of work."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from shared.db import Transaction, Unavailable
from tier_queues import promise_store
from tier_queues.calendars import Calendar
from tier_queues.policies import Policies
from tier_queues.promise_policy import goals_of, pausing_of

_NOTHING_READ: Final = (0, -1)


class KnownCalendars(dict[str, Calendar]):
    """The calendars that this process has read. One that it has not is a reason to wait, and not a fault."""

    def __missing__(self, key: str) -> Calendar:
        raise Unavailable(f"the calendar {key} is not read yet")


def patient(policies: Policies) -> Policies:
    """The policies of a process that has not read the database yet, where ledgers may name more calendars."""
    return replace(policies, calendars=KnownCalendars(policies.calendars))


@dataclass(eq=False)
class StandingPromises:
    """A layer of the rules: the promises in force, and every calendar there is, read anew only when there are more.

    A version is known to all processes before it is in force, so that none meets a calendar that it has not read.
    """

    _read: tuple[int, int] = _NOTHING_READ
    _calendars: Mapping[str, Calendar] = field(default_factory=dict)
    _version: promise_store.PolicyVersion | None = None

    async def __call__(self, tx: Transaction, policies: Policies) -> Policies:
        """The policies with the promises in force."""
        numbers = await promise_store.in_force(tx)
        if numbers != self._read:
            self._calendars = await promise_store.calendars(tx)
            self._version = await promise_store.version(tx, numbers[0])
            self._read = numbers
        known = KnownCalendars({**policies.calendars, **self._calendars})
        if self._version is None:
            return replace(policies, calendars=known)
        return replace(
            policies,
            version=self._version.version,
            goals=goals_of(self._version.policy, self._version.calendars),
            pausing=pausing_of(self._version.policy),
            calendars=known,
        )
