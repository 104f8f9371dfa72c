"""Beside an issue's course, over HTTP and on a real database: questions, mentions, drafts, briefings, exceptions."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.db import Transaction
from shared.events import issues
from shared.ids import new_id
from shared.paging import cursor_of
from shared.vocabulary import Role
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, own_namespace, queue_settings, running_queues
from support.running import prepare, rows, wait_until
from tier_queues import app, consult_list, mention_list
from tier_queues.consult_list import Asked

SOON = timedelta(seconds=20)
MANY = 20_000
BRIEFING = {"customer": "Navy, plan basic.", "symptoms": "The import stops.", "tried": "A smaller file."}
QUESTION: dict[str, Any] = {"target": {"tier": 2}, "question": "Which SECRET index?", "briefing": BRIEFING}
_SEED_CONSULTS = """
INSERT INTO consults (id, issue_id, state, tier, team, agent, asked_by, asked_by_name, question, customer, symptoms,
    tried, on_hold, asked_at, due_at)
SELECT gen_random_uuid(), gen_random_uuid(), CASE WHEN n % 4 = 0 THEN 'open' ELSE 'answered' END, 1 + n % 5,
    'team' || n % 31, 'agent' || n % 50, 'ada', 'Ada', 'q', 'c', 's', 't', false, now(), now() + n * interval '1 minute'
FROM generate_series(1, $1) AS n ORDER BY md5(n::text)
"""
"""In no order, so that an index which reads too much costs more than the right one."""
_SEED_MENTIONS = """
INSERT INTO mentions (agent, issue_id, version, at)
SELECT 'agent' || n % 50, gen_random_uuid(), 1, now() + n * interval '1 minute' FROM generate_series(1, $1) AS n
"""
AFTER = cursor_of(["2026-11-22T12:00:00+00:00", new_id()])
AFTER_MENTION = cursor_of(["2099-11-22T12:00:00+00:00", new_id(), 3])


@pytest.fixture
async def tim(queues: QueueService) -> Staff:
    return await queues.staff("tim", tiers=[2], teams=["technical"])


async def owned(queues: QueueService, ada: Staff) -> Any:
    issue = await queues.issue()
    assert (await ada.give("claim", issue)).status_code == 200
    return issue


async def consult(ada: Staff, issue: Any, **changes: Any) -> str:
    answer = await ada.give("consult", issue, **QUESTION | changes)
    assert answer.status_code == 200, answer.text
    return str((await ada.issue(issue))["consults"][-1]["id"])


async def listed(agent: Staff, **filters: Any) -> dict[str, Any]:
    answer = await agent.get("/consults", limit=200, **filters)
    assert answer.status_code == 200, answer.text
    return {row["id"]: row for row in answer.json()["items"]}


async def test_a_question_is_listed_for_those_who_are_asked_until_one_of_them_answers(
    queues: QueueService, ada: Staff, tim: Staff
) -> None:
    issue = await owned(queues, ada)
    to_tier = await consult(ada, issue)
    to_team = await consult(ada, issue, target={"tier": 2, "team": "technical"})
    to_tim = await consult(ada, issue, target={"agent": tim.id})
    assert {to_tier, to_team, to_tim} <= (await listed(tim, tier=2)).keys()
    assert to_team in await listed(tim, team="technical")
    assert list(await listed(tim, mine=True)) == [to_tim]
    assert await listed(tim, mine=True, tier=1) == {}
    row = (await listed(tim, mine=True))[to_tim]
    assert [row[name] for name in ("question", "symptoms", "asked_by_name")] == [
        QUESTION["question"],
        "The import stops.",
        "Ada",
    ]
    answer = await tim.give("answer-consult", issue, consult=to_tim, text="The SECRET one.")
    assert answer.status_code == 200, answer.text
    assert (await ada.give("close-consult", issue, consult=to_team)).status_code == 200
    assert await listed(tim, mine=True) == {}
    beside = (await ada.get(f"/issues/{issue}/consults")).json()["items"]
    assert [(one["id"], one["state"], one["answer"]) for one in beside] == [
        (to_tier, "open", None),
        (to_team, "closed", None),
        (to_tim, "answered", "The SECRET one."),
    ]
    view = await ada.issue(issue)
    assert (view["owner"], view["state"], view["handovers"]) == (ada.id, "assigned", 0)
    assert [one["id"] for one in view["consults"]] == [to_tier]
    leaked = await rows(queues.service.db, "SELECT 1 FROM outbox WHERE payload::text LIKE '%SECRET%'")
    assert leaked == []


async def test_pages_of_questions_together_are_the_whole_in_order(queues: QueueService, ada: Staff) -> None:
    issue = await owned(queues, ada)
    asked = [await consult(ada, issue) for _ in range(5)]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await ada.get(f"/issues/{issue}/consults", limit=2, **after)).json()
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == asked


async def test_a_question_to_a_team_or_an_agent_that_there_is_not_is_refused(queues: QueueService, ada: Staff) -> None:
    issue = await owned(queues, ada)
    for target in ({"tier": 2, "team": "nobody-made-it"}, {"agent": "nobody"}, {"tier": 4}):
        assert (await ada.give("consult", issue, **QUESTION | {"target": target})).status_code == 422
    assert (await ada.issue(issue))["version"] == 2


async def test_a_late_question_is_told_once(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue(impact="low", urgency="low")
    await ada.give("claim", issue)
    await consult(ada, issue)
    await queues.move_clock(timedelta(minutes=31))

    async def told() -> bool:
        return bool((await ada.issue(issue))["consults"][0]["overdue"])

    await wait_until(told, SOON, "the lead is told")
    entries = [entry["type"] for entry in await ada.timeline(issue)]
    assert entries.count("tierdesk.consult-overdue.v1") == 1
    assert (await ada.get(f"/issues/{issue}/consults")).json()["items"][0]["overdue"] is True


async def test_a_customer_who_withdraws_ends_the_questions(queues: QueueService, ada: Staff) -> None:
    issue = await owned(queues, ada)
    await consult(ada, issue)
    await queues.hear(issue, issues.IssueWithdrawn(at=events.ACCEPTED_AT))
    assert (await ada.get(f"/issues/{issue}/consults")).json()["items"][0]["state"] == "closed"


async def test_a_mention_reaches_whom_it_names_and_nobody_who_is_not_there(
    queues: QueueService, ada: Staff, tim: Staff
) -> None:
    issue = await owned(queues, ada)
    first, second = f"@{tim.id} look, @nobody too", f"And again, @{tim.id}."
    for text in (first, second):
        assert (await ada.give("note", issue, text=text)).status_code == 200
    page = (await tim.get("/mentions", limit=1)).json()
    assert [(row["text"], row["by_name"], row["issue"]) for row in page["items"]] == [(second, "Ada", str(issue))]
    older = (await tim.get("/mentions", limit=1, after=page["next"])).json()
    assert ([row["text"] for row in older["items"]], older["next"]) == ([first], None)
    assert (await ada.get("/mentions")).json()["items"] == []
    types = [entry["type"].split(".")[1] for entry in await ada.timeline(issue)]
    assert types.count("agent-mentioned") == 2


async def test_a_draft_is_kept_for_each_agent_and_a_stale_window_does_not_write_over_it(
    queues: QueueService, ada: Staff
) -> None:
    issue, path = await queues.issue(), "/issues/{}/draft"
    bob = await queues.staff("bob")
    assert (await ada.get(path.format(issue))).status_code == 404
    first = await ada.send("PUT", path.format(issue), {"text": "Dear "}, version=0)
    assert (first.status_code, first.json()["version"], first.headers["etag"]) == (200, 1, '"1"')
    assert (await ada.send("PUT", path.format(issue), {"text": "Hello"}, version=0)).status_code == 412
    seen = str(new_id())
    file = {"id": str(new_id()), "name": "log.txt", "media_type": "text/plain", "size_bytes": 1}
    body = {"text": "Dear Grace,\n", "seen": seen, "attachments": [file]}
    assert (await ada.send("PUT", path.format(issue), body, version=1)).json()["version"] == 2
    kept = (await ada.get(path.format(issue))).json()
    assert (kept["text"], kept["seen"], kept["attachments"]) == ("Dear Grace,\n", seen, [file])
    assert (await bob.get(path.format(issue))).status_code == 404
    assert (await ada.send("DELETE", path.format(issue), {}, version=1)).status_code == 412
    assert (await ada.send("DELETE", path.format(issue), {}, version=2)).status_code == 204
    assert (await ada.send("DELETE", path.format(issue), {})).status_code == 404
    assert (await ada.send("PUT", path.format(new_id()), {"text": "Hello"})).status_code == 404
    assert (await ada.issue(issue))["version"] == 1, "a draft is no change of the issue"


async def test_the_briefing_is_prefilled_from_the_timeline_and_fits_the_commands(
    queues: QueueService, ada: Staff, tim: Staff
) -> None:
    issue = await owned(queues, ada)
    await ada.give("note", issue, text="Cleared the cache.")
    await ada.give("reply", issue, text="Please try again.")
    asked = await consult(ada, issue)
    await tim.give("answer-consult", issue, consult=asked, text="The index is broken.")
    prefilled = (await ada.get(f"/issues/{issue}/briefing")).json()
    assert "Please reset my password" in prefilled["briefing"]["symptoms"]
    assert "Cleared the cache." in prefilled["handover"]["tried"]
    assert "The index is broken." in prefilled["handover"]["findings"]
    given = prefilled["briefing"]
    assert (
        await ada.give("consult", issue, target={"tier": 2}, question="And now?", briefing=given)
    ).status_code == 200
    assert (await ada.get(f"/issues/{new_id()}/briefing")).status_code == 404


async def test_an_expert_writes_to_the_customer_by_exception_and_it_is_on_the_timeline(
    queues: QueueService, ada: Staff
) -> None:
    eve = await queues.staff("eve", tiers=[3], teams=["experts"])
    issue = await owned(queues, ada)
    assert (await eve.give("reply", issue, text="Hello.")).status_code == 409
    written = await eve.give("reply", issue, text="Hello.", exception_reason="I wrote that code.")
    assert written.status_code == 200, written.text
    entry = (await ada.timeline(issue))[-1]
    assert (entry["actor"]["id"], entry["private"]) == (eve.id, {"exception": "I wrote that code."})
    assert [one["id"] for one in (await ada.issue(issue))["participants"]] == [eve.id]


async def test_of_a_team_that_was_set_behind_the_scenes_nobody_writes_to_customers(queues: QueueService) -> None:
    async with queues.service.db.transaction() as tx:
        await tx.fetch("INSERT INTO teams (name, tiers, behind_the_scenes) VALUES ('kernel', '{3}', true)")
        await tx.fetch(
            "INSERT INTO organisation_versions (version, at, by, by_name, note, body) "
            "SELECT coalesce(max(version), 0) + 1, now(), 'test', 'Test', 'kernel', '{}' FROM organisation_versions"
        )
    eve = await queues.staff("eve", tiers=[3], teams=["kernel"])
    issue = await queues.issue(tier=3, team="kernel")
    await eve.give("claim", issue)

    async def refused() -> bool:
        answer = await eve.give("reply", issue, text="Hello.")
        return bool(answer.json().get("type", "").endswith("behind-the-scenes"))

    await wait_until(refused, SOON, "the rules in force are read")
    assert not {"reply", "resolve"} & set((await eve.issue(issue))["allowed"])
    assert (await eve.give("resolve", issue, resolution="solved", text="Done.")).status_code == 409
    assert (await eve.give("reply", issue, text="Hello.", exception_reason="Nobody else is here.")).status_code == 200


async def test_participants_come_by_name_and_go_by_themselves(queues: QueueService, ada: Staff, tim: Staff) -> None:
    issue = await owned(queues, ada)
    assert (await ada.give("add-participant", issue, agent=tim.id)).status_code == 200
    assert (await ada.give("add-participant", issue, agent="nobody")).status_code == 422
    assert [one["id"] for one in (await ada.issue(issue))["participants"]] == [tim.id]
    assert "leave" in (await tim.issue(issue))["allowed"]
    assert (await tim.give("leave", issue)).status_code == 200
    assert (await tim.give("leave", issue)).status_code == 409


async def test_a_remote_session_waits_for_the_customers_word(queues: QueueService, ada: Staff) -> None:
    issue = await owned(queues, ada)
    link = "https://remote.example.com/8231"
    assert (await ada.give("offer-remote-session", issue, link=link, purpose="To see it.")).status_code == 200
    assert (await ada.give("record-remote-findings", issue, findings="Full disk.")).status_code == 409
    session = (await ada.issue(issue))["remote"]["id"]
    await queues.hear(issue, issues.ConsentGiven(session=session, at=events.ACCEPTED_AT))
    assert (await ada.issue(issue))["remote"]["granted"] is True
    assert (await ada.give("record-remote-findings", issue, findings="Full disk.")).status_code == 200
    assert (await ada.issue(issue))["remote"] is None


@pytest.fixture(scope="module")
async def crowded(infrastructure: Infrastructure) -> AsyncIterator[Any]:
    """A database with many questions and mentions."""
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        async with db.transaction() as tx:
            await tx.fetch(_SEED_CONSULTS, MANY)
            await tx.fetch(_SEED_MENTIONS, MANY)
            await tx.fetch("ANALYZE consults, mentions")
        yield db
        await db.close()


async def plan_of(tx: Transaction, statement: tuple[str, list[Any]]) -> str:
    sql, parameters = statement
    return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *parameters))


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (Asked(), "consults_open"),
        (Asked(after=AFTER), "consults_open"),
        (Asked(tier=2), "consults_open_of_tier"),
        (Asked(tier=2, after=AFTER), "consults_open_of_tier"),
        (Asked(team="team3"), "consults_open_of_team"),
        (Asked(team="team3", after=AFTER), "consults_open_of_team"),
        (Asked(agent="agent3"), "consults_open_of_agent"),
    ],
)
async def test_a_page_of_questions_is_read_in_the_order_of_its_index(crowded: Any, asked: Asked, index: str) -> None:
    async with crowded.transaction() as tx:
        plan = await plan_of(tx, consult_list.open_ones(asked))
    assert f"using {index} on" in plan, plan
    assert "Seq Scan on consults" not in plan


async def test_questions_of_an_issue_and_mentions_of_an_agent_are_found_by_index(crowded: Any) -> None:
    async with crowded.transaction() as tx:
        of_issue = await plan_of(tx, consult_list.of_issue(new_id(), AFTER, 50))
        mentions = await plan_of(tx, mention_list.of_agent("agent3", AFTER_MENTION, 50))
    assert "consults_of_issue" in of_issue, of_issue
    assert "using mentions_newest on" in mentions, mentions
    assert "Seq Scan on mentions" not in mentions


async def test_what_nobody_has_touched_for_a_month_is_forgotten(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure, housekeeping_every=timedelta(milliseconds=100)) as queues:
        ada = await queues.staff("ada", role=Role.AGENT)
        issue = await queues.issue()
        assert (await ada.send("PUT", f"/issues/{issue}/draft", {"text": "Dear"})).status_code == 200
        await queues.move_clock(timedelta(days=31))

        async def forgotten() -> bool:
            return (await ada.get(f"/issues/{issue}/draft")).status_code == 404

        await wait_until(forgotten, SOON, "the draft is forgotten")


async def test_of_two_who_answer_at_once_one_is_heard_and_the_other_is_told(queues: QueueService, ada: Staff) -> None:
    answerers = [await queues.staff(f"tim{n}", tiers=[2]) for n in range(8)]
    issue = await owned(queues, ada)
    asked = await consult(ada, issue)
    answers = await asyncio.gather(
        *(one.give("answer-consult", issue, consult=asked, text=f"Says {one.id}.") for one in answerers)
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    beside = (await ada.get(f"/issues/{issue}/consults")).json()["items"]
    winner = next(one for one, answer in zip(answerers, answers, strict=True) if answer.status_code == 200)
    assert (beside[0]["answered_by"], beside[0]["answer"]) == (winner.id, f"Says {winner.id}.")
