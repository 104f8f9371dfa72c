"""A process killed with SIGKILL at each named failpoint, again and again, loses nothing and doubles nothing."""

import pytest

from onebox.demo.vendors import Vendor
from shared import failpoint
from support.desk import Desk
from support.journal import Journal
from support.scale import scaled
from support.storm import storm
from support.verdict import told

KILLS = scaled(12, least=2)
"""At each failpoint."""
ISSUES = scaled(400, least=24)
WRITERS = ("web", "worker")
URGENT = ("worker",)
PATIENT = ("background",)
FAILPOINTS = {
    failpoint.AFTER_COMMIT: WRITERS,
    failpoint.AFTER_PUBLISH: WRITERS,
    failpoint.AFTER_EFFECT: URGENT,
    failpoint.AFTER_VENDOR_ACCEPTED: PATIENT,
    failpoint.AFTER_MAIL_ACCEPTED: PATIENT,
}
"""Which processes pass there."""


@pytest.mark.parametrize("name", FAILPOINTS)
async def test_a_process_killed_at_a_failpoint_loses_nothing_and_doubles_nothing(
    name: str, running: Desk, vendor: Vendor
) -> None:
    processes = FAILPOINTS[name]
    turns = {process: range(1, KILLS // len(processes) + 1) for process in processes}

    async def kills(_: Journal) -> None:
        await running.kill_at(name, turns)

    fired = running.fired(name)
    journal, found = await storm(running, vendor, kills, issues=ISSUES)
    assert not found, told(found)
    assert running.fired(name) - fired == KILLS
    assert len(journal.of("issue")) >= ISSUES / 2
    assert 500 not in journal.statuses()
