"""Account managers, leads and major incidents, over HTTP and on a real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support import events
from support.queue_service import FIVE_PARTS, QueueService, Staff, accepted_now
from support.running import wait_until
from tier_queues.incident_list import incidents

SOON = timedelta(seconds=20)


@pytest.fixture
async def lea(queues: QueueService) -> Staff:
    return await queues.staff("lea", role=Role.LEAD, teams=["frontline"])


async def of_managed_customer(queues: QueueService, manager: str, owner: Staff) -> UUID:
    issue, customer = new_id(), events.customer(account_manager=manager)
    await queues.hear(issue, events.routed(of=accepted_now(customer=customer)))
    assert (await owner.give("claim", issue)).status_code == 200
    return issue


async def texts(agent: Staff, issue: UUID) -> list[str]:
    return [entry["fact"]["text"] for entry in await agent.timeline(issue) if "text" in entry["fact"]]


async def test_the_customers_account_manager_is_informed_and_then_owns_it(queues: QueueService, ada: Staff) -> None:
    kim = await queues.staff("kim", tiers=())
    issue = await of_managed_customer(queues, kim.id, ada)
    told = await ada.give("escalate", issue, to="account-manager", reason="They may leave.")
    assert told.status_code == 200, told.text
    entry = (await ada.timeline(issue))[-1]
    assert (entry["fact"]["agent"], entry["private"]["reason"]) == (kim.id, "They may leave.")
    wanted: dict[str, Any] = {"to": "account-manager", "as": "owner", "reason": "They left.", "parts": FIVE_PARTS}
    assert (await ada.give("escalate", issue, **wanted)).status_code == 200
    assert (await ada.issue(issue))["offer"]["reason"] == "hierarchical"
    assert (await kim.give("accept", issue)).status_code == 200
    taken = await kim.issue(issue)
    assert (taken["owner"], taken["tier"], taken["account_manager"]) == (kim.id, 1, kim.id)


async def test_an_account_manager_who_works_no_queue_finds_the_offer_in_theirs(
    queues: QueueService, ada: Staff
) -> None:
    kim = await queues.staff("kim", tiers=())
    issue = await of_managed_customer(queues, kim.id, ada)
    assert (await kim.get("/queue")).json()["items"] == []
    assert (await kim.send("POST", "/queue/claim-next", None)).status_code == 204
    wanted: dict[str, Any] = {"to": "account-manager", "as": "owner", "reason": "They left.", "parts": FIVE_PARTS}
    assert (await ada.give("escalate", issue, **wanted)).status_code == 200
    (listed,) = (await kim.get("/queue")).json()["items"]
    assert (listed["id"], listed["offered"], listed["offered_to"]) == (str(issue), True, kim.id)
    taken = await kim.send("POST", "/queue/claim-next", None)
    assert (taken.status_code, taken.json()["id"], taken.json()["owner"]) == (200, str(issue), kim.id)
    assert (await kim.get("/queue")).json()["items"] == []


async def test_who_works_several_tiers_finds_each_offer_to_them_once(queues: QueueService, ada: Staff) -> None:
    kim = await queues.staff("kim", tiers=(1, 2))
    issue = await of_managed_customer(queues, kim.id, ada)
    wanted: dict[str, Any] = {"to": "account-manager", "as": "owner", "reason": "They left.", "parts": FIVE_PARTS}
    await ada.give("escalate", issue, **wanted)
    rows = (await kim.get("/queue", limit=200)).json()["items"]
    assert [row["id"] for row in rows].count(str(issue)) == 1


async def test_who_cannot_be_called_is_named_in_the_refusal(queues: QueueService, ada: Staff) -> None:
    operator = await queues.staff("opal", role=Role.OPERATOR)
    for manager in ("nobody-at-all", operator.id):
        issue = await of_managed_customer(queues, manager, ada)
        refused = await ada.give("escalate", issue, to="account-manager", reason="They may leave.")
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:tierdesk:problem:no-account-manager")


async def test_followers_of_a_major_incident_hear_of_it_and_are_answered_with_it(
    queues: QueueService, ada: Staff, lea: Staff
) -> None:
    master, one, two, left = [await queues.issue() for _ in range(4)]
    assert (await ada.give("claim", master)).status_code == 200
    assert (await ada.give("declare-major-incident", master, reason="All are down.")).status_code == 409
    declared = await lea.give("declare-major-incident", master, reason="All are down.")
    assert (declared.status_code, declared.json()["priority"]) == (200, 1)
    listed = (await ada.get("/major-incidents")).json()["items"]
    assert str(master) in [row["id"] for row in listed]
    job = {"issues": [str(one), str(two), str(left)], "command": "join-incident", "content": {"master": str(master)}}
    assert (await ada.send("POST", "/bulk", job)).status_code == 202

    async def all_follow() -> bool:
        return len((await ada.issue(master))["links"]) == 3

    await wait_until(all_follow, SOON, "all follow")
    assert (await ada.give("leave-incident", left, master=str(master))).status_code == 200
    assert (await ada.give("update-incident", master, text="We found the cause.")).status_code == 200
    assert (await ada.give("resolve", master, resolution="solved", text="It is up.")).status_code == 422
    ended = await ada.give("resolve", master, resolution="solved", text="It is up.", children="resolve")
    assert ended.status_code == 200, ended.text

    async def all_answered() -> bool:
        return [(await ada.issue(issue))["state"] for issue in (one, two)] == ["resolved"] * 2

    await wait_until(all_answered, SOON, "all are answered")
    assert [await texts(ada, issue) for issue in (master, one, two, left)] == [
        ["We found the cause.", "It is up."],
        ["We found the cause.", "It is up."],
        ["We found the cause.", "It is up."],
        [],
    ]
    assert (await ada.issue(left))["state"] == "queued"
    assert str(master) not in [row["id"] for row in (await ada.get("/major-incidents")).json()["items"]]


async def test_major_incidents_are_listed_newest_first_page_by_page_from_an_index(
    queues: QueueService, ada: Staff, lea: Staff
) -> None:
    made = [await queues.issue() for _ in range(3)]
    for issue in made:
        assert (await lea.give("declare-major-incident", issue, reason="All are down.")).status_code == 200
    first = (await ada.get("/major-incidents", limit=2)).json()
    second = (await ada.get("/major-incidents", limit=2, after=first["next"])).json()
    assert [row["id"] for row in first["items"] + second["items"]] == [str(issue) for issue in reversed(made)]
    query = incidents(None, 50)
    async with queues.service.db.transaction() as tx:
        await tx.fetch("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query.sql}", *query.parameters))
    assert "issues_major" in plan
    for issue in made:
        assert (await lea.give("end-major-incident", issue, reason="It was one shop.")).status_code == 200
    assert (await ada.get("/major-incidents")).json()["items"] == []


async def test_while_nobody_takes_an_issue_those_whom_its_team_names_are_told_in_steps(
    queues: QueueService, ada: Staff, lea: Staff
) -> None:
    admin, team = await queues.staff("root", role=Role.ADMIN), f"night-{new_id().hex}"
    steps = [{"after": "PT10M", "tell": "agent", "agent": ada.id}, {"after": "PT20M"}]
    body = {"tiers": [1], "escalation": {"steps": steps, "repeats": 1}}
    wrong = body | {"escalation": {"steps": [{"after": "PT10M", "tell": "agent", "agent": "nobody"}]}}
    assert (await admin.send("PUT", f"/teams/{team}", wrong, version=0)).status_code == 422
    made = await admin.send("PUT", f"/teams/{team}", body, version=0)
    assert (made.status_code, made.json()["escalation"]["steps"][1]["tell"]) == (200, "lead")
    issue = await queues.issue(team=team)
    for number, minutes in enumerate((11, 21, 11), 1):
        await queues.move_clock(timedelta(minutes=minutes))

        async def taken(number: int = number) -> bool:
            return len(await steps_of(ada, issue)) == number

        await wait_until(taken, SOON, "the step is taken")
    first, second, third = await steps_of(ada, issue)
    assert (first, third) == ((1, [ada.id]), (3, [ada.id]))
    assert lea.id in second[1]


async def steps_of(agent: Staff, issue: UUID) -> list[tuple[int, list[str]]]:
    facts = [entry["fact"] for entry in await agent.timeline(issue) if entry["type"].startswith("tierdesk.escalation")]
    return [(fact["step"], fact["agents"]) for fact in facts]
