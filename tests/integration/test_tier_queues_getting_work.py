"""Getting work on a real database: by skill and share, given out or taken, and always with one winner."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, accepted_now, running_queues
from support.running import rows, wait_until
from tier_queues import handlers
from tier_queues.giving_out import give_out
from tier_queues.presence import Minded

SOON = timedelta(seconds=20)
EVERYWHERE = Minded(frozenset(), frozenset())


@pytest.fixture
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("admin", role=Role.ADMIN, tiers=())


async def employ(queues: QueueService, admin: Staff, name: str, **changes: Any) -> Staff:
    """An agent with more than a plain one has."""
    made = await queues.staff(name, tiers=changes.get("tiers", (1,)), teams=changes.get("teams", ()))
    body = {"name": name.title(), "role": "agent", "tiers": [1], "teams": [], "capacity": 20} | changes
    changed = await admin.send("PUT", f"/agents/{made.id}", body, version=1)
    assert changed.status_code == 200, changed.text
    return made


async def issue_by(queues: QueueService, channel: str) -> UUID:
    """A new issue that came by a channel."""
    issue = new_id()
    await queues.hear(issue, events.routed(of=accepted_now(channel=channel)))
    return issue


async def online(*agents: Staff) -> None:
    for agent in agents:
        assert (await agent.send("PUT", "/me/availability", {"availability": "online"})).status_code == 200


async def push(admin: Staff, team: str = "frontline", **changes: Any) -> None:
    body: dict[str, Any] = {"tiers": [1], "push": "round-robin", "accept_within": "PT1M"} | changes
    known = next(row for row in (await admin.get("/teams")).json()["items"] if row["name"] == team)
    answer = await admin.send("PUT", f"/teams/{team}", body, version=known["version"])
    assert answer.status_code == 200, answer.text


async def give(queues: QueueService) -> int:
    async with queues.service.db.transaction() as tx:
        return await give_out(tx, EVERYWHERE, limit=100, policies=policies(queues))


def policies(queues: QueueService) -> Any:
    """The rules in force, as the service has them."""
    return queues.service.resources[0].policies  # type: ignore[attr-defined]


async def tick(queues: QueueService) -> int:
    async with queues.service.db.transaction() as tx:
        return await handlers.take_due(tx, tiers=frozenset(), others=frozenset(), limit=500, policies=policies(queues))


async def types(agent: Staff, issue: UUID) -> list[str]:
    return [entry["type"].split(".")[1] for entry in await agent.timeline(issue)]


async def test_claim_next_gives_nobody_what_asks_for_more_than_they_can(queues: QueueService, admin: Staff) -> None:
    plain, able = await queues.staff("plain"), await employ(queues, admin, "able", skills={"german": 2})
    german = await queues.issue(skills=("german:2",), impact="high", urgency="high")
    usual = await queues.issue()
    expert = await queues.issue(skills=("german:3",))
    assert (await plain.claim_next(1)).json()["id"] == str(usual), "the more urgent one asks for more"
    assert (await plain.claim_next(1)).status_code == 204
    assert (await able.claim_next(1)).json()["id"] == str(german)
    assert (await able.claim_next(1)).status_code == 204
    assert (await plain.give("claim", expert)).status_code == 200, "who knows better may still choose it"
    assert (await plain.timeline(expert))[-1]["private"] == {"dropped_skills": ["german:3"]}


async def test_a_skill_that_nobody_has_is_dropped_after_a_wait_and_the_timeline_says_which(
    queues: QueueService,
) -> None:
    ada = await queues.staff("ada")
    issue = await queues.issue(skills=("german", "data"))
    await queues.move_clock(timedelta(minutes=16))
    assert (await ada.claim_next(1)).status_code == 204, "one is still asked for"
    await queues.move_clock(timedelta(minutes=16))
    assert (await ada.claim_next(1)).json()["id"] == str(issue)
    assert (await ada.timeline(issue))[-1]["private"] == {"dropped_skills": ["german", "data"]}


async def test_what_an_agent_passed_by_is_not_given_to_them_again_for_a_while(queues: QueueService) -> None:
    ada, bob = await queues.staff("ada"), await queues.staff("bob")
    first = await queues.issue(impact="high", urgency="high")
    second = await queues.issue()
    assert (await ada.give("skip", first, reason="Not my field.")).status_code == 200
    assert (await ada.claim_next(1)).json()["id"] == str(second)
    assert (await bob.claim_next(1)).json()["id"] == str(first)
    assert (await bob.give("skip", first, reason="Nor mine.")).json()["state"] == "queued"
    assert (await bob.claim_next(1)).status_code == 204
    assert (await bob.timeline(first))[-1]["private"] == {"reason": "Nor mine."}
    await queues.move_clock(timedelta(minutes=31))
    assert (await bob.claim_next(1)).json()["id"] == str(first)


async def test_capacity_counts_units_and_not_issues(queues: QueueService) -> None:
    busy = await queues.staff("busy", capacity=6)
    call, chat, mail = [await issue_by(queues, channel) for channel in ("phone", "chat", "email")]
    assert (await busy.give("claim", call)).status_code == 200
    refused = await busy.give("claim", chat)
    assert (refused.status_code, refused.json()["capacity"]) == (409, 6)
    assert (await busy.claim_next(1)).json()["id"] == str(mail), "a mail still fits"
    assert (await busy.claim_next(1)).json()["type"] == "urn:tierdesk:problem:over-capacity"


async def test_the_queues_of_several_tiers_are_one_list_and_one_claim(queues: QueueService) -> None:
    both = await queues.staff("both", tiers=[1, 2])
    low = await queues.issue(tier=1, impact="low", urgency="low")
    high = await queues.issue(tier=2, impact="high", urgency="high")
    middle = await queues.issue(tier=1)
    await queues.issue(tier=3)
    listed: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = (await both.get("/queue", limit=1, **after)).json()
        listed += [row["id"] for row in page["items"]]
        after = {"after": page["next"]}
    assert listed == [str(high), str(middle), str(low)]
    assert page["next"] is None
    answer = await both.send("POST", "/queue/claim-next", None)
    assert answer.json()["id"] == str(high)


async def test_two_agents_of_several_tiers_never_get_the_same_issue(queues: QueueService) -> None:
    agents = [await queues.staff(f"both{n}", tiers=[1, 2]) for n in range(16)]
    issues = [*await queues.issues(8, tier=1), *await queues.issues(8, tier=2)]
    answers = await asyncio.gather(*(agent.send("POST", "/queue/claim-next", None) for agent in agents))
    got = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    # Each looks at the first of both tiers: who is just behind another may find only what that one looks at, too.
    assert len(got) == len(set(got))
    while len(got) < len(issues):
        answer = await agents[0].send("POST", "/queue/claim-next", None)
        assert answer.status_code == 200
        got.append(answer.json()["id"])
    assert sorted(got) == sorted(map(str, issues))


async def test_a_team_that_is_given_work_gets_it_in_turns_by_priority_and_age(
    queues: QueueService, admin: Staff
) -> None:
    first, second = [await employ(queues, admin, name, teams=["frontline"], capacity=2) for name in ("ada", "bob")]
    away = await employ(queues, admin, "off", teams=["frontline"])
    await push(admin)
    await online(first, second)
    issues = await queues.issues(6)
    assert await give(queues) == 4, "there is room for four units"
    views = [await admin.issue(issue) for issue in issues]
    assert Counter(view["given_to"] for view in views) == {first.id: 2, second.id: 2, None: 2}
    assert [view["given_to"] for view in views[4:]] == [None, None], "the oldest ones were given first"
    assert away.id not in {view["given_to"] for view in views}
    mine = next(view for view in views if view["given_to"] == first.id)
    assert (await second.give("claim", mine["id"])).status_code == 403
    assert (await first.give("claim", mine["id"])).status_code == 200
    assert await give(queues) == 0, "both are full"
    assert (await first.give("resolve", mine["id"], resolution="solved", text="Done.")).status_code == 200
    assert await give(queues) == 1
    assert (await admin.issue(issues[4]))["given_to"] == first.id, "the oldest one first"


async def test_a_full_team_keeps_no_other_team_from_being_given_work(queues: QueueService, admin: Staff) -> None:
    busy = await employ(queues, admin, "busy", teams=["frontline"], capacity=1)
    able = await employ(queues, admin, "able", teams=["technical"], tiers=[2], capacity=20)
    await push(admin)
    await push(admin, "technical", tiers=[2])
    await online(busy, able)
    await queues.issues(120, impact="high", urgency="high")
    late = await queues.issue(tier=2, impact="low", urgency="low")
    assert await give(queues) == 1, "the urgent ones come first"
    assert await give(queues) == 1, "those who are full are not asked for"
    assert (await admin.issue(late))["given_to"] == able.id


async def test_what_nobody_there_can_do_or_has_room_for_keeps_nothing_else_waiting(
    queues: QueueService, admin: Staff
) -> None:
    await employ(queues, admin, "able", teams=["technical"], tiers=[2], skills={"german": 1})
    plain = await employ(queues, admin, "plain", teams=["frontline"], capacity=4)
    await push(admin)
    await push(admin, "technical", tiers=[2])
    await online(plain, await queues.staff("other", teams=["technical"]))
    calls = [events.routed(of=accepted_now(channel="phone"), impact="high", urgency="high") for _ in range(110)]
    for call in calls:
        await queues.hear(new_id(), call)
    await queues.issues(110, skills=("german",), impact="high", urgency="high")
    late = await queues.issue(impact="low", urgency="low")
    assert await give(queues) == 1
    assert (await admin.issue(late))["given_to"] == plain.id


async def test_what_is_not_taken_in_time_is_given_to_the_next_one(queues: QueueService, admin: Staff) -> None:
    first, second = [await employ(queues, admin, name, teams=["frontline"]) for name in ("ada", "bob")]
    await push(admin)
    await online(first, second)
    issue = await queues.issue()
    await give(queues)
    holder = (await admin.issue(issue))["given_to"]
    await queues.move_clock(timedelta(minutes=1, seconds=1))
    assert await tick(queues) == 1
    await give(queues)
    assert (await admin.issue(issue))["given_to"] == ({first.id, second.id} - {holder}).pop()
    assert await types(admin, issue) == ["issue-queued", "issue-pushed", "push-ended", "issue-pushed"]


async def test_a_claim_that_races_the_end_of_its_time_has_one_winner(queues: QueueService, admin: Staff) -> None:
    """Either it was claimed, or it was given to somebody else; never both, and never neither."""
    agents = {
        agent.id: agent for agent in [await employ(queues, admin, f"a{n}", teams=["frontline"]) for n in range(4)]
    }
    await push(admin)
    await online(*agents.values())
    issues = await queues.issues(40)
    await give(queues)
    holders = {issue: (await admin.issue(issue))["given_to"] for issue in issues}
    await queues.move_clock(timedelta(minutes=1, seconds=1))

    async def time_passes() -> None:
        while await tick(queues) + await give(queues):
            """Until nothing is due and nothing more can be given."""

    claims = [agents[holder].give("claim", issue) for issue, holder in holders.items() if holder]
    answers, _ = await asyncio.gather(asyncio.gather(*claims), time_passes())
    await time_passes()
    for (issue, holder), answer in zip(((i, h) for i, h in holders.items() if h), answers, strict=True):
        view, told = await admin.issue(issue), await types(admin, issue)
        assert (answer.status_code == 200) == (view["owner"] == holder), (answer.text, told)
        assert (view["owner"] is None) == (view["given_to"] is not None)
        assert told.count("issue-claimed") == (answer.status_code == 200)


async def test_who_leaves_keeps_nothing_and_is_offered_nothing(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure, leaving_look=timedelta(milliseconds=100)) as queues:
        admin = await queues.staff("admin", role=Role.ADMIN, tiers=())
        ada, kim = await queues.staff("ada"), await queues.staff("kim", tiers=[1, 2], teams=["technical"])
        mine, resting, offered = await queues.issues(3)
        for issue, owner in ((mine, kim), (resting, kim), (offered, ada)):
            assert (await owner.give("claim", issue)).status_code == 200
        rest: dict[str, Any] = {"for": "customer", "reason": "They look it up."}
        assert (await kim.give("wait", resting, **rest)).status_code == 200
        assert (await ada.offer(offered, target={"agent": kim.id})).status_code == 200
        gone = {"name": "Kim", "role": "agent", "tiers": [1, 2], "active": False}
        assert (await admin.send("PUT", f"/agents/{kim.id}", gone, version=1)).status_code == 200

        async def put_back() -> bool:
            return [(await ada.issue(issue))["state"] for issue in (mine, resting)] == ["queued"] * 2

        async def withdrawn() -> bool:
            return (await ada.issue(offered))["offer"] is None

        await wait_until(put_back, SOON, "what they owned is in the queue")
        await wait_until(withdrawn, SOON, "nothing is offered to them")
        assert (await ada.issue(offered))["owner"] == ada.id
        ended = (await ada.timeline(offered))[-1]
        assert (ended["type"], ended["fact"]["cause"]) == ("tierdesk.handover-withdrawn.v1", "left")
        assert (await ada.give("claim", mine)).status_code == 200


async def test_work_is_given_by_the_timers_of_the_process(infrastructure: Infrastructure) -> None:
    async with running_queues(infrastructure) as queues:
        admin = await queues.staff("admin", role=Role.ADMIN, tiers=())
        ada = await employ(queues, admin, "ada", teams=["frontline"])
        await push(admin)
        issue = await queues.issue()
        await online(ada)

        async def given() -> bool:
            return bool((await admin.issue(issue))["given_to"] == ada.id)

        await wait_until(given, SOON, "the issue is given to who came online")


async def test_an_idle_owner_is_warned_and_then_the_issue_is_in_the_queue(queues: QueueService, admin: Staff) -> None:
    await push(admin, push=None, idle_after="PT1H")
    ada = await queues.staff("ada", teams=["frontline"])
    idle, worked = await queues.issues(2, impact="low", urgency="low")
    for issue in (idle, worked):
        await ada.give("claim", issue)
    await queues.move_clock(timedelta(minutes=61))
    assert await tick(queues) == 2
    await ada.give("note", worked, text="Still on it.")
    await queues.move_clock(timedelta(minutes=16))
    await tick(queues)
    assert (await ada.issue(idle))["state"] == "queued"
    assert (await ada.issue(worked))["owner"] == ada.id
    assert (await types(ada, idle))[-2:] == ["owner-idle", "issue-released"]


async def test_a_tier_that_is_too_busy_is_helped_up_to_a_share_and_until_it_is_not(
    infrastructure: Infrastructure,
) -> None:
    async with running_queues(infrastructure, overflow_look=timedelta(milliseconds=100)) as queues:
        admin = await queues.staff("admin", role=Role.ADMIN, tiers=())
        tim = await queues.staff("tim", tiers=[2], capacity=4)
        await queues.issues(4)
        assert (await tim.claim_next(2)).status_code == 204
        rule: dict[str, Any] = {"to": 2, "above": {"count": 3}, "below": {"count": 1}, "share": 0.5}
        tier: dict[str, Any] = {"name": "Frontline", "team": "frontline", "overflow": rule}
        changed = await admin.send("PUT", "/tiers/1", tier, version=1)
        assert changed.status_code == 200, changed.text

        async def helped(wanted: bool) -> None:
            async def shown() -> bool:
                view = next(row for row in (await admin.get("/tiers")).json() if row["tier"] == 1)
                return (view["helped"] is not None) is wanted

            await wait_until(shown, SOON, f"Tier 1 is helped: {wanted}")

        await helped(True)
        own = await queues.issue(tier=2, impact="low", urgency="low")
        first, second, third, none = [await tim.claim_next(2) for _ in range(4)]
        assert [answer.json()["tier"] for answer in (first, second)] == [1, 1], "they are more urgent"
        assert third.json()["id"] == str(own), "half of the capacity is for Tier 1, the rest is not"
        assert none.status_code == 204
        claim = (await admin.timeline(first.json()["id"]))[-1]
        assert claim["private"] == {"overflow": "4 issues wait at tier 1, more than 3."}
        left = (await tim.get("/tiers/1/issues")).json()["items"]
        assert len(left) == 2
        assert (await tim.give("claim", left[0]["id"])).status_code == 403, "help is what claim next gives"
        ada = await queues.staff("ada")
        assert (await ada.claim_next(1)).status_code == 200
        await helped(False)
        for answer in (first, second):
            await tim.give("resolve", answer.json()["id"], resolution="solved", text="Done.")
        assert (await tim.claim_next(2)).status_code == 204


async def test_the_lead_whom_an_administrator_names_acts_for_the_team_and_no_other_does(
    queues: QueueService, admin: Staff
) -> None:
    lea, leo = [await queues.staff(name, role=Role.LEAD, teams=["frontline"]) for name in ("lea", "leo")]
    ada = await queues.staff("ada", teams=["frontline"])
    issue = await queues.issue()
    await ada.give("claim", issue)
    changes: dict[str, Any] = {"impact": "high", "urgency": "high", "reason": "Payroll is today."}
    assert (await leo.give("set-priority", issue, **changes)).status_code == 200, "nobody is named yet"
    await push(admin, push=None, leads=[lea.id])
    assert (await leo.give("set-priority", issue, **changes)).status_code == 409
    assert (await lea.give("set-priority", issue, **changes)).status_code == 200
    await ada.offer(issue, target={"tier": 1, "team": "frontline"})
    await queues.move_clock(timedelta(minutes=61))
    await tick(queues)
    alert = next(entry for entry in await ada.timeline(issue) if entry["type"] == "tierdesk.lead-alerted.v1")
    assert (alert["fact"]["cause"], alert["fact"]["leads"]) == ("offer-overdue", [lea.id])


async def test_the_third_return_to_a_tier_is_shown_and_alerts_its_lead(queues: QueueService, admin: Staff) -> None:
    lea = await queues.staff("lea", role=Role.LEAD, teams=["frontline"])
    await push(admin, push=None, leads=[lea.id])
    ada, tim = await queues.staff("ada"), await queues.staff("tim", tiers=[2])
    issue = await queues.issue()
    await ada.give("claim", issue)
    for _ in range(3):
        assert not (await ada.issue(issue))["ping_pong"]
        await ada.offer(issue)
        await tim.give("accept", issue)
        await tim.offer(issue, target={"tier": 1})
        await ada.give("accept", issue)
    view = await ada.issue(issue)
    assert (view["ping_pong"], view["revisits_of_tier"]) == (True, 3)
    alerts = await rows(
        queues.service.db,
        "SELECT fact->'leads' FROM timeline WHERE issue_id = $1 AND type = 'tierdesk.lead-alerted.v1'",
        issue,
    )
    assert [lea.id] in [row[0] for row in alerts]


async def test_events_of_getting_work_hold_no_reason_that_somebody_wrote(queues: QueueService) -> None:
    ada = await queues.staff("ada")
    issue = await queues.issue()
    await ada.give("skip", issue, reason="a SECRET reason")
    told = await rows(
        queues.service.db, "SELECT count(*) FROM timeline WHERE issue_id = $1 AND fact::text LIKE '%SECRET%'", issue
    )
    assert told[0][0] == 0
