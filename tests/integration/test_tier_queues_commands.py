"""Agents work issues over HTTP, many at the same time, on a real database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import FIVE_PARTS, QueueService, Staff, running_queues
from support.running import rows

RACERS = 16
RACED_ISSUES = 500


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture
async def tim(queues: QueueService) -> Staff:
    return await queues.staff("tim", tiers=[2], teams=["technical"])


async def test_sixteen_agents_race_for_five_hundred_issues_and_each_has_one_winner(queues: QueueService) -> None:
    issues = await queues.issues(RACED_ISSUES)
    racers = [await queues.staff(f"racer{n}") for n in range(RACERS)]

    async def race(agent: Staff) -> list[tuple[UUID, httpx2.Response]]:
        return [(issue, await agent.give("claim", issue)) for issue in issues]

    answers = [answer for each in await asyncio.gather(*map(race, racers)) for answer in each]
    winners = {issue: answer.json()["owner"] for issue, answer in answers if answer.status_code == 200}
    assert Counter(answer.status_code for _, answer in answers) == {200: RACED_ISSUES, 409: RACED_ISSUES * 15}
    assert len(winners) == RACED_ISSUES
    assert all(answer.json()["owner"] == winners[issue] for issue, answer in answers if answer.status_code == 409)
    stored = await rows(queues.service.db, "SELECT id, owner FROM issues WHERE id = ANY($1)", issues)
    assert {row.id: row.owner for row in stored} == winners
    claims = await rows(
        queues.service.db,
        "SELECT issue_id FROM timeline WHERE issue_id = ANY($1) AND type = 'tierdesk.issue-claimed.v1'",
        issues,
    )
    assert len(claims) == RACED_ISSUES


async def test_who_loses_a_claim_is_told_the_winners_name(queues: QueueService, ada: Staff) -> None:
    bob = await queues.staff("bob")
    issue = await queues.issue()
    assert (await ada.give("claim", issue)).status_code == 200
    lost = await bob.give("claim", issue)
    assert lost.status_code == 409
    assert lost.headers["content-type"] == "application/problem+json"
    assert (lost.json()["type"], lost.json()["owner_name"]) == ("urn:tierdesk:problem:taken", "Ada")


async def test_a_whole_life_over_two_tiers_is_on_the_timeline_without_gaps(
    queues: QueueService, ada: Staff, tim: Staff
) -> None:
    issue = await queues.issue()
    answers = [
        await ada.give("claim", issue),
        await ada.give("reply", issue, text="We look into it."),
        await ada.offer(issue),
        await tim.give("accept", issue),
        await tim.give("note", issue, text="A known defect."),
        await tim.give("resolve", issue, resolution="solved", text="It works again."),
    ]
    assert [answer.status_code for answer in answers] == [200] * 6
    view = await ada.issue(issue)
    assert (view["state"], view["resolution"], view["tier"], view["handovers"]) == ("resolved", "solved", 2, 1)
    entries = await ada.timeline(issue)
    assert [entry["version"] for entry in entries] == list(range(1, view["version"] + 1))
    assert [entry["type"].split(".")[1] for entry in entries] == [
        "issue-queued",
        "issue-claimed",
        "issue-replied",
        "handover-offered",
        "handover-accepted",
        "issue-noted",
        "issue-resolved",
    ]
    assert entries[5]["private"]["text"] == "A known defect."
    assert entries[3]["private"]["promised"] == FIVE_PARTS["promised"]


async def test_notes_and_handover_parts_are_never_published(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    await ada.give("note", issue, text="the customer is a SECRET agent")
    await ada.offer(issue, findings="a SECRET finding")
    published = await rows(
        queues.service.db, "SELECT count(*) FROM timeline WHERE issue_id = $1 AND fact::text LIKE '%SECRET%'", issue
    )
    assert published[0][0] == 0


async def test_a_stale_version_is_refused_with_the_present_one(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    seen = (await ada.issue(issue))["version"]
    assert (await ada.give("claim", issue, version=seen)).status_code == 200
    stale = await ada.give("reply", issue, version=seen, text="Hello.")
    assert (stale.status_code, stale.json()["version"]) == (412, seen + 1)
    assert (await ada.issue(issue))["version"] == seen + 1


async def test_what_is_illegal_now_is_a_conflict_even_with_a_stale_version(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    refused = await ada.give("resume", issue, version=77)
    assert refused.status_code == 409
    assert refused.json()["state"] == "queued"
    assert "claim" in refused.json()["allowed"]


async def test_the_same_key_gets_the_first_answers_bytes_whatever_happened_since(
    queues: QueueService, ada: Staff
) -> None:
    issue = await queues.issue()
    key, version = str(new_id()), (await ada.issue(issue))["version"]
    first = await ada.give("claim", issue, key=key, version=version)
    await ada.give("reply", issue, text="Hello.")
    again = await ada.give("claim", issue, key=key, version=version)
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert len(await ada.timeline(issue)) == 3


async def test_fifty_sends_of_one_key_at_once_are_one_command_with_one_answer(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    sends = [ada.give("reply", issue, key="the-same", text="Hello.") for _ in range(50)]
    answers = await asyncio.gather(*sends)
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert len(await ada.timeline(issue)) == 3


async def test_a_key_used_for_another_command_is_refused_even_in_the_same_instant(
    queues: QueueService, ada: Staff
) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    answers = await asyncio.gather(
        *(ada.give("note", issue, key="one-key-two-notes", text=f"Note {n % 2}.") for n in range(20))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 10, 422: 10}
    assert len(await ada.timeline(issue)) == 3


async def test_a_refused_command_in_a_crowd_is_refused_alone(queues: QueueService, ada: Staff) -> None:
    issues = await queues.issues(20)
    unknown = new_id()
    answers = await asyncio.gather(*(ada.give("claim", issue) for issue in [*issues, unknown, issues[0]]))
    codes = Counter(answer.status_code for answer in answers)
    assert (codes[200], codes[404], codes[409]) == (20, 1, 1)


async def test_an_agent_at_capacity_gets_no_more_however_many_claims_come_at_once(queues: QueueService) -> None:
    busy = await queues.staff("busy", capacity=3)
    issues = await queues.issues(12)
    answers = await asyncio.gather(*(busy.give("claim", issue) for issue in issues))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 409: 9}
    assert (await busy.claim_next(1)).json()["type"] == "urn:tierdesk:problem:over-capacity"


async def test_a_cold_offer_frees_its_owners_capacity_at_once(queues: QueueService, tim: Staff) -> None:
    busy = await queues.staff("busy", capacity=1)
    first, second = await queues.issues(2)
    await busy.give("claim", first)
    assert (await busy.give("claim", second)).status_code == 409
    await busy.offer(first, mode="cold")
    assert (await busy.give("claim", second)).status_code == 200
    assert (await tim.give("accept", first)).json()["tier"] == 2


async def test_an_offer_to_a_named_agent_is_for_nobody_else(queues: QueueService, ada: Staff, tim: Staff) -> None:
    tom = await queues.staff("tom", tiers=[2], teams=["technical"])
    issue = await queues.issue()
    await ada.give("claim", issue)
    assert (await ada.offer(issue, target={"agent": tim.id})).status_code == 200
    assert (await tom.give("accept", issue)).status_code == 403
    assert (await tim.give("accept", issue)).json()["owner"] == tim.id


@pytest.mark.parametrize("target", [{"tier": 2, "team": "nobody-made-it"}, {"agent": "nobody"}])
async def test_an_offer_to_whom_there_is_not_is_refused(
    queues: QueueService, ada: Staff, target: dict[str, object]
) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    assert (await ada.offer(issue, target=target)).status_code == 422


async def test_a_forward_to_an_unknown_vendor_is_refused_and_to_a_known_one_carries_the_conversation(
    queues: QueueService, ada: Staff
) -> None:
    issue = await queues.issue()
    await queues.hear(issue, events.customer_replied(text="It is urgent."))
    await ada.give("claim", issue)
    await ada.give("note", issue, text="Not for the vendor.")
    assert (await ada.give("forward", issue, vendor="acme-cloud", ask="Why?")).status_code == 422
    await queues.list_vendor("acme-cloud")
    forwarded = await ada.give("forward", issue, vendor="acme-cloud", ask="Why?")
    assert (forwarded.status_code, forwarded.json()["state"]) == (200, "waiting")
    fact = (await ada.timeline(issue))[-1]["fact"]
    assert [(said["author"], said["text"]) for said in fact["messages"]] == [
        ("customer", events.submission().text),
        ("customer", "It is urgent."),
    ]


async def test_a_reply_that_no_event_could_carry_is_refused_and_changes_nothing(
    queues: QueueService, ada: Staff
) -> None:
    issue = await queues.issue()
    await ada.give("claim", issue)
    # Every control character becomes six bytes of JSON.
    files = [{"id": str(new_id()), "name": "\x01" * 100, "media_type": "\x01" * 500, "size_bytes": 1}] * 20
    answer = await ada.give("reply", issue, text="a" + "\x01" * 19_998 + "a", attachments=files)
    assert answer.status_code == 422, answer.text
    assert (await ada.issue(issue))["version"] == 2


async def test_claim_next_gives_the_most_urgent_then_the_nearest_deadline_and_then_nothing(
    queues: QueueService,
) -> None:
    agent = await queues.staff("eve", tiers=[3])
    later = await queues.issue(tier=3, impact="low", urgency="low")
    first = await queues.issue(tier=3, impact="high", urgency="high")
    second = await queues.issue(tier=3, impact="high", urgency="high")
    claimed = [(await agent.claim_next(3)).json()["id"] for _ in range(3)]
    assert claimed == [str(first), str(second), str(later)]
    key = str(new_id())
    assert (await agent.claim_next(3, key=key)).status_code == 204
    await queues.issue(tier=3)
    assert (await agent.claim_next(3, key=key)).status_code == 204, "the same key, the same answer"
    assert (await agent.claim_next(3)).status_code == 200


async def test_sixteen_agents_who_claim_next_at_once_get_sixteen_issues(queues: QueueService) -> None:
    agents = [await queues.staff(f"eve{n}", tiers=[3]) for n in range(RACERS)]
    issues = await queues.issues(RACERS, tier=3)
    answers = await asyncio.gather(*(agent.claim_next(3) for agent in agents))
    assert sorted(answer.json()["id"] for answer in answers) == sorted(map(str, issues))


async def test_claim_next_includes_offers_that_the_agent_may_accept(
    queues: QueueService, ada: Staff, tim: Staff
) -> None:
    stranger = await queues.staff("stranger", tiers=[2], teams=["experts"])
    while (await stranger.claim_next(2)).status_code == 200:
        """Take what other tests have left on the tier."""
    issue = await queues.issue()
    await ada.give("claim", issue)
    await ada.offer(issue, target={"tier": 2, "team": "technical"})
    assert (await stranger.claim_next(2)).status_code == 204
    taken = await tim.claim_next(2)
    assert (taken.json()["id"], taken.json()["owner"]) == (str(issue), tim.id)


async def test_an_agent_of_another_tier_may_read_but_not_claim(queues: QueueService, tim: Staff) -> None:
    issue = await queues.issue()
    assert (await tim.issue(issue))["state"] == "queued"
    assert (await tim.give("claim", issue)).status_code == 403
    assert (await tim.claim_next(1)).status_code == 403


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
async def test_who_is_no_agent_gives_no_commands(queues: QueueService, role: Role) -> None:
    somebody = await queues.staff("somebody", role=role)
    issue = await queues.issue()
    assert (await somebody.give("claim", issue)).status_code == 403
    assert (await somebody.claim_next(1)).status_code == 403
    assert (await somebody.get(f"/issues/{issue}")).status_code == 200


async def test_only_the_team_lead_changes_the_priority_of_somebody_elses_issue(
    queues: QueueService, ada: Staff
) -> None:
    bob = await queues.staff("bob", teams=["frontline"])
    lead = await queues.staff("lea", role=Role.LEAD, teams=["frontline"])
    issue = await queues.issue()
    await ada.give("claim", issue)
    changes: dict[str, Any] = {"impact": "high", "urgency": "high", "reason": "Payroll is today."}
    assert (await bob.give("set-priority", issue, **changes)).status_code == 409
    assert (await lead.give("set-priority", issue, **changes)).json()["priority"] == 1


async def test_a_command_without_content_takes_no_unknown_field(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    assert (await ada.give("claim", issue, colour="red")).status_code == 422
    assert (await ada.give("claim", issue)).status_code == 200


async def test_hostile_paths_and_bodies_are_refused_and_never_fatal(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    bodies = ['{"text":"a","text":"b"}', "[" * 100, '{"text":"\\u0000"}', '{"text":"\\ud800"}', "NaN", '{"text":5}', ""]
    for body in bodies:
        headers = ada.headers | {"idempotency-key": "k", "content-type": "application/json"}
        answer = await ada.client.post(f"/tier-queues/issues/{issue}/note", content=body, headers=headers)
        assert answer.status_code in (400, 422), (body, answer.text)
    for path, parameters in (
        ("/issues/none", {}),
        (f"/issues/{issue}/timeline", {"after": "AAAA"}),
        ("/tiers/1/issues", {"after": "bnVsbA"}),
        ("/tiers/1/issues", {"team": "\x00"}),
        ("/tiers/1/issues", {"limit": 100_000}),
        ("/tiers/77/issues", {}),
    ):
        assert (await ada.get(path, **parameters)).status_code == 422, (path, parameters)
