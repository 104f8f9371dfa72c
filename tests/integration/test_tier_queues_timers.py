"""Deadlines fire by themselves: each once, none early, and whichever process minds them."""

import asyncio
from datetime import timedelta
from typing import Any

from shared.db import Database
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, own_namespace, queue_settings, running_queues
from support.running import prepare, rows, wait_until
from tier_queues import app, handlers
from tier_queues.presence import Minded, Presence

SOON = timedelta(seconds=30)
A_WEEK = timedelta(days=8)
WORKERS = 4
TIMED_ISSUES = 300


async def types(queues: QueueService, issue: object) -> list[str]:
    found = await rows(queues.service.db, "SELECT type FROM timeline WHERE issue_id = $1 ORDER BY version", issue)
    return [row[0].split(".")[1] for row in found]


async def test_an_offer_that_nobody_takes_alerts_once_and_stays_open(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue(impact="low", urgency="low")
    await ada.give("claim", issue)
    await ada.offer(issue)
    await queues.move_clock(timedelta(minutes=61))

    async def overdue() -> bool:
        return (await types(queues, issue)).count("handover-overdue") == 1

    await wait_until(overdue, SOON, "the lead is alerted")
    await queues.move_clock(timedelta(minutes=61))
    view = await ada.issue(issue)
    assert view["offer"]["overdue"] is True
    assert (await types(queues, issue)).count("handover-overdue") == 1


async def test_a_resolved_issue_closes_by_itself_after_a_week(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    await ada.give("resolve", issue, resolution="solved", text="Done.")
    await queues.move_clock(A_WEEK)

    async def closed() -> bool:
        return bool((await ada.issue(issue))["state"] == "closed")

    await wait_until(closed, SOON, "the issue is closed")
    listed = (await ada.get("/tiers/1/issues", state="closed")).json()["items"]
    assert str(issue) in [row["id"] for row in listed]


async def test_a_wait_ends_when_its_time_has_come(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue(impact="low", urgency="low")
    await ada.give("claim", issue)
    async with queues.service.db.transaction() as tx:
        until = (await tx.now() + timedelta(hours=2)).isoformat()
    waits: dict[str, Any] = {"for": "time", "until": until, "reason": "A window."}
    assert (await ada.give("wait", issue, **waits)).status_code == 200
    await queues.move_clock(timedelta(hours=3))

    async def awake() -> bool:
        return bool((await ada.issue(issue))["state"] == "assigned")

    await wait_until(awake, SOON, "the issue is back with its owner")


async def test_an_issue_whose_deadlines_cannot_be_reckoned_does_not_keep_back_the_others(
    queues: QueueService, ada: Staff
) -> None:
    broken, sound = await queues.issue(impact="high", urgency="high"), await queues.issue(impact="high", urgency="high")
    nowhere = "jsonb_set(body, '{clocks,0,ledger,0,goal,calendar}', '\"nowhere\"')"
    await rows(queues.service.db, f"UPDATE issues SET body = {nowhere} WHERE id = $1", broken)
    await queues.move_clock(timedelta(minutes=16))

    async def breached() -> bool:
        return "clock-breached" in await types(queues, sound)

    await wait_until(breached, SOON, "the sound issue's breach is told")
    assert "clock-breached" not in await types(queues, broken)
    assert (await ada.get(f"/issues/{broken}/timeline")).status_code == 200


async def test_four_workers_breach_every_clock_once_and_none_early(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure, frozenset({"web"})) as queues:
        db, policies = queues.service.db, queues.settings.policies
        issues = await queues.issues(TIMED_ISSUES, impact="high", urgency="high")

        async def work() -> int:
            async with db.transaction() as tx:
                return await handlers.take_due(tx, tiers=frozenset(), others=frozenset(), limit=20, policies=policies)

        assert await work() == 0, "nothing is due yet"
        await queues.move_clock(timedelta(minutes=16))
        while sum(await asyncio.gather(*(work() for _ in range(WORKERS)))):
            """Work until no worker finds anything due."""
        breaches = await rows(
            db,
            "SELECT issue_id, at, (fact->>'due_at')::timestamptz FROM timeline "
            "WHERE type = 'tierdesk.clock-breached.v1' AND fact->>'clock' = 'first-response'",
        )
        assert sorted(row[0] for row in breaches) == sorted(issues)
        assert all(at >= due for _, at, due in breaches)


async def presence(db: Database, instance: str, tiers: set[int] | None) -> Presence:
    made = Presence(instance, frozenset(tiers) if tiers else None, timedelta(seconds=30), timedelta(0))
    async with db.transaction() as tx:
        await made.announce(tx)
    return made


async def test_a_tier_that_no_process_names_belongs_to_the_lowest(infrastructure: Infrastructure) -> None:
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        first, second = await presence(db, "first", {1}), await presence(db, "second", {2, 3})
        async with db.transaction() as tx:
            lowest, other = await first.minded(tx), await second.minded(tx)
            assert lowest == Minded(frozenset({1}), frozenset({2, 3}))
            assert other == Minded(frozenset({2, 3}), None)
            assert [tier for tier in range(6) if await first.serves(tx, tier)] == [0, 1, 4, 5]
            assert [tier for tier in range(6) if await second.serves(tx, tier)] == [0, 2, 3, 4, 5]
            await tx.fetch(
                "UPDATE tier_processes SET seen_at = seen_at - interval '1 minute' WHERE instance = 'second'"
            )
            assert await first.serves(tx, 3), "a process not heard of for long names nothing"
        await db.close()
