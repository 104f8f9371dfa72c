"""A judge who never condemns is worth nothing: each planted bug turns the run red that is green without it."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onebox.demo.vendors import Vendor
from shared import failpoint
from support.desk import Desk
from support.infrastructure import Infrastructure, new_namespace
from support.journal import Journal
from support.planted import PATCHES, planted
from support.scale import scaled
from support.storm import storm
from support.verdict import Kind, told

ISSUES = scaled(100, least=16)
KILLS = 3
TESTS = Path(__file__).parents[1]
RACE = "relay-reads-from-its-last-position"
AT_THE_DESK = {
    "offset-committed-before-the-effect": (failpoint.AFTER_EFFECT, "worker", {Kind.LOST}),
    "no-inbox": (failpoint.AFTER_PUBLISH, "web", {Kind.DOUBLED, Kind.DEAD, Kind.BROKEN}),
}
"""Patch to the failpoint that brings its bug to light, the process that is killed there, and what must be found.

The consumers are in the worker and in the background, and with them the bugs: which of the two gets an event that is
published twice is chance.
"""


def test_every_planted_bug_has_a_run_that_finds_it() -> None:
    assert {patch.stem for patch in PATCHES.glob("*.patch")} == {RACE, *AT_THE_DESK}


async def raced(infrastructure: Infrastructure, tree: Path) -> dict[str, Any]:
    """What became of the events of a race with the kernel of this tree."""
    # Topics of its own: what other tests left on the session's, poison above all, is no part of the race.
    alone = replace(infrastructure, namespace=new_namespace())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "support.race"),
        env={**os.environ, **alone.environment(), "PYTHONPATH": f"{tree}{os.pathsep}{TESTS}"},
        stdout=asyncio.subprocess.PIPE,
    )
    told_us, _ = await process.communicate()
    await alone.drop_namespace()
    assert process.returncode == 0
    ledger: dict[str, Any] = json.loads(told_us)
    return ledger


async def test_a_relay_that_remembers_its_last_position_is_caught(infrastructure: Infrastructure) -> None:
    with planted(None) as sound, planted(RACE) as bugged:
        good, bad = await raced(infrastructure, sound), await raced(infrastructure, bugged)
    assert good | {"committed": 0} == {"committed": 0, "missing": 0, "invented": 0, "disordered": 0}
    assert bad["missing"] > 0
    assert bad["invented"] == 0


@pytest.mark.parametrize("bug", AT_THE_DESK)
async def test_a_bug_in_the_consumer_is_caught(bug: str, running: Desk, vendor: Vendor) -> None:
    name, process, kinds = AT_THE_DESK[bug]

    async def kills(_: Journal) -> None:
        await running.kill_at(name, {process: range(1, KILLS + 1)})

    with planted(bug) as tree:
        path = {"PYTHONPATH": str(tree)}
        async with running.changed("worker", **path), running.changed("background", **path):
            _, found = await storm(running, vendor, kills, issues=ISSUES)
    assert {offence.kind for offence in found} & kinds, told(found)
