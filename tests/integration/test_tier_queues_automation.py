"""Rules of automation as data: put in force, acting once, refused whole, stopped when they chase each other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from shared.db import Unavailable
from shared.ids import new_id
from shared.vocabulary import Role
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, accepted_now, running_queues
from support.running import rows, wait_until
from tier_queues import automation_queue, automation_trial_api, automation_work
from tier_queues.automation_work import Limits

SOON = timedelta(seconds=20)
LIMITS = Limits(depth=3, per_issue=20)


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    """A service whose rules act when the test lets them."""
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture(scope="module")
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("ann", role=Role.ADMIN)


@pytest.fixture
async def lead(queues: QueueService) -> Staff:
    return await queues.staff("lea", role=Role.LEAD, teams=["frontline"])


def rule(name: str, fact: str, *then: tuple[str, dict[str, Any]], **changes: Any) -> dict[str, Any]:
    steps = [{"command": command, "content": content} for command, content in then]
    return {"name": name, "when": {"fact": fact}, "then": steps} | changes


def tag(*tags: str) -> tuple[str, dict[str, Any]]:
    return ("tag", {"tags": list(tags)})


async def put(admin: Staff, *rules: dict[str, Any], note: str = "Better.") -> httpx2.Response:
    version = (await admin.get("/automation")).json()["version"]
    return await admin.send("PUT", "/automation", {"rules": list(rules), "note": note}, version=version)


async def in_force(queues: QueueService, admin: Staff, *rules: dict[str, Any]) -> int:
    answer = await put(admin, *rules)
    assert answer.status_code == 200, answer.text
    version: int = answer.json()["version"]
    return version


async def act(queues: QueueService, limits: Limits = LIMITS) -> None:
    """Let all rules that are due act."""
    while await pending(queues):
        await automation_work.act(queues.service.db, policies=policies(queues), limits=limits, limit=50)


def policies(queues: QueueService) -> Any:
    (rules,) = queues.service.resources
    return rules.policies  # type: ignore[attr-defined]


async def pending(queues: QueueService) -> int:
    found = await rows(
        queues.service.db,
        "SELECT count(*) FROM automation_due WHERE due_at <= clock_timestamp() + (SELECT ahead FROM clock)",
    )
    return int(found[0][0])


async def runs(staff: Staff, **filters: Any) -> list[dict[str, Any]]:
    answer = await staff.get("/automation/runs", **filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def types(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["type"].split(".")[1] for entry in entries]


async def titled(queues: QueueService, title: str, **routing: Any) -> UUID:
    issue = new_id()
    routed = events.routed(of=accepted_now(title=title), **routing)
    await queues.hear(issue, routed)
    return issue


async def test_rules_are_versions_with_who_when_and_why(queues: QueueService, admin: Staff) -> None:
    before = (await admin.get("/automation")).json()["version"]
    made = await put(admin, rule("greet", "issue-queued", tag("new")), note="Everything new is tagged.")
    assert (made.status_code, made.json()["version"]) == (200, before + 1)
    assert made.headers["etag"] == f'"{before + 1}"'
    (newest, *_) = (await admin.get("/automation/versions", limit=1)).json()["items"]
    assert (newest["note"], newest["author"]) == ("Everything new is tagged.", admin.id)
    shown = (await admin.get(f"/automation/versions/{before + 1}")).json()
    assert shown["rules"] == [rule("greet", "issue-queued", tag("new"))]
    stale = await admin.send("PUT", "/automation", {"rules": [], "note": "Off."}, version=before)
    assert (stale.status_code, stale.json()["version"]) == (412, before + 1)
    assert (await admin.send("PUT", "/automation", {"rules": [], "note": "Off."})).status_code == 428
    assert (await admin.get("/automation/versions/999999")).status_code == 404


async def test_rules_come_back_from_the_file_that_they_went_out_as(queues: QueueService, admin: Staff) -> None:
    conditions = {"tier": [1], "words": ["outage"], "owner": False}
    timed = rule("rest", "x", tag("late"), when={"after": "PT2H", "in": "waiting"}, **{"if": conditions})
    version = await in_force(queues, admin, rule("greet", "issue-queued", tag("new")), timed)
    exported = await admin.get("/automation/export")
    assert exported.headers["content-type"].startswith("application/yaml")
    body = {"yaml": exported.text, "note": "The same."}
    imported = await admin.send("PUT", "/automation/import", body, version=version)
    assert imported.status_code == 200, imported.text
    assert imported.json()["rules"] == (await admin.get(f"/automation/versions/{version}")).json()["rules"]


async def test_a_wrong_file_is_refused_with_its_line_and_nothing_changes(queues: QueueService, admin: Staff) -> None:
    version = await in_force(queues, admin, rule("greet", "issue-queued", tag("new")))
    wrong = "rules:\n  - name: grab\n    when: {fact: issue-queued}\n    then:\n      - command: claim\n"
    refused = await admin.send("PUT", "/automation/import", {"yaml": wrong, "note": "No."}, version=version)
    assert (refused.status_code, refused.json()["line"]) == (422, 5)
    assert "never takes an issue" in refused.json()["detail"]
    refused = await put(admin, rule("grab", "issue-queued", ("claim", {})))
    assert refused.json()["faults"][0]["where"] == ["body", "rules", 0, "then", 0, "command"]
    assert (await admin.get("/automation")).json()["version"] == version


async def test_a_rule_acts_once_as_one_and_everything_says_that_it_was_the_rule(
    queues: QueueService, admin: Staff, ada: Staff
) -> None:
    note = ("note", {"text": "{{customer_name}} has an outage."})
    version = await in_force(
        queues, admin, rule("outage", "issue-queued", tag("outage"), note, **{"if": {"words": ["Outage"]}})
    )
    issue, other = await titled(queues, "An outage, again"), await titled(queues, "My invoice")
    assert (await ada.issue(issue))["version"] == 1
    await act(queues)
    entries = await ada.timeline(issue)
    assert types(entries) == ["issue-queued", "tags-changed", "issue-noted"]
    mark = {"name": "outage", "version": version, "chain": ["outage"]}
    for entry in entries[1:]:
        assert entry["actor"] == entry["fact"]["actor"]
        assert (entry["actor"]["kind"], entry["actor"]["by_rule"]) == ("rule", mark)
    assert entries[2]["private"]["text"] == "Grace Hopper has an outage."
    assert (await ada.issue(issue))["participants"] == []
    assert (await ada.issue(other))["version"] == 1
    (run,) = await runs(ada, rule="outage", issue=str(issue))
    assert (run["outcome"], run["fact_version"], run["version"], run["problem"]) == ("done", 1, version, None)


async def test_a_rule_that_is_refused_leaves_nothing_behind_and_stops_no_other(
    queues: QueueService, admin: Staff, ada: Staff
) -> None:
    await in_force(
        queues,
        admin,
        rule("late", "issue-claimed", tag("half"), ("reopen", {"reason": "No."})),
        rule("fine", "issue-claimed", tag("whole")),
    )
    issue = await queues.issue()
    await ada.give("claim", issue)
    await act(queues)
    assert (await ada.issue(issue))["tags"] == ["whole"]
    (refused,) = await runs(ada, issue=str(issue), outcome="refused")
    problem = refused["problem"]
    assert (problem["status"], problem["step"], problem["command"]) == (409, 2, "reopen")
    assert [run["rule"] for run in await runs(ada, issue=str(issue))] == ["fine", "late"]


async def test_rules_apply_to_what_comes_after_them(queues: QueueService, admin: Staff, ada: Staff) -> None:
    await in_force(queues, admin)
    before = await queues.issue()
    await in_force(queues, admin, rule("first", "issue-queued", tag("first")))
    between = await queues.issue()
    await in_force(queues, admin, rule("first", "issue-queued", tag("second")))
    after, gone = await queues.issue(), await queues.issue(tier=2)
    await act(queues)
    assert [(await ada.issue(issue))["tags"] for issue in (before, between, after)] == [[], ["first"], ["second"]]
    assert (await ada.issue(gone))["tags"] == ["second"]
    waiting = await queues.issue()
    await in_force(queues, admin)
    await act(queues)
    assert (await ada.issue(waiting))["tags"] == []


async def test_what_a_customer_writes_sets_off_a_rule(queues: QueueService, admin: Staff, ada: Staff) -> None:
    again = {"text": "We look at it.", "exception_reason": "Said at once.", "confirm": True}
    await in_force(queues, admin, rule("again", "customer-replied", ("reply", again), **{"if": {"owner": True}}))
    issue = await queues.issue()
    await queues.hear(issue, events.customer_replied())
    await act(queues)
    assert types(await ada.timeline(issue)) == ["issue-queued", "customer-heard"]
    await ada.give("claim", issue)
    await queues.hear(issue, events.customer_replied(), first=2)
    await act(queues)
    last = (await ada.timeline(issue))[-1]
    assert (last["type"], last["fact"]["text"]) == ("tierdesk.issue-replied.v1", "We look at it.")
    seen = await ada.issue(issue)
    assert (seen["owner"], seen["unseen"]) == (ada.id, True)
    assert (await ada.give("resolve", issue, resolution="solved", text="Done.")).status_code == 409


async def test_rules_that_set_off_each_other_are_stopped_and_the_lead_hears_it_once(
    queues: QueueService, admin: Staff, ada: Staff, lead: Staff
) -> None:
    await in_force(
        queues,
        admin,
        rule("ping", "issue-noted", tag("ping"), **{"if": {"tag": ["loop"]}}),
        rule("pong", "tags-changed", ("note", {"text": "Pong."}), **{"if": {"tag": ["loop"]}}),
    )
    team = {"tiers": [1], "leads": [lead.id]}
    assert (await admin.send("PUT", "/teams/loops", team, version=0)).status_code == 200
    issue = await queues.issue(team="loops")
    await ada.give("tag", issue, tags=["loop"])
    await act(queues)
    stopped = await runs(ada, issue=str(issue), outcome="stopped")
    first = stopped[-1]
    assert (first["rule"], first["chain"]) == ("pong", ["pong", "ping"])
    assert "pong → ping → pong" in first["problem"]["detail"]
    (alert,) = [entry["fact"] for entry in await ada.timeline(issue) if entry["type"] == "tierdesk.lead-alerted.v1"]
    assert (alert["cause"], alert["leads"]) == ("automation-stopped", [lead.id])
    version = (await ada.issue(issue))["version"]
    await ada.give("note", issue, text="Once more.")
    await act(queues)
    more = [entry for entry in await ada.timeline(issue) if entry["version"] > version]
    assert "lead-alerted" not in types(more)
    assert len(await runs(ada, issue=str(issue), outcome="stopped", rule="ping")) > 0


async def test_rules_act_on_an_issue_so_often_a_day_and_no_more(queues: QueueService, admin: Staff, ada: Staff) -> None:
    await in_force(queues, admin, rule("echo", "issue-noted", tag("noted")))
    issue = await queues.issue()
    for _ in range(3):
        await ada.give("note", issue, text="Hm.")
    await act(queues, Limits(depth=3, per_issue=2))
    assert [run["outcome"] for run in await runs(ada, issue=str(issue))] == ["stopped", "done", "done"]
    await queues.move_clock(timedelta(days=1, minutes=1))
    await ada.give("note", issue, text="Hm.")
    await act(queues, Limits(depth=3, per_issue=2))
    assert (await runs(ada, issue=str(issue)))[0]["outcome"] == "done"


async def test_a_rule_of_time_acts_when_all_has_lasted_and_only_then(
    queues: QueueService, admin: Staff, ada: Staff
) -> None:
    await in_force(
        queues,
        admin,
        rule("queue", "x", tag("queued-long"), when={"after": "PT1H", "since": "queued"}),
        rule("silence", "x", tag("silent"), when={"after": "PT90M", "since": "customer-message"}),
        rule("wait", "x", ("put-back", {"reason": "Nobody answered."}), when={"after": "PT1H", "in": "waiting"}),
        rule("vip", "x", tag("vip"), when={"after": "PT1H", "since": "queued"}, **{"if": {"plan": ["gold"]}}),
    )
    left, taken, wrote, waiting = [await queues.issue() for _ in range(4)]
    for issue in (taken, waiting):
        await ada.give("claim", issue)
    rest: dict[str, Any] = {"for": "customer", "reason": "Asked."}
    await ada.give("wait", waiting, **rest)
    await act(queues)
    await queues.move_clock(timedelta(minutes=61))
    await queues.hear(wrote, events.customer_replied())
    await act(queues)
    assert [(await ada.issue(issue))["tags"] for issue in (left, taken, wrote)] == [
        ["queued-long"],
        [],
        ["queued-long"],
    ]
    put_back = await ada.issue(waiting)
    assert (put_back["state"], put_back["owner"]) == ("queued", None)
    await queues.move_clock(timedelta(minutes=31))
    await act(queues)
    assert (await ada.issue(left))["tags"] == ["queued-long", "silent"]
    assert (await ada.issue(wrote))["tags"] == ["queued-long"]
    await act(queues)
    assert len(await runs(ada, issue=str(left))) == 2


async def die_before_the_commit(queues: QueueService) -> None:
    """Let rules act, and cut their connection when all is written but what strikes it off."""
    striking_off = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND query LIKE 'DELETE FROM automation_due%'"
    )

    async def killed() -> bool:
        return bool(await rows(queues.service.db, striking_off))

    async with queues.service.db.transaction() as holding:
        await holding.fetch("SELECT 1 FROM automation_due FOR UPDATE")
        acting = asyncio.create_task(
            automation_work.act(queues.service.db, policies=policies(queues), limits=LIMITS, limit=50)
        )
        await wait_until(killed, SOON, "the rules are about to commit")
        with pytest.raises(Unavailable):
            await acting


async def test_a_rule_acts_once_whoever_crashes_and_however_many_try(
    queues: QueueService, admin: Staff, ada: Staff
) -> None:
    await in_force(queues, admin, rule("once", "issue-queued", ("note", {"text": "Once."})))
    made = await queues.issues(30)
    await die_before_the_commit(queues)
    assert (await pending(queues), await runs(ada, rule="once", limit=100)) == (30, [])
    await asyncio.gather(
        *(automation_work.act(queues.service.db, policies=policies(queues), limits=LIMITS, limit=7) for _ in range(4))
    )
    await act(queues)
    noted = "SELECT issue_id FROM timeline WHERE issue_id = ANY($1) AND type = 'tierdesk.issue-noted.v1'"
    assert sorted(row.issue_id for row in await rows(queues.service.db, noted, made)) == sorted(made)
    assert len(await runs(ada, rule="once", limit=100)) == 30


async def test_a_rule_with_too_much_to_tell_is_refused_and_stops_nobody(
    queues: QueueService, admin: Staff, ada: Staff
) -> None:
    file = {"name": "\x01" * 100, "media_type": "text/plain", "size_bytes": 1}
    files = [{"id": str(new_id())} | file for _ in range(20)]
    long = {"text": "\x01" * 20_000, "attachments": files, "exception_reason": "Too long."}
    await in_force(
        queues, admin, rule("long", "issue-claimed", ("reply", long)), rule("short", "issue-claimed", tag("short"))
    )
    issue = await queues.issue()
    await ada.give("claim", issue)
    await act(queues)
    assert {run["rule"]: run["outcome"] for run in await runs(ada, issue=str(issue))} == {
        "long": "refused",
        "short": "done",
    }


async def test_what_rules_did_is_a_list_in_pages_read_by_an_index(queues: QueueService, ada: Staff) -> None:
    first = (await ada.get("/automation/runs", limit=3)).json()
    second = (await ada.get("/automation/runs", limit=3, after=first["next"])).json()
    ids = [run["id"] for run in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (await ada.get("/automation/runs", outcome="lost")).status_code == 422
    for filters, index in (
        ({"rule": "once"}, "automation_runs_of_rule"),
        ({"issue": new_id()}, "automation_runs_of_issue"),
        ({"outcome": "refused"}, "automation_runs_of_outcome"),
        ({}, "automation_runs_pkey"),
    ):
        wanted: dict[str, Any] = {"rule": None, "issue": None, "outcome": None} | filters
        sql, parameters = automation_queue.runs(**wanted, after=None, limit=50)
        assert index in await plan(queues, sql, *parameters), filters
    assert "automation_due_next" in await plan(queues, automation_queue.NEXT, 50)


async def plan(queues: QueueService, sql: str, *parameters: Any) -> str:
    async with queues.service.db.transaction() as tx:
        await tx.fetch("SET LOCAL enable_seqscan = off")
        await tx.fetch("SET LOCAL enable_sort = off")
        return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *parameters))


async def test_a_dry_run_says_what_rules_would_have_done_to_past_issues_and_does_nothing(
    queues: QueueService, admin: Staff, ada: Staff, lead: Staff
) -> None:
    await in_force(queues, admin)
    one, other = await titled(queues, "Zebra crossing"), await titled(queues, "Zebra again")
    await ada.give("claim", one)
    tried = [
        rule("zebra", "issue-claimed", tag("zebra"), ("note", {"text": "Hm."}), **{"if": {"words": ["zebra"]}}),
        rule("queue", "x", tag("late"), when={"after": "PT1H", "since": "queued"}, **{"if": {"words": ["zebra"]}}),
        rule("said", "customer-replied", tag("said")),
    ]
    await queues.move_clock(timedelta(hours=2))
    answer = await lead.send("POST", "/automation/dry-run", {"rules": tried, "last": 2})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [(touch["issue"], touch["rule"], touch["commands"]) for touch in found["touched"]] == [
        (str(other), "queue", ["tag"]),
        (str(one), "zebra", ["tag", "note"]),
    ]
    assert (found["issues"], found["untried"], found["next"]) == (2, ["said"], None)
    assert [(await ada.issue(issue))["tags"] for issue in (one, other)] == [[], []]
    wrong = await lead.send("POST", "/automation/dry-run", {"yaml": "rules: [{}]"})
    assert (wrong.status_code, wrong.json()["line"]) == (422, 1)


async def test_a_dry_run_goes_on_with_older_issues_where_it_stopped(
    queues: QueueService, admin: Staff, lead: Staff
) -> None:
    await in_force(queues, admin)
    made = await queues.issues(130)
    body: dict[str, Any] = {"rules": [rule("all", "issue-queued", tag("all"))], "last": 120}
    first = (await lead.send("POST", "/automation/dry-run", body)).json()
    second = (await lead.send("POST", "/automation/dry-run", body | {"after": first["next"]})).json()
    assert (first["issues"], second["issues"], second["next"]) == (100, 20, None)
    touched = [touch["issue"] for touch in first["touched"] + second["touched"]]
    assert touched == [str(issue) for issue in reversed(made)][:120]
    assert "issues_number_key" in await plan(queues, automation_trial_api.PAST, 10, 100)


async def test_in_a_running_service_rules_act_by_themselves(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure, automation_poll=timedelta(milliseconds=50)) as started:
        ann, ada = await started.staff("ann", role=Role.ADMIN), await started.staff("ada")
        await in_force(started, ann, rule("greet", "issue-queued", tag("new")))
        issue = await started.issue()

        async def tagged() -> bool:
            return bool((await ada.issue(issue))["tags"] == ["new"])

        await wait_until(tagged, SOON, "the rule has acted")
