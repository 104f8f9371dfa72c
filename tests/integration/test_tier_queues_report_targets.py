"""What reports measure by: begun with by settings, replaced as versions, and followed by every report at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, running_queues
from support.waiting import until
from tier_queues.report_targets_store import VERSIONS

OFTEN = timedelta(milliseconds=50)
MANY = 10_000
HOUR = timedelta(hours=1)
COSTS = {"1": 10.0, "2": 20.0}
REOPEN = {"target": 0.01, "alarm": 0.5}
FIRST = {"targets": {"reopen": REOPEN}, "cost_per_hour": COSTS}


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(
        infrastructure, follow_every=OFTEN, report_targets=FIRST["targets"], cost_per_hour=COSTS
    ) as started:
        yield started


@pytest.fixture(scope="module")
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("ann", role=Role.ADMIN)


@pytest.fixture(scope="module")
async def ada(queues: QueueService) -> Staff:
    return await queues.staff("ada", tiers=(1, 2))


async def shown(staff: Staff, version: int | None = None) -> dict[str, Any]:
    answer = await staff.get("/reports/targets" + ("" if version is None else f"/versions/{version}"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def put(admin: Staff, note: str = "Better.", **changes: Any) -> httpx2.Response:
    version = (await shown(admin))["version"]
    return await admin.send("PUT", "/reports/targets", FIRST | {"note": note} | changes, version=version)


async def report(staff: Staff, measure: str, **asked: Any) -> dict[str, Any]:
    answer = await staff.get(f"/reports/{measure}", **asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_installation_begins_with_what_its_settings_say(ada: Staff) -> None:
    first = await shown(ada, 0)
    assert (first["version"], first["author"], first["made_at"]) == (0, None, None)
    assert {name: first[name] for name in FIRST} == FIRST


async def test_a_version_says_who_made_it_when_and_why(admin: Staff, ada: Staff) -> None:
    before = (await shown(ada))["version"]
    made = await put(admin, "A new budget.", cost_per_hour={"1": 12.5})
    assert (made.status_code, made.headers["etag"]) == (200, f'"{before + 1}"')
    assert (await shown(ada)) == (await shown(ada, before + 1)) == made.json()
    assert (made.json()["author"], made.json()["note"]) == (admin.id, "A new budget.")
    assert made.json()["cost_per_hour"] == {"1": 12.5}
    assert (await put(admin, "The one after.")).status_code == 200
    newest = (await ada.get("/reports/targets/versions", limit=1)).json()
    older = (await ada.get("/reports/targets/versions", limit=1, after=newest["next"])).json()
    notes = [one["note"] for one in (*newest["items"], *older["items"])]
    assert notes == ["The one after.", "A new budget."]
    assert all(one["made_at"] for one in (*newest["items"], *older["items"]))
    assert (await ada.get("/reports/targets/versions/999999")).status_code == 404


async def test_reports_follow_a_new_version_at_once(queues: QueueService, admin: Staff, ada: Staff) -> None:
    category = f"category-{new_id().hex[-8:]}"
    await put(admin)
    issue = await queues.issue(tier=2, category=category)
    assert (await ada.give("claim", issue)).status_code == 200
    await queues.move_clock(HOUR)
    assert (await ada.give("resolve", issue, resolution="solved", text="It works again.")).status_code == 200

    async def is_read() -> bool:
        return bool((await report(ada, "cost", category=category))["total"]["count"])

    await until(is_read, "the reports know the issue")
    cost = await report(ada, "cost", category=category)
    assert (cost["total"]["value"], cost["target"]) == (pytest.approx(20, abs=0.5), None)
    assert (await report(ada, "reopen"))["target"] == REOPEN
    wanted = {"cost": {"target": 100.0, "alarm": 200.0}}
    assert (await put(admin, targets=wanted, cost_per_hour={"2": 200})).status_code == 200
    cost = await report(ada, "cost", category=category, by="tier")
    assert (cost["items"][0]["value"], cost["target"]) == (pytest.approx(200, abs=5), wanted["cost"])
    (behind,) = (await ada.get("/reports/cost/issues", category=category)).json()["items"]
    assert behind["value"] == cost["total"]["value"]
    assert (await report(ada, "reopen"))["target"] is None


async def test_of_two_who_replace_the_same_version_one_is_told_that_it_is_stale(admin: Staff) -> None:
    version = (await shown(admin))["version"]
    body = FIRST | {"note": "At once."}
    answers = await asyncio.gather(*(admin.send("PUT", "/reports/targets", body, version=version) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert next(answer.json()["version"] for answer in answers if answer.status_code == 412) == version + 1
    assert (await admin.send("PUT", "/reports/targets", body)).status_code == 428


async def test_a_repeated_command_makes_no_second_version(admin: Staff) -> None:
    version, key = (await shown(admin))["version"], str(new_id())
    body = FIRST | {"note": "Once."}
    first, second = [await admin.send("PUT", "/reports/targets", body, key=key, version=version) for _ in range(2)]
    assert (first.status_code, first.content) == (200, second.content)
    assert (await shown(admin))["version"] == version + 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"targets": {"reopen": {"target": 5, "alarm": 8}}}, ["body", "targets"]),
        ({"cost_per_hour": {"1": -1}}, ["body", "cost_per_hour", "1"]),
    ],
    ids=["no share", "negative"],
)
async def test_wrong_targets_are_refused_with_their_place_and_those_in_force_stay(
    admin: Staff, change: dict[str, Any], place: list[str]
) -> None:
    before = await shown(admin)
    refused = await put(admin, **change)
    assert (refused.status_code, refused.json()["faults"][0]["where"]) == (422, place)
    assert await shown(admin) == before


async def test_the_list_of_versions_is_read_in_the_order_of_its_index(queues: QueueService) -> None:
    async with queues.service.db.transaction() as tx:
        await tx.fetch(
            "INSERT INTO report_targets SELECT 1000000 + n, '{}', '{}', 'ann', 'Ann', 'Better.', now() "
            "FROM generate_series(1, $1::int) AS n",
            MANY,
        )
        await tx.fetch("ANALYZE report_targets")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {VERSIONS.page}", 1_005_000, 51))
        await tx.fetch("DELETE FROM report_targets WHERE version > 1000000")
    assert "Index Scan Backward using report_targets_pkey" in plan, plan
