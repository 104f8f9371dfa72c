"""Tags, watches, links, merges and commands for many issues, over HTTP and on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, running_queues
from support.running import rows, wait_until
from tier_queues import bulk_store, bulk_work, watching
from tier_queues.bulk_store import NewJob
from tier_queues.policies import Policies
from tier_queues.watching import WATCHERS_LIMIT

SOON = timedelta(seconds=20)
RELEASE = {"product": "navy", "name": "2026.11", "released_at": "2026-11-01T00:00:00Z", "notes": "Umlauts."}


async def ids(agent: Staff, path: str, **filters: Any) -> list[str]:
    answer = await agent.get(path, **filters)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def owned(queues: QueueService, ada: Staff) -> UUID:
    issue = await queues.issue()
    assert (await ada.give("claim", issue)).status_code == 200
    return issue


def types(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["type"].split(".")[1] for entry in entries]


async def finished(agent: Staff, job: str) -> dict[str, Any]:
    """A job when all its parts are over."""

    async def over() -> Any:
        shown = (await agent.get(f"/bulk/{job}")).json()
        return shown if shown["finished_at"] else None

    shown: dict[str, Any] = await wait_until(over, SOON, "the job is finished")
    return shown


async def test_tags_are_put_on_and_taken_off_and_narrow_a_list(queues: QueueService, ada: Staff) -> None:
    issue, other, tag = await queues.issue(), await queues.issue(), f"tag-{new_id()}"
    assert (await ada.give("tag", issue, tags=[tag, "slow", tag])).status_code == 200
    assert (await ada.issue(issue))["tags"] == [tag, "slow"]
    assert await ids(ada, "/tiers/1/issues", tag=tag) == [str(issue)]
    assert (await ada.give("untag", issue, tags=[tag])).status_code == 200
    assert await ids(ada, "/tiers/1/issues", tag=tag) == []
    assert (await ada.issue(issue))["tags"] == ["slow"]
    for start in range(0, 40, 20):
        many = [f"{tag}-{n}" for n in range(start, start + 20)]
        assert (await ada.give("tag", other, tags=many)).status_code == 200
    refused = await ada.give("tag", other, tags=[f"more-{n}" for n in range(11)])
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:tierdesk:problem:too-many-tags")


async def test_what_somebody_watches_is_a_list_of_theirs_and_no_change_of_the_issue(queues: QueueService) -> None:
    ada, bob = await queues.staff("ada"), await queues.staff("bob", role=Role.OPERATOR)
    made = await queues.issues(3)
    for issue in made:
        assert (await bob.give("watch", issue)).status_code == 204
    assert (await bob.give("watch", made[0])).status_code == 204
    first = (await bob.get("/watched", limit=2)).json()
    second = (await bob.get("/watched", limit=2, after=first["next"])).json()
    assert [row["id"] for row in first["items"] + second["items"]] == [str(issue) for issue in reversed(made)]
    assert second["next"] is None
    assert await ids(ada, "/watched") == []
    assert (await ada.issue(made[0]))["version"] == 1
    assert (await bob.give("unwatch", made[1])).status_code == 204
    assert await ids(bob, "/watched") == [str(made[2]), str(made[0])]
    assert (await bob.give("watch", new_id())).status_code == 404
    async with queues.service.db.transaction() as tx:
        await tx.fetch("SET LOCAL enable_seqscan = off")
        query = watching.of_agent("bob", first["next"], 50)
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query.sql}", *query.parameters))
    assert "watches_newest" in plan
    assert "issues_pkey" in plan


async def test_the_facts_of_what_is_watched_name_who_watches_it_then(queues: QueueService) -> None:
    ada, bob, kim = await queues.staff("ada"), await queues.staff("bob"), await queues.staff("kim")
    issue, other = await queues.issues(2)
    for agent in (bob, kim, kim):
        assert (await agent.give("watch", issue)).status_code == 204
    for made in (issue, other):
        await ada.give("claim", made)
        await ada.give("resolve", made, resolution="solved", text="Done.")
    assert (await bob.give("unwatch", issue)).status_code == 204
    assert (await ada.give("reopen", issue, reason="Not yet.")).status_code == 200
    named = [(entry["type"], entry["fact"].get("watchers")) for entry in (await ada.timeline(issue))[-2:]]
    assert named == [("tierdesk.issue-resolved.v1", [bob.id, kim.id]), ("tierdesk.issue-reopened.v1", [kim.id])]
    assert "watchers" not in (await ada.timeline(other))[-1]["fact"]
    many = [await queues.staff(f"watcher{number}") for number in range(WATCHERS_LIMIT)]
    for agent in many:
        assert (await agent.give("watch", other)).status_code == 204
    assert await ids(kim, "/watched") == [str(issue)]
    assert (await kim.give("watch", other)).status_code == 204
    await ada.give("reopen", other, reason="Not yet.")
    assert (await ada.timeline(other))[-1]["fact"]["watchers"] == [agent.id for agent in many]
    assert await ids(kim, "/watched") == [str(other), str(issue)]


async def test_a_snoozed_issue_wakes_at_its_time(queues: QueueService, ada: Staff) -> None:
    issue = await owned(queues, ada)
    async with queues.service.db.transaction() as tx:
        until = (await tx.now() + timedelta(hours=1)).isoformat()
    asleep = await ada.give("snooze", issue, until=until, reason="They call back.")
    assert (asleep.status_code, asleep.json()["state"]) == (200, "waiting")
    assert (await ada.issue(issue))["waiting_for"] == "time"
    await queues.move_clock(timedelta(minutes=61))

    async def awake() -> bool:
        return bool((await ada.issue(issue))["state"] == "assigned")

    await wait_until(awake, SOON, "the issue is awake")


async def test_both_issues_of_a_link_say_so_until_it_is_taken_back(queues: QueueService, ada: Staff) -> None:
    one, other = await queues.issues(2)
    assert (await ada.give("link", one, other=str(other), relation="blocks")).status_code == 200
    (there,), (back,) = (await ada.issue(one))["links"], (await ada.issue(other))["links"]
    assert (there["issue"], there["relation"]) == (str(other), "blocks")
    assert (back["issue"], back["relation"]) == (str(one), "blocked_by")
    assert types(await ada.timeline(other)) == ["issue-queued", "issue-linked"]
    assert (await ada.give("unlink", other, other=str(one))).status_code == 200
    assert [(await ada.issue(issue))["links"] for issue in (one, other)] == [[], []]
    assert (await ada.give("unlink", other, other=str(one))).status_code == 409
    for unknown in (new_id(), one):
        refused = await ada.give("link", one, other=str(unknown), relation="related")
        assert refused.status_code == 422, refused.text


async def test_the_answer_to_a_master_reaches_the_customers_of_its_duplicates(queues: QueueService, ada: Staff) -> None:
    master, duplicate, unmerged = await owned(queues, ada), await owned(queues, ada), await owned(queues, ada)
    for issue in (duplicate, unmerged):
        merged = await ada.give("merge", issue, into=str(master))
        assert (merged.status_code, merged.json()["state"]) == (200, "resolved")
    assert types(await ada.timeline(duplicate))[2:] == ["issue-merged", "issue-resolved"]
    assert types(await ada.timeline(master))[2:] == ["issue-linked", "issue-linked"]
    assert (await ada.issue(duplicate))["resolution"] == "duplicate"
    assert (await ada.give("unlink", unmerged, other=str(master))).status_code == 200
    await ada.give("reply", master, text="Only to you.")
    await ada.give("reply", master, text="To all of you.", to_duplicates=True)
    await ada.give("resolve", master, resolution="solved", text="It works again.")

    async def told() -> bool:
        return len(await ada.timeline(duplicate)) == 6

    await wait_until(told, SOON, "the duplicate's customer is told")
    entries = await ada.timeline(duplicate)
    assert types(entries)[4:] == ["issue-replied", "issue-replied"]
    assert [entry["fact"]["text"] for entry in entries[4:]] == ["To all of you.", "It works again."]
    assert (await ada.issue(duplicate))["state"] == "resolved"
    assert len(await ada.timeline(unmerged)) == 5


async def test_a_fix_that_resolves_a_master_reaches_the_customers_of_its_duplicates(
    queues: QueueService, ada: Staff
) -> None:
    expert = await queues.staff("eve", tiers=[3])
    admin = await queues.staff("root", role=Role.ADMIN)
    master, duplicate = await owned(queues, ada), await owned(queues, ada)
    assert (await ada.give("merge", duplicate, into=str(master))).status_code == 200
    problem = {"title": "It stops", "description": "At umlauts.", "issues": [str(master)]}
    made = (await expert.send("POST", "/problems", problem)).json()
    release = await admin.send("POST", "/releases", RELEASE)
    assert release.status_code == 201, release.text
    fix = {"release": release.json()["id"], "text": "Update and it works.", "then": "resolve"}
    fixed = await expert.send("POST", f"/problems/{made['id']}/fix", fix)
    assert fixed.status_code == 200, fixed.text

    async def told() -> bool:
        return bool((await ada.timeline(duplicate))[-1]["fact"].get("text") == "Update and it works.")

    await wait_until(told, SOON, "the duplicate's customer is told")
    assert (await ada.issue(master))["state"] == "resolved"


async def test_there_are_no_chains_and_no_cycles_of_merges(queues: QueueService, ada: Staff) -> None:
    one, two, three = [await owned(queues, ada) for _ in range(3)]
    assert (await ada.give("merge", one, into=str(one))).status_code == 422
    assert (await ada.give("merge", one, into=str(two))).status_code == 200
    chain = await ada.give("merge", three, into=str(one))
    assert (chain.status_code, chain.json()["into"]) == (409, str(two))
    for target in (one, three):
        assert (await ada.give("merge", two, into=str(target))).status_code == 409
    assert "merge" not in (await ada.issue(two))["allowed"]
    assert (await ada.give("reopen", one, reason="Not the same.")).status_code == 200
    assert (await ada.give("merge", one, into=str(three))).status_code == 409
    assert (await ada.give("unlink", one, other=str(two))).status_code == 200
    assert (await ada.give("merge", one, into=str(three))).status_code == 200
    await ada.give("resolve", two, resolution="solved", text="Done.")
    over = await ada.give("merge", three, into=str(two))
    assert over.status_code == 409
    bob = await queues.staff("bob", tiers=[2])
    assert (await bob.give("merge", three, into=str(one))).status_code == 409


async def test_two_issues_merged_into_each_other_at_once_end_as_one_merge(queues: QueueService, ada: Staff) -> None:
    for _ in range(5):
        one, two = await owned(queues, ada), await owned(queues, ada)
        answers = await asyncio.gather(ada.give("merge", one, into=str(two)), ada.give("merge", two, into=str(one)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_command_for_many_issues_is_worked_soon_and_lists_what_was_refused(
    queues: QueueService, ada: Staff
) -> None:
    made, tag, key = await queues.issues(120), f"tag-{new_id()}", str(new_id())
    absent = new_id()
    body = {"issues": [str(issue) for issue in [*made, absent]], "command": "tag", "content": {"tags": [tag]}}
    accepted = await ada.send("POST", "/bulk", body, key=key)
    assert accepted.status_code == 202, accepted.text
    assert (accepted.json()["total"], accepted.json()["finished_at"]) == (121, None)
    again = await ada.send("POST", "/bulk", body, key=key)
    assert again.content == accepted.content
    shown = await finished(ada, accepted.json()["id"])
    assert (shown["done"], shown["refused"]) == (120, 1)
    failures = (await ada.get(f"/bulk/{shown['id']}/failures")).json()["items"]
    assert [(one["issue"], one["problem"]["status"]) for one in failures] == [(str(absent), 404)]
    tagged = await rows(queues.service.db, "SELECT version FROM issues WHERE tags @> $1::jsonb", f'["{tag}"]')
    assert [row.version for row in tagged] == [2] * 120


async def test_two_commands_for_the_same_issues_race_and_each_issue_obeys_one(queues: QueueService) -> None:
    agents = [await queues.staff(name, teams=["frontline"]) for name in ("ada", "bob")]
    made = await queues.issues(150)
    orders = [made, list(reversed(made))]
    accepted = await asyncio.gather(
        *(
            agent.send("POST", "/bulk", {"issues": [str(issue) for issue in order], "command": "claim"})
            for agent, order in zip(agents, orders, strict=True)
        )
    )
    shown = [await finished(agents[0], answer.json()["id"]) for answer in accepted]
    assert sum(job["done"] for job in shown) == sum(job["refused"] for job in shown) == 150
    failures = (await agents[0].get(f"/bulk/{shown[1]['id']}/failures", limit=100)).json()
    assert {one["problem"]["type"] for one in failures["items"]} <= {"urn:tierdesk:problem:taken"}
    counted = await rows(
        queues.service.db, "SELECT owner, count(*) FROM issues WHERE id = ANY($1) GROUP BY owner", made
    )
    assert {row[0]: row[1] for row in counted} == {
        agent.id: job["done"] for agent, job in zip(agents, shown, strict=True) if job["done"]
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"issues": []},
        {"issues": [str(new_id())] * 2},
        {"issues": [str(new_id()) for _ in range(1001)]},
        {"command": "inform"},
        {"command": "tag"},
        {"content": {"colour": "red"}},
    ],
    ids=["none", "twice", "too many", "no command of agents", "no content", "other content"],
)
async def test_a_command_for_many_that_could_never_be_given_is_refused(ada: Staff, wrong: dict[str, Any]) -> None:
    body = {"issues": [str(new_id())], "command": "resume", "content": {}} | wrong
    assert (await ada.send("POST", "/bulk", body)).status_code == 422


@pytest.fixture(scope="module")
async def web(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    """A service whose jobs nobody works but the test."""
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


class Crash(Exception):
    """The process ends here."""


async def test_a_job_goes_on_after_a_crash_with_each_part_done_once(web: QueueService) -> None:
    ada = await web.staff("ada")
    made = await web.issues(30)
    body = {"issues": [str(issue) for issue in made], "command": "note", "content": {"text": "Once."}}
    job = (await ada.send("POST", "/bulk", body)).json()["id"]
    db, policies = web.service.db, Policies()
    assert await bulk_work.work(db, policies=policies, limit=10)
    with pytest.raises(Crash):
        await _crash_in_the_middle(web)
    assert (await ada.get(f"/bulk/{job}")).json()["done"] == 10
    await asyncio.gather(*(bulk_work.work(db, policies=policies, limit=10) for _ in range(3)))
    while await bulk_work.work(db, policies=policies, limit=10):
        pass
    assert (await finished(ada, job))["done"] == 30
    versions = await rows(db, "SELECT version FROM issues WHERE id = ANY($1)", made)
    assert [row.version for row in versions] == [2] * 30


async def test_who_may_no_longer_work_here_gives_no_command_either(web: QueueService) -> None:
    ada = await web.staff("ada")
    made = await web.issues(3)
    body = {"issues": [str(issue) for issue in made], "command": "note", "content": {"text": "Too late."}}
    job = (await ada.send("POST", "/bulk", body)).json()["id"]
    async with web.service.db.transaction() as tx:
        await tx.fetch("UPDATE agents SET active = false WHERE id = $1", ada.id)
    while await bulk_work.work(web.service.db, policies=Policies(), limit=10):
        pass
    shown = await finished(ada, job)
    assert (shown["done"], shown["refused"]) == (0, 3)


async def test_what_is_too_long_to_be_told_is_refused_and_stops_nobody(web: QueueService) -> None:
    ada = await web.staff("ada")
    made = await web.issues(3)
    for issue in made:
        await ada.give("claim", issue)
    file = {"name": "\x01" * 100, "media_type": "text/plain", "size_bytes": 1}
    files = [{"id": str(new_id())} | file for _ in range(20)]
    now = await _now(web)
    long = NewJob(ada.id, "Ada", "reply", {"text": "\x01" * 20_000, "attachments": files}, made, now)
    short = NewJob(ada.id, "Ada", "reply", {"text": "Hello."}, made, now)
    async with web.service.db.transaction() as tx:
        keys = await bulk_store.add(tx, [long, short])
    while await bulk_work.work(web.service.db, policies=Policies(), limit=10):
        pass
    shown = [await finished(ada, str(key)) for key in keys]
    assert [(job["done"], job["refused"]) for job in shown] == [(0, 3), (3, 0)]


async def _crash_in_the_middle(queues: QueueService) -> None:
    async with queues.service.db.transaction() as tx:
        job = await bulk_store.lock_next(tx)
        assert job is not None
        await bulk_work.batch(tx, job, 10, Policies())
        raise Crash


async def _now(queues: QueueService) -> Any:
    async with queues.service.db.transaction() as tx:
        return await tx.now()
