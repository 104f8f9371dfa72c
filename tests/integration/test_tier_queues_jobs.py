"""Who sees jobs over many issues, and who ends them early, over HTTP and on a real database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, running_queues
from tier_queues import bulk_store, bulk_work
from tier_queues.bulk_store import INFORM, NewJob
from tier_queues.policies import Policies


@pytest.fixture(scope="module")
async def web(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    """A service whose jobs nobody works but the test."""
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


async def noting(agent: Staff, web: QueueService, issues: int) -> str:
    """A job that leaves a note on so many new issues."""
    made = [str(issue) for issue in await web.issues(issues)]
    body = {"issues": made, "command": "note", "content": {"text": "Once."}}
    return str((await agent.send("POST", "/bulk", body)).json()["id"])


async def listed(agent: Staff, **parameters: Any) -> list[str]:
    return [job["id"] for job in (await agent.get("/bulk", **parameters)).json()["items"]]


async def test_agents_see_their_own_jobs_newest_first_and_leads_everybodys(web: QueueService) -> None:
    ada, bob = await web.staff("ada"), await web.staff("bob")
    lea = await web.staff("lea", role=Role.LEAD)
    first, second, of_bob = await noting(ada, web, 1), await noting(ada, web, 1), await noting(bob, web, 1)
    async with web.service.db.transaction() as tx:
        told = NewJob(ada.id, "Ada", INFORM, {"master": str(new_id()), "text": "So."}, [new_id()], await tx.now())
        await bulk_store.add(tx, [told])
    assert await listed(ada) == [second, first]
    assert await listed(lea) == [of_bob, second, first]
    page = (await ada.get("/bulk", limit=1)).json()
    assert await listed(ada, after=page["next"]) == [first]


@pytest.mark.parametrize(("by", "index"), [(None, "bulk_jobs_pkey"), ("ada", "bulk_jobs_given_by")])
async def test_a_page_of_jobs_is_read_from_an_index(web: QueueService, by: str | None, index: str) -> None:
    sql, parameters = bulk_store.given(by, None, 50)
    async with web.service.db.transaction() as tx:
        await tx.fetch("SET LOCAL enable_seqscan = off")
        await tx.fetch("SET LOCAL enable_bitmapscan = off")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *parameters))
    assert f"{index} on" in plan
    assert "Sort" not in plan


async def test_the_rest_of_a_cancelled_job_is_not_done_and_what_was_done_stays(web: QueueService) -> None:
    ada, bob = await web.staff("ada"), await web.staff("bob")
    while await bulk_work.work(web.service.db, policies=Policies(), limit=10):
        pass
    job = await noting(ada, web, 7)
    assert await bulk_work.work(web.service.db, policies=Policies(), limit=3)
    assert (await bob.send("POST", f"/bulk/{job}/cancel", {})).status_code == 403
    ended = await ada.send("POST", f"/bulk/{job}/cancel", {}, key="once")
    assert (ended.status_code, ended.json()["cancelled_by"]) == (200, ada.id)
    assert (await ada.send("POST", f"/bulk/{job}/cancel", {}, key="once")).content == ended.content
    assert not await bulk_work.work(web.service.db, policies=Policies(), limit=3)
    shown = (await ada.get(f"/bulk/{job}")).json()
    assert (shown["done"], shown["refused"], shown["total"]) == (3, 0, 7)
    assert shown["finished_at"] is not None
    late = await ada.send("POST", f"/bulk/{job}/cancel", {})
    assert (late.status_code, late.json()["type"]) == (409, "urn:tierdesk:problem:bulk-finished")


async def test_a_lead_cancels_anybodys_job(web: QueueService) -> None:
    ada, lea = await web.staff("ada"), await web.staff("lea", role=Role.LEAD)
    job = await noting(ada, web, 1)
    assert (await lea.send("POST", f"/bulk/{job}/cancel", {})).json()["cancelled_by"] == lea.id
    assert (await lea.send("POST", f"/bulk/{new_id()}/cancel", {})).status_code == 404
