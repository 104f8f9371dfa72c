"""One issue that nothing can be decided about keeps no other one waiting, whoever works on both."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, running_queues
from support.running import rows
from tier_queues import automation_work, bulk_work, handlers, leaving, problem_work
from tier_queues.automation_work import Limits

UNEXPECTED = "urn:tierdesk:problem:unexpected"
_SPOIL = """
UPDATE issues SET body = jsonb_set(body::jsonb, '{clocks}', (
    SELECT jsonb_agg(clock || '{"ledger": []}') FROM jsonb_array_elements(body::jsonb->'clocks') AS clock
)) WHERE id = $1
"""


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    """A service whose background is worked by the test."""
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture
async def ada(queues: QueueService) -> Staff:
    return await queues.staff("ada", teams=["frontline"])


def policies(queues: QueueService) -> Any:
    (rules,) = queues.service.resources
    return rules.policies  # type: ignore[attr-defined]


async def owned(queues: QueueService, agent: Staff) -> list[UUID]:
    """Three issues of an agent, with clocks that have something to tell after an hour."""
    made = await queues.issues(3, impact="high", urgency="high")
    for issue in made:
        assert (await agent.give("claim", issue)).status_code == 200
    return made


async def spoil(queues: QueueService, issue: UUID) -> None:
    """Empty its ledgers, which never are, and let time pass until that matters."""
    async with queues.service.db.transaction() as tx:
        await tx.fetch(_SPOIL, issue)
    await queues.move_clock(timedelta(hours=1))


async def test_the_deadlines_of_the_others_are_met(queues: QueueService, ada: Staff) -> None:
    made = await owned(queues, ada)
    await spoil(queues, made[1])
    everywhere: dict[str, Any] = {"tiers": frozenset(), "others": frozenset(), "limit": 100}
    async with queues.service.db.transaction() as tx:
        await handlers.take_due(tx, **everywhere, policies=policies(queues))
    broken = "SELECT issue_id FROM timeline WHERE issue_id = ANY($1) AND type = 'tierdesk.clock-breached.v1'"
    assert {row.issue_id for row in await rows(queues.service.db, broken, made)} == {made[0], made[2]}


async def test_a_command_for_many_is_refused_for_that_one_alone(queues: QueueService, ada: Staff) -> None:
    made = await owned(queues, ada)
    await spoil(queues, made[1])
    body = {"issues": [str(issue) for issue in made], "command": "note", "content": {"text": "Hello."}}
    job = (await ada.send("POST", "/bulk", body)).json()["id"]
    assert await bulk_work.work(queues.service.db, policies=policies(queues), limit=10)
    shown = (await ada.get(f"/bulk/{job}")).json()
    assert (shown["done"], shown["refused"]) == (2, 1)
    (failure,) = (await ada.get(f"/bulk/{job}/failures")).json()["items"]
    assert (failure["issue"], failure["problem"]["type"]) == (str(made[1]), UNEXPECTED)


async def test_a_rule_is_refused_for_that_one_alone(queues: QueueService, ada: Staff) -> None:
    admin = await queues.staff("ann", role=Role.ADMIN)
    then = [{"command": "tag", "content": {"tags": ["claimed"]}}]
    rule = {"name": "mark", "when": {"fact": "issue-claimed"}, "then": then}
    put = await admin.send("PUT", "/automation", {"rules": [rule], "note": "Mark."}, version=0)
    assert put.status_code == 200, put.text
    made = await owned(queues, ada)
    await spoil(queues, made[1])
    await automation_work.act(queues.service.db, policies=policies(queues), limits=Limits(3, 20), limit=10)
    runs = (await ada.get("/automation/runs")).json()["items"]
    outcomes = {run["issue_id"]: run["outcome"] for run in runs}
    assert [outcomes[str(issue)] for issue in made] == ["done", "refused", "done"]


async def test_the_news_of_a_problem_reach_the_others(queues: QueueService, ada: Staff) -> None:
    eve = await queues.staff("eve", tiers=[3])
    made = await owned(queues, ada)
    body = {"title": "It stops", "description": "At umlauts.", "issues": [str(issue) for issue in made]}
    problem = (await eve.send("POST", "/problems", body)).json()["id"]
    await spoil(queues, made[1])
    news = await eve.send("POST", f"/problems/{problem}/tell", {"text": "We work on it."})
    assert news.status_code == 200, news.text
    async with queues.service.db.transaction() as tx:
        await problem_work.tell(tx, policies=policies(queues), limit=10)
    replied = "SELECT issue_id FROM timeline WHERE issue_id = ANY($1) AND type = 'tierdesk.issue-replied.v1'"
    assert {row.issue_id for row in await rows(queues.service.db, replied, made)} == {made[0], made[2]}
    assert not await rows(queues.service.db, "SELECT 1 FROM problem_news_untold"), "nothing stands in the way"


async def test_what_an_agent_owned_who_left_is_in_the_queue_but_for_that_one(queues: QueueService, ada: Staff) -> None:
    made = await owned(queues, ada)
    await spoil(queues, made[1])
    async with queues.service.db.transaction() as tx:
        await tx.fetch("UPDATE agents SET active = false WHERE id = $1", ada.id)
    async with queues.service.db.transaction() as tx:
        assert not await leaving.put_back(tx, policies=policies(queues), limit=3), "it is not tried without end"
    queued = await rows(queues.service.db, "SELECT id FROM issues WHERE id = ANY($1) AND owner IS NULL", made)
    assert {row.id for row in queued} == {made[0], made[2]}
