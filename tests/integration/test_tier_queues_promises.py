"""What the clocks promise: policies as data, the change of one under running clocks, and the forecast."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shared.ids import new_id
from shared.paging import cursor_of
from shared.vocabulary import Role
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, own_namespace, queue_settings, running_queues
from support.running import prepare, rows, running, wait_until
from tier_queues import app, forecast
from tier_queues.lists import Query

SOON = timedelta(seconds=30)
LEAD = timedelta(milliseconds=200)
MANY = 20_000
POLICY: dict[str, Any] = {
    "calendars": {
        "office": {
            "zone": "Europe/Berlin",
            "hours": {day: ["09:00-12:30", "13:30-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday")},
            "holidays": {"country": "DE", "subdivision": "BY", "dates": ["2026-12-23"]},
        }
    },
    "pauses": {"customer": ["resolution"], "vendor": ["first-response"]},
    "goals": [
        {"clock": "resolution", "plan": "basic", "priority": 1, "within": "PT2H"},
        {"clock": "resolution", "plan": "basic", "within": "PT30H", "calendar": "office"},
        {"clock": "first-response", "within": None},
    ],
}


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, promises_lead=LEAD, rules_look=timedelta(milliseconds=50)) as started:
        yield started


@pytest.fixture(scope="module")
async def ada(queues: QueueService) -> Staff:
    return await queues.staff("ada", tiers=(1, 2))


@pytest.fixture(scope="module")
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("ann", role=Role.ADMIN)


async def clock(staff: Staff, issue: Any, name: str) -> dict[str, Any]:
    clocks: list[dict[str, Any]] = (await staff.issue(issue))["clocks"]
    return next((one for one in clocks if one["name"] == name), {})


async def ledger(queues: QueueService, issue: Any, name: str) -> list[dict[str, Any]]:
    found = await rows(queues.service.db, "SELECT body FROM issues WHERE id = $1", issue)
    return next(one["ledger"] for one in found[0][0]["clocks"] if one["name"] == name)


async def put(admin: Staff, policy: dict[str, Any], note: str = "Better.") -> httpx2.Response:
    version = (await admin.get("/promises")).json()["version"]
    return await admin.send("PUT", "/promises", {"policy": policy, "note": note}, version=version)


async def test_an_answered_customer_who_writes_again_is_owed_the_next_response(
    queues: QueueService, ada: Staff
) -> None:
    issue = await queues.issue(impact="high", urgency="high")
    await ada.give("claim", issue)
    await ada.give("reply", issue, text="We are on it.")
    await queues.hear(issue, events.customer_replied())
    assert (await clock(ada, issue, "next-response"))["state"] == "running"
    await ada.give("reply", issue, text="Still on it.", confirm=True)
    assert (await clock(ada, issue, "next-response"))["state"] == "met"


async def test_a_promised_update_is_owed_until_the_next_reply(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    async with queues.service.db.transaction() as tx:
        until = (await tx.now() + timedelta(hours=2)).replace(microsecond=0)
    given = await ada.give("promise-update", issue, until=until.isoformat(), reason="The vendor calls at noon.")
    assert given.status_code == 200, given.text
    assert datetime.fromisoformat((await clock(ada, issue, "promised-update"))["due_at"]) == until
    told = (await ada.timeline(issue))[-1]
    assert told["type"] == "tierdesk.update-promised.v1"
    assert "noon" not in str(told["fact"])
    await ada.give("reply", issue, text="It works again.")
    assert (await clock(ada, issue, "promised-update"))["state"] == "met"


async def test_an_update_cannot_be_promised_for_a_time_that_has_passed(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    refused = await ada.give("promise-update", issue, until="2020-01-01T00:00:00Z", reason="Soon.")
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("promise-out-of-range")


async def test_each_visit_to_a_tier_has_its_own_pickup(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue(tier=2)
    assert (await clock(ada, issue, "pickup"))["state"] == "running"
    await ada.give("claim", issue)
    assert (await clock(ada, issue, "pickup"))["state"] == "met"
    await ada.give("put-back", issue, reason="Lunch.")
    assert (await clock(ada, issue, "pickup"))["state"] == "running"
    kinds = [line["kind"] for line in await ledger(queues, issue, "pickup")]
    assert kinds == ["started", "met", "started"]


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"goals": [{"clock": "lunch", "within": "PT1H"}]}, ["goals", "0", "clock"]),
    ({"goals": [{"clock": "resolution", "within": "PT1H", "calendar": "moon"}]}, ["goals", "0", "calendar"]),
    ({"goals": [{"clock": "resolution", "within": "PT1H", "tier": 2}]}, ["goals", "0", "tier"]),
    ({"goals": [{"clock": "resolution", "within": "-PT1H"}]}, ["goals", "0", "within"]),
    ({"goals": []}, ["goals"]),
    ({"pauses": {"customer": ["pickup"]}}, ["pauses", "customer", "0"]),
    (
        {"calendars": {"office": {"zone": "Moon/Base", "hours": {"monday": ["09:00-17:00"]}}}},
        ["calendars", "office", "zone"],
    ),
    (
        {"calendars": {"office": {"zone": "UTC", "hours": {"monday": ["09:00-17:00", "16:00-18:00"]}}}},
        ["calendars", "office", "hours", "monday"],
    ),
    (
        {"calendars": {"office": {"zone": "UTC", "hours": {"monday": ["09:00-17:00"]}, "holidays": {"country": "XX"}}}},
        ["calendars", "office", "holidays"],
    ),
]


@pytest.mark.parametrize(
    ("change", "where"), WRONG, ids=lambda value: ".".join(value) if isinstance(value, list) else ""
)
async def test_a_wrong_policy_is_refused_with_its_place_and_the_one_in_force_stays(
    admin: Staff, change: dict[str, Any], where: list[str]
) -> None:
    before = (await admin.get("/promises")).json()
    refused = await put(admin, POLICY | change)
    assert refused.status_code == 422, refused.text
    places = [[str(step) for step in fault["where"]] for fault in refused.json()["faults"]]
    assert any(place[: 2 + len(where)] == ["body", "policy", *where] for place in places), places
    assert (await admin.get("/promises")).json() == before


async def test_a_policy_is_replaced_only_by_who_has_seen_it(admin: Staff) -> None:
    body = {"policy": POLICY, "note": "Better."}
    assert (await admin.send("PUT", "/promises", body)).status_code == 428
    assert (await admin.send("PUT", "/promises", body, version=4711)).status_code == 412


async def test_a_policy_goes_out_as_yaml_and_comes_back_the_same(admin: Staff) -> None:
    before = (await admin.get("/promises")).json()
    exported = await admin.get("/promises/export")
    assert exported.headers["content-type"].startswith("application/yaml")
    body = {"yaml": exported.text, "note": "As it was."}
    imported = await admin.send("PUT", "/promises/import", body, version=before["version"])
    assert imported.status_code == 200, imported.text
    assert imported.json()["policy"] == before["policy"]
    wrong = exported.text.replace("clock: resolution", "clock: lunch", 1)
    line = wrong[: wrong.index("lunch")].count("\n") + 1
    refused = await admin.send(
        "PUT", "/promises/import", {"yaml": wrong, "note": "Wrong."}, version=before["version"] + 1
    )
    assert (refused.status_code, refused.json()["line"]) == (422, line)


async def test_a_new_policy_reaches_open_issues_and_leaves_what_was_used_and_rested(
    queues: QueueService, ada: Staff, admin: Staff
) -> None:
    open_issue = await queues.issue(impact="high", urgency="high")
    rested = await queues.issue(impact="high", urgency="high")
    over = await queues.issue(impact="high", urgency="high")
    for issue in (rested, over):
        await ada.give("claim", issue)
    waits: dict[str, Any] = {"for": "customer", "reason": "A question."}
    await ada.give("wait", rested, **waits)
    await ada.give("resolve", over, resolution="solved", text="Done.")
    await queues.move_clock(timedelta(hours=1))
    due = datetime.fromisoformat((await clock(ada, open_issue, "resolution"))["due_at"])
    made = await put(admin, POLICY, "Half as long.")
    assert made.status_code == 200, made.text
    version = made.json()["version"]

    async def renewed() -> bool:
        found = await rows(queues.service.db, "SELECT renewed FROM promise_policies WHERE version = $1", version)
        return bool(found[0][0])

    await wait_until(renewed, SOON, "every open issue was looked at")
    after = datetime.fromisoformat((await clock(ada, open_issue, "resolution"))["due_at"])
    assert after == due - timedelta(hours=2)
    lines = await ledger(queues, open_issue, "resolution")
    assert [line["reason"] for line in lines if line["kind"] == "target-changed"] == [f"policy {version}"]
    assert [entry["type"] for entry in await ada.timeline(open_issue)].count("tierdesk.promises-changed.v1") == 1
    kinds = [line["kind"] for line in await ledger(queues, rested, "resolution")]
    assert kinds == ["started", "paused", "target-changed"]
    assert [line["kind"] for line in await ledger(queues, over, "resolution")] == ["started", "met"]
    fresh = await queues.issue(impact="low", urgency="low")
    [started] = await ledger(queues, fresh, "resolution")
    assert started["goal"]["span"] == "P1DT6H"
    assert started["goal"]["calendar"].startswith("office@")
    listed = (await admin.get("/promises/versions")).json()["items"]
    assert (listed[0]["version"], listed[0]["note"], listed[0]["author"]) == (version, "Half as long.", admin.id)
    shown = (await admin.get(f"/promises/versions/{version}")).json()["policy"]
    assert [goal["within"] for goal in shown["goals"]] == ["PT2H", "PT30H", None]
    assert (await admin.get("/promises/versions/0")).json()["policy"]["goals"][0]["within"] == "PT15M"
    assert (await admin.get("/promises/versions/4711")).status_code == 404


async def test_another_process_promises_by_the_policy_too(queues: QueueService, admin: Staff) -> None:
    await put(admin, POLICY)
    async with running(app.build(queues.settings), roles=frozenset({"web"})) as second:
        reader = Staff(admin.id, second.client, admin.headers)
        assert (await reader.get("/promises")).json()["policy"] == (await admin.get("/promises")).json()["policy"]


async def test_the_command_line_takes_out_and_puts_in_a_policy(
    queues: QueueService, admin: Staff, infrastructure: Infrastructure, tmp_path: Path
) -> None:
    environment = {"PATH": os.environ["PATH"], **infrastructure.environment()}
    environment["TIERDESK_NAMESPACE"] = queues.settings.namespace

    async def command(*arguments: str) -> tuple[int | None, str, str]:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tier_queues", "promises", *arguments, env=environment, stdout=-1, stderr=-1
        )
        output, faults = await started.communicate()
        return started.returncode, output.decode(), faults.decode()

    code, text, faults = await command("export")
    assert code == 0, faults
    file = tmp_path / "promises.yaml"
    file.write_text(text + "surprise: 1\n", encoding="utf-8")
    code, _, faults = await command("import", str(file))
    assert code == 1
    assert f"promises.yaml:{text.count(chr(10)) + 1}: surprise" in faults
    file.write_text(text, encoding="utf-8")
    before = (await admin.get("/promises")).json()["version"]
    assert (await command("import", str(file)))[0] == 0
    assert (await admin.get("/promises")).json()["version"] == before + 1


async def test_the_forecast_shows_the_nearest_breach_first_and_counts_them_all(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure, frozenset({"web"})) as own:
        ada = await own.staff("ada", tiers=(1, 2))
        urgent = await own.issues(3, impact="high", urgency="high")
        technical = await own.issue(tier=2, impact="high", urgency="high")
        await own.issues(2, impact="low", urgency="low")
        await ada.give("claim", urgent[2])
        await ada.give("reply", urgent[2], text="We are on it.")
        assert (await ada.get("/forecast", within="PT10M")).json()["items"] == []
        found = (await ada.get("/forecast", within="PT1H")).json()
        assert {row["id"] for row in found["items"]} == {str(issue) for issue in (*urgent[:2], technical)}
        assert {row["clock"] for row in found["items"]} == {"first-response"}
        assert [(count["tier"], count["team"], count["count"]) for count in found["counts"]] == [
            (1, "frontline", 2),
            (2, "technical", 1),
        ]
        whole = (await ada.get("/forecast", within="PT5H")).json()["items"]
        assert [row["breach_at"] for row in whole] == sorted(row["breach_at"] for row in whole)
        assert (whole[-1]["id"], whole[-1]["clock"]) == (str(urgent[2]), "resolution")
        first = (await ada.get("/forecast", within="PT5H", limit=3)).json()
        second = (await ada.get("/forecast", within="PT5H", limit=3, after=first["next"])).json()
        assert first["items"] + second["items"] == whole
        assert [row["id"] for row in (await ada.get("/forecast", tier=2)).json()["items"]] == [str(technical)]
        for wrong in ("P2D", "-PT1H", "soon"):
            assert (await ada.get("/forecast", within=wrong)).status_code == 422
        assert (await ada.get("/forecast", after=cursor_of([new_id(), 3]))).status_code == 422


async def test_issues_from_before_the_forecast_are_foreseen_after_the_upgrade(infrastructure: Infrastructure) -> None:
    upgrade = import_module("tier_queues.migrations.versions.0003_clocks").NEXT_BREACH
    async with running_queues(infrastructure, frozenset({"web"})) as own:
        ada = await own.staff("ada")
        for routing in ({"impact": "high", "urgency": "high"}, {}, {"impact": "low", "urgency": "low"}):
            await own.issues(2, **routing)
        await ada.give("claim", solved := await own.issue())
        await ada.give("resolve", solved, resolution="solved", text="Done.")
        foreseen = "SELECT id, breach_at, breach_clock FROM issues ORDER BY id"
        before = await rows(own.service.db, foreseen)
        assert sum(row[1] is not None for row in before) == 4
        await rows(own.service.db, "UPDATE issues SET breach_at = NULL, breach_clock = NULL")
        await rows(own.service.db, upgrade)
        assert await rows(own.service.db, foreseen) == before


_SEED = """
INSERT INTO issues (id, number, version, state, tier, team, held, unseen, triage, priority, title, members_only,
    deadline, timer_tier, accepted_at, updated_at, breach_at, breach_clock, body)
SELECT gen_random_uuid(), n, 1, 'queued', 1 + n % 3, 'team' || n % 7, false, false, false, 1 + n % 5, 'An issue', false,
    now(), 1, now(), now(), CASE WHEN n % 4 > 0 THEN now() + n * interval '1 minute' END, 'resolution', '{}'
FROM generate_series(1, $1) AS n
"""


async def test_the_forecast_is_read_in_the_order_of_its_index(infrastructure: Infrastructure) -> None:
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        until, key = datetime.now(UTC) + timedelta(hours=1), (datetime.now(UTC), new_id())
        async with db.transaction() as tx:
            await tx.fetch(_SEED, MANY)
            await tx.fetch("ANALYZE issues")

            async def plan(query: Query) -> str:
                return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query.sql}", *query.parameters))

            pages = [forecast.page(until, tier, team, None, 50) for tier, team in ((None, None), (1, "team1"))]
            plans = [await plan(query) for query in (*pages, forecast.page(until, None, None, key, 50))]
            counts = await plan(forecast.counted(until))
        await db.close()
    for shown in plans:
        assert "using issues_breach on" in shown, shown
        assert "Sort" not in shown
    assert "issues_breach" in counts, counts
    assert "Seq Scan" not in counts
