"""Who sees jobs over many issues, and who ends them early, over HTTP and on a real database."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, running_queues
from tier_queues import bulk_store, bulk_work
from tier_queues.bulk_store import INFORM, NewJob
from tier_queues.policies import Policies

POLICIES: Final = Policies(tier_leads={1: ("lea",)})


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


async def telling(agent: Staff, web: QueueService, master: UUID, *issues: UUID, version: int, **content: Any) -> UUID:
    """A job that tells the customers of these issues what the master's was told."""
    content = {"master": str(master), "text": "So.", "version": version} | content
    async with web.service.db.transaction() as tx:
        made = await bulk_store.add(tx, [NewJob(agent.id, "Ada", INFORM, content, issues, await tx.now())])
    return made[0]


async def work_all(web: QueueService) -> None:
    while await bulk_work.work(web.service.db, policies=POLICIES, limit=10):
        pass


async def test_what_is_said_of_one_master_is_said_in_its_order_and_holds_up_no_other(web: QueueService) -> None:
    ada = await web.staff("ada")
    await work_all(web)
    master, (issue, another) = new_id(), await web.issues(2)
    first = await telling(ada, web, master, issue, version=9)
    await telling(ada, web, master, issue, version=10)
    of_another = await telling(ada, web, new_id(), another, version=2)
    async with web.service.db.transaction() as one, web.service.db.transaction() as two:
        taken = [await bulk_store.lock_next(one), await bulk_store.lock_next(two), await bulk_store.lock_next(two)]
    assert [job and job.id for job in taken] == [first, of_another, of_another]
    await work_all(web)
    async with web.service.db.transaction() as tx:
        assert await bulk_store.lock_next(tx) is None


async def test_what_was_tried_alone_is_refused_and_no_other_jobs_part(web: QueueService) -> None:
    ada = await web.staff("ada")
    await work_all(web)
    waiting, tried = await noting(ada, web, 2), await noting(ada, web, 2)
    async with web.service.db.transaction() as tx:
        job = await bulk_store.find(tx, UUID(tried))
    assert job is not None
    for _ in range(2):
        async with web.service.db.transaction() as tx:
            assert await bulk_work.refuse_first(tx, job, POLICIES)
    shown = [(await ada.get(f"/bulk/{one}")).json() for one in (waiting, tried)]
    assert [(one["done"], one["refused"]) for one in shown] == [(0, 0), (0, 1)]


async def test_a_job_that_no_agent_gave_is_not_shown_and_leads_hear_of_customers_it_could_not_tell(
    web: QueueService,
) -> None:
    ada, lea = await web.staff("ada"), await web.staff("lea", role=Role.LEAD)
    master, duplicate = await web.issues(2)
    for issue in (master, duplicate):
        assert (await ada.give("claim", issue)).status_code == 200
    assert (await ada.give("merge", duplicate, into=str(master), text="A duplicate.")).status_code == 200
    endless = {"kind": "agent", "id": ada.id, "name": "\x01" * 30_000}
    job = await telling(ada, web, master, duplicate, version=9, actor=endless)
    for path in (f"/bulk/{job}", f"/bulk/{job}/failures"):
        assert (await lea.get(path)).status_code == 404
    assert (await lea.send("POST", f"/bulk/{job}/cancel", {})).status_code == 404
    await work_all(web)
    alert = (await ada.timeline(duplicate))[-1]["fact"]
    assert (alert["cause"], alert["leads"]) == ("customer-untold", ["lea"])
