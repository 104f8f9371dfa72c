"""Lists of the queues: every page comes straight from an index, and pages together are the whole."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.db import Transaction
from shared.ids import new_id
from shared.paging import cursor_of
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, own_namespace, queue_settings, running_queues
from support.running import prepare, wait_until
from tier_queues import app, giving_out, lists, store
from tier_queues.lists import Listed, Wanted

MANY = 30_000
_SEED = """
INSERT INTO issues (id, number, version, state, tier, team, owner, owner_name, held, unseen, triage, priority, category,
    title,
    queue_tier, queue_team, members_only, deadline, timer_tier, next_due, accepted_at, updated_at, ended_at, body)
SELECT gen_random_uuid(), n, 1, state, 1 + n % 3, 'team' || n % 7,
    CASE WHEN state IN ('assigned', 'waiting') THEN 'agent' || n % 50 END, NULL, false, false, false, 1 + n % 5,
    'category' || n % 4, 'An issue', CASE WHEN state = 'queued' THEN 1 + n % 3 END,
    CASE WHEN state = 'queued' THEN 'team' || n % 7 END, false, now() + n * interval '1 minute', 1 + n % 3,
    now() + interval '1 day', now(), now(), CASE WHEN state IN ('resolved', 'closed') THEN now() END, '{}'
FROM generate_series(1, $1) AS n, LATERAL (
    SELECT (ARRAY['queued', 'queued', 'queued', 'assigned', 'waiting', 'resolved', 'closed'])[1 + n % 7 ] AS state
) AS chosen
"""
AFTER = cursor_of([3, "2026-11-22T12:00:00+00:00", new_id()])
ENDED_AFTER = cursor_of(["2099-11-22T12:00:00+00:00", new_id()])


@pytest.fixture(scope="module")
async def crowded(infrastructure: Infrastructure) -> AsyncIterator[Any]:
    """A database with many issues in every state."""
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        async with db.transaction() as tx:
            await tx.fetch(_SEED, MANY)
            await tx.fetch("ANALYZE issues")
        yield db
        await db.close()


async def plan_of(tx: Transaction, query: lists.Query) -> str:
    return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query.sql}", *query.parameters))


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(1), "issues_queue"),
        (Wanted(1, after=AFTER), "issues_queue"),
        (Wanted(1, priority=2), "issues_queue"),
        (Wanted(1, priority=2, after=AFTER), "issues_queue"),
        (Wanted(1, team="team3"), "issues_queue_of_team"),
        (Wanted(1, team="team3", after=AFTER), "issues_queue_of_team"),
        (Wanted(1, team="team3", priority=2), "issues_queue_of_team"),
        (Wanted(1, category="category3"), "issues_queue_by_category"),
        (Wanted(1, category="category3", after=AFTER), "issues_queue_by_category"),
        (Wanted(1, category="category3", priority=2), "issues_queue_by_category"),
        (Wanted(1, Listed.QUEUED), "issues_queue"),
        (Wanted(1, Listed.QUEUED, team="team3", after=AFTER), "issues_queue_of_team"),
        (Wanted(1, Listed.ASSIGNED), "issues_at_work"),
        (Wanted(1, Listed.WAITING, after=AFTER), "issues_at_work"),
        (Wanted(1, Listed.RESOLVED), "issues_ended"),
        (Wanted(1, Listed.CLOSED, after=ENDED_AFTER), "issues_ended"),
    ],
)
async def test_a_page_of_a_list_is_read_in_the_order_of_its_index(crowded: Any, wanted: Wanted, index: str) -> None:
    async with crowded.transaction() as tx:
        plan = await plan_of(tx, lists.of_tier(wanted))
    assert f"using {index} on" in plan, plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


async def test_what_an_agent_owns_what_is_next_and_what_is_due_are_found_by_index(crowded: Any) -> None:
    async with crowded.transaction() as tx:
        owned = await plan_of(tx, lists.of_owner("agent3", AFTER, 50))
        following = await plan_of(tx, lists.Query(store.NEXT, (1, "ada", ["team3"], 5, ["german"], 900.0)))
        load = await plan_of(tx, lists.Query(store.LOAD, ("agent3", [1])))
        offered = await plan_of(tx, lists.Query(store.OFFERED, ("agent3", [1], 5)))
        given = await plan_of(tx, lists.Query(giving_out.LOADS, (["agent3"],)))
        due = await plan_of(tx, lists.Query(store.LOCK_DUE, ([1], False, [], 100)))
    assert "issues_owned" in owned
    assert "Seq Scan" not in owned
    assert "using issues_queue on" in following
    assert "using issues_due on" in due
    assert "Sort" not in following + due
    assert "issues_owned" in load
    assert "issues_given" in given
    assert "issues_given" in offered
    assert "Seq Scan on issues" not in load + given + offered


@pytest.mark.parametrize("after", [None, AFTER])
async def test_a_page_of_several_queues_is_merged_from_the_index_of_each(crowded: Any, after: str | None) -> None:
    async with crowded.transaction() as tx:
        plan = await plan_of(tx, lists.of_queues([1, 2, 3], "ada", after, 50))
        pages = [
            await lists.read(tx, lists.of_queues([2], "ada", None, 50), 50),
            await lists.read(tx, lists.of_tier(Wanted(2)), 50),
        ]
    assert plan.count("using issues_queue on") == 3, plan
    assert "issues_given" in plan
    assert "Seq Scan" not in plan
    assert "Sort Key" not in plan or "Merge Append" in plan, plan
    assert pages[0] == pages[1]


async def test_the_pages_of_a_list_together_are_the_whole_list_in_its_order(crowded: Any) -> None:
    async with crowded.transaction() as tx:
        whole = await tx.fetch(
            "SELECT id FROM issues WHERE queue_tier = 2 AND queue_team = 'team1' ORDER BY priority, deadline, id"
        )
        found, after = [], None
        while True:
            page = await lists.read(tx, lists.of_tier(Wanted(2, team="team1", after=after, limit=200)), 200)
            found += [row.id for row in page.items]
            if (after := page.next) is None:
                break
    assert found == [row[0] for row in whole]
    assert len(found) > 200


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


async def ids(agent: Staff, path: str, **filters: Any) -> list[str]:
    answer = await agent.get(path, **filters)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def test_an_issue_is_in_the_one_list_of_its_state_and_an_offer_in_its_targets_queue(queues: QueueService) -> None:
    ada, tim = await queues.staff("ada"), await queues.staff("tim", tiers=[2])
    issue = await queues.issue(category="bug")

    async def states(tier: int) -> set[str]:
        return {
            state.value
            for state in Listed
            if str(issue) in await ids(ada, f"/tiers/{tier}/issues", state=state.value, category="bug")
        }

    assert await states(1) == {"claimable", "queued"}
    await ada.give("claim", issue)
    assert await states(1) == {"assigned"}
    await ada.offer(issue)
    assert (await states(1), await states(2)) == ({"assigned"}, {"claimable"})
    offered = (await tim.get("/tiers/2/issues")).json()["items"][0]
    assert (offered["offered"], offered["owner"], offered["team"]) == (True, ada.id, "frontline")
    await tim.give("accept", issue)
    waits: dict[str, Any] = {"for": "customer", "reason": "A question."}
    await tim.give("wait", issue, **waits)
    assert await states(2) == {"waiting"}
    assert await ids(tim, "/mine") == [str(issue)]
    await tim.give("resume", issue)
    await tim.give("resolve", issue, resolution="solved", text="Done.")
    assert await states(2) == {"resolved"}
    assert await ids(tim, "/mine") == []


async def test_counts_of_tiers_are_exact_within_a_second(queues: QueueService) -> None:
    eve = await queues.staff("eve", tiers=[3])
    await queues.issues(7, tier=3)
    for _ in range(2):
        await eve.claim_next(3)

    async def counted() -> bool:
        counts = {row["tier"]: row for row in (await eve.get("/tiers")).json()}
        return bool({"claimable": 5, "offered": 0, "assigned": 2, "waiting": 0}.items() <= counts[3].items())

    await wait_until(counted, timedelta(seconds=5), "the counts are right")
