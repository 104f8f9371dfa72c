"""Whole journeys of an issue, over all services, as customers, agents, client applications and vendors live them."""

from typing import Any

from onebox.demo.audit import NOT_FOR_CUSTOMERS
from support.town import BUYING, CRASHED, FIVE_PARTS, FORGOTTEN, OUTAGE, Town


def names_in(value: Any) -> set[str]:
    """Every field name in a JSON value."""
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names_in(inner)}
    if isinstance(value, list):
        return {name for inner in value for name in names_in(inner)}
    return set()


async def test_a_question_is_posted_routed_claimed_answered_and_solved_and_the_customer_is_mailed(here: Town) -> None:
    case = await here.post(FORGOTTEN)
    agent = await here.taken(case, 1)
    await case.reply(agent, "Which address do you sign in with?")
    await here.customers.until(case.id, "in_progress")
    await here.customers.write(case.id, "With casey@customers.example.")
    await case.until(agent, "the customer's answer", lambda view: view["unseen"])
    await case.resolve(agent, "The reset mail is on its way.")
    await here.customers.until(case.id, "solved")
    assert await here.conversation(case) == [
        "Which address do you sign in with?",
        "With casey@customers.example.",
        "The reset mail is on its way.",
    ]
    mails = await here.mails(case, "Which address", "The reset mail is on its way.")
    assert len(mails) == len(set(mails))
    assert await here.facts(case) == [
        "issue-queued",
        "issue-claimed",
        "issue-replied",
        "customer-heard",
        "issue-resolved",
    ]


async def test_a_warm_handover_climbs_from_tier_to_tier_and_the_owner_stays_until_somebody_accepts(here: Town) -> None:
    case = await here.post(FORGOTTEN)
    first = await here.taken(case, 1)
    offer = {"mode": "warm", "reason": "knowledge", **FIVE_PARTS}
    await case.command(first, "offer", target={"tier": 2}, **offer)
    second = here.staff.at(2)
    await case.command(second, "return", question="Does it happen with a new account as well?")
    view = await case.look(first)
    assert view is not None
    assert (view["owner"], view["tier"], view["offer"]) == (first.id, 1, None)
    await case.command(first, "offer", target={"tier": 2}, **offer | {"findings": "With a new account as well."})
    second = await here.taken(case, 2)
    await case.command(second, "offer", target={"tier": 3}, **offer)
    view = await case.look(second)
    assert view is not None
    assert view["owner"] == second.id
    third = await here.taken(case, 3)
    await case.resolve(third, "An expert has repaired your account.")
    await here.customers.until(case.id, "solved")
    assert (await here.facts(case))[1:] == [
        "issue-claimed",
        "handover-offered",
        "handover-returned",
        "handover-offered",
        "handover-accepted",
        "handover-offered",
        "handover-accepted",
        "issue-resolved",
    ]


async def test_an_issue_about_a_vendors_product_goes_there_and_its_answer_comes_to_the_watching_tier(
    here: Town,
) -> None:
    case = await here.post(OUTAGE)
    message = await here.vendor.case_of(case, here.staff.admin)
    assert message.json["title"] == OUTAGE[0]
    await here.vendor.says(message, "acknowledged", "We are looking into it.")
    await here.vendor.says(message, "resolved", "A faulty node was taken out of service.")
    agent = await here.taken(case, 2)
    await case.resolve(agent, "It works again.")
    await here.customers.until(case.id, "solved")
    assert await here.conversation(case) == ["It works again."]
    assert len(here.vendor.server.of_case(message.json["case"])) == 1


async def test_an_owner_asks_a_vendor_answers_its_question_and_stays_the_owner(here: Town) -> None:
    case = await here.post(CRASHED)
    agent = await here.taken(case, 2)
    await case.command(agent, "forward", vendor="acme-cloud", ask="Is this a fault of yours?")
    first = await here.vendor.case_of(case, agent)
    await here.vendor.says(first, "question", "Which region is the account in?")
    await case.until(agent, "the vendor's question", lambda view: view["state"] == "assigned")
    await case.command(agent, "forward", vendor="acme-cloud", ask="It is in the region north.")
    second = await here.vendor.case_of(case, agent)
    assert second.json["case"] != first.json["case"]
    await here.vendor.says(second, "resolved", "Repaired in the region north.")
    view = await case.until(agent, "the vendor's answer", lambda view: view["state"] == "assigned")
    assert view["owner"] == agent.id
    await case.resolve(agent, "This was repaired.")
    await here.customers.until(case.id, "solved")


async def test_a_customer_who_withdraws_is_answered_no_more(here: Town) -> None:
    case = await here.post(FORGOTTEN)
    agent = await here.taken(case, 1)
    await here.customers.withdraw(case.id, "I found it.")
    view = await case.until(agent, "resolved", lambda view: view["state"] == "resolved")
    assert view["resolution"] == "withdrawn"
    await here.customers.until(case.id, "solved")


async def test_a_customer_who_is_not_content_reopens_the_issue_at_its_last_owner(here: Town) -> None:
    case = await here.post(FORGOTTEN)
    agent = await here.taken(case, 1)
    await case.resolve(agent, "Please try the new link.")
    await here.customers.until(case.id, "solved")
    await here.customers.reopen(case.id, "The new link is broken.")
    view = await case.until(agent, "open again", lambda view: view["state"] == "assigned")
    assert view["owner"] == agent.id
    await here.customers.until(case.id, "in_progress")
    await case.resolve(agent, "The link is repaired.")
    await here.customers.until(case.id, "solved")
    assert await here.conversation(case) == [
        "Please try the new link.",
        "The new link is broken.",
        "The link is repaired.",
    ]
    await here.mails(case, "Please try the new link.", "The link is repaired.")


async def test_somebody_in_the_wrong_place_is_told_the_right_one_at_once(here: Town) -> None:
    case = await here.post(BUYING)
    view = await case.until(here.staff.admin, "redirected", lambda view: view["state"] == "resolved")
    assert view["resolution"] == "redirected"
    await here.customers.until(case.id, "solved")
    assert "your account manager" in (await here.conversation(case))[0]


async def test_a_customer_never_learns_of_tiers_teams_and_vendors(here: Town) -> None:
    case = await here.post(CRASHED)
    agent = await here.taken(case, 2)
    await case.command(agent, "note", text="The customer uses an old version.")
    await case.command(agent, "forward", vendor="acme-cloud", ask="Is this a fault of yours?")
    message = await here.vendor.case_of(case, agent)
    await here.customers.until(case.id, "in_progress")
    await here.vendor.says(message, "resolved", "Repaired by Acme Cloud.")
    await case.until(agent, "the vendor's answer", lambda view: view["state"] == "assigned")
    await case.resolve(agent, "This was repaired.")
    await here.customers.until(case.id, "solved")
    seen = await here.customers.view(case.id)
    assert not names_in(seen) & NOT_FOR_CUSTOMERS
    mails = await here.mails(case, "This was repaired.")
    told = await here.heard(case, "issue-solved")
    everything = " ".join([str(seen), *mails, str(told)]).lower()
    assert not [word for word in ("tier 2", "technical", "acme", "old version") if word in everything]


async def test_the_client_application_hears_of_its_issue_by_signed_webhooks(here: Town) -> None:
    case = await here.post(FORGOTTEN, reference="order-7")
    received = await here.heard(case, "issue-received")
    assert (received["data"]["reference"], received["data"]["state"]) == ("order-7", "received")
    agent = await here.taken(case, 1)
    await case.resolve(agent, "Please try the new link.")
    solved = await here.heard(case, "issue-solved")
    assert (solved["data"]["text"], solved["data"]["state"]) == ("Please try the new link.", "solved")
