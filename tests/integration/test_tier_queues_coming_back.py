"""To whom an issue comes back, and what becomes of drafts, over HTTP and on a real database."""

from uuid import UUID

from support import events
from support.queue_service import QueueService, Staff


async def solved(queues: QueueService, agent: Staff) -> UUID:
    issue = await queues.issue()
    assert (await agent.give("claim", issue)).status_code == 200
    assert (await agent.give("resolve", issue, resolution="solved", text="It works again.")).status_code == 200
    return issue


async def say(agent: Staff, availability: str) -> None:
    assert (await agent.send("PUT", "/me/availability", {"availability": availability})).status_code == 200


async def test_a_reopened_issue_waits_for_nobody_who_said_they_are_away(queues: QueueService, ada: Staff) -> None:
    issue, other, third = await solved(queues, ada), await solved(queues, ada), await solved(queues, ada)
    await queues.hear(issue, events.customer_replied())
    assert (await ada.issue(issue))["owner"] == ada.id
    await say(ada, "away")
    await queues.hear(other, events.customer_replied())
    back = await ada.issue(other)
    assert (back["state"], back["tier"], back["owner"]) == ("queued", 1, None)
    await say(ada, "online")
    await queues.hear(third, events.customer_replied())
    assert (await ada.issue(third))["owner"] == ada.id


async def test_a_draft_is_gone_when_its_author_has_replied(queues: QueueService, ada: Staff) -> None:
    bob = await queues.staff("bob", teams=["frontline"])
    issue, other = await queues.issue(), await queues.issue()
    assert (await ada.give("claim", issue)).status_code == 200
    for agent, place in ((ada, issue), (ada, other), (bob, issue)):
        assert (await agent.send("PUT", f"/issues/{place}/draft", {"text": "Dear"})).status_code == 200
    assert (await ada.give("reply", issue, text="Dear customer.")).status_code == 200
    left = [
        (await agent.get(f"/issues/{place}/draft")).status_code
        for agent, place in ((ada, issue), (ada, other), (bob, issue))
    ]
    assert left == [404, 200, 200]
