"""A new version of the policy of promises: made once, known everywhere, then in force, then applied to open issues."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from shared.db import Transaction
from shared.located import Fault
from tier_queues import promise_store
from tier_queues.calendars import Calendar
from tier_queues.promise_policy import PromisePolicy, calendar_of, faults_of
from tier_queues.promise_store import VERSIONS, PolicyVersion, key_of
from tier_queues.public_holidays import UnknownCountry, public_holidays
from tier_queues.versions import Author

YEARS_BACK: Final = 1
YEARS_AHEAD: Final = 10
"""Public holidays are kept as dates, so that a newer library never changes a due time; a new version looks further."""


class WrongPolicy(ValueError):
    """The policy cannot be put in force; the one in force stays."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, fault.path))}: {fault.what}" for fault in faults))
        self.faults = faults


async def prepared(policy: PromisePolicy, today: date) -> Mapping[str, Calendar]:
    """The policy's calendars with their public holidays. Raises WrongPolicy with every fault there is."""
    faults = tuple(faults_of(policy))
    if faults:
        raise WrongPolicy(faults)
    # The library loads countries from files and computes; nobody else should wait for it.
    return await asyncio.to_thread(_calendars, policy, today.year)


def _calendars(policy: PromisePolicy, year: int) -> Mapping[str, Calendar]:
    made, faults = {}, []
    years = range(year - YEARS_BACK, year + YEARS_AHEAD + 1)
    for name, plan in policy.calendars.items():
        country, subdivision = plan.holidays.country, plan.holidays.subdivision
        try:
            public = public_holidays(country, subdivision, years) if country else frozenset()
        except UnknownCountry as error:
            faults.append(Fault(("calendars", name, "holidays"), str(error)))
        else:
            made[name] = calendar_of(plan, public)
    if faults:
        raise WrongPolicy(tuple(faults))
    return made


async def change(
    tx: Transaction,
    policy: PromisePolicy,
    calendars: Mapping[str, Calendar],
    author: Author,
    *,
    expected: int | None,
    lead: timedelta,
) -> PolicyVersion:
    """Add a version that is in force `lead` from now. calendars: as `prepared` made them.

    expected: the version that it replaces; None for whichever is the newest. Raises Problem 412.
    """
    number = await VERSIONS.following(tx, expected)
    before = await promise_store.newest(tx)
    now = await tx.now()
    active_from = _after(now, before, lead)
    keys = {name: key_of(name, calendar) for name, calendar in calendars.items()}
    made = PolicyVersion(number, author.id, author.name, author.note, now, active_from, policy, keys)
    await promise_store.add(tx, made, {keys[name]: calendar for name, calendar in calendars.items()})
    return made


def _after(now: datetime, before: PolicyVersion | None, lead: timedelta) -> datetime:
    """When the new version is in force: never before the one it replaces."""
    return max(now + lead, before.active_from) if before else now + lead
