"""Two want different things of one issue at the same time: one outcome, one timeline, and nobody's words are lost."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2

from shared.ids import new_id
from support import events
from support.queue_service import QueueService, Staff

ROUNDS = 60


async def owned(queues: QueueService, agent: Staff, number: int) -> list[UUID]:
    made = await queues.issues(number)
    for issue in made:
        assert (await agent.give("claim", issue)).status_code == 200
    return made


def kinds(timeline: list[dict[str, Any]]) -> list[str]:
    """What happened, in order; no version is missing and none is there twice."""
    assert [entry["version"] for entry in timeline] == list(range(1, len(timeline) + 1))
    return [entry["type"].split(".")[1] for entry in timeline]


async def test_of_an_acceptance_and_a_withdrawal_at_the_same_time_one_takes_effect(
    queues: QueueService, ada: Staff
) -> None:
    tim = await queues.staff("tim", tiers=(2,), teams=("technical",))
    made = await owned(queues, ada, ROUNDS)
    for issue in made:
        assert (await ada.offer(issue)).status_code == 200

    async def race(issue: UUID, accept_first: bool) -> tuple[httpx2.Response, httpx2.Response]:
        accept, withdraw = tim.give("accept", issue), ada.give("withdraw-offer", issue)
        if accept_first:
            return await asyncio.gather(accept, withdraw)
        withdrawn, accepted = await asyncio.gather(withdraw, accept)
        return accepted, withdrawn

    outcomes = await asyncio.gather(*(race(issue, place % 2 == 0) for place, issue in enumerate(made)))
    for issue, (accepted, withdrawn) in zip(made, outcomes, strict=True):
        assert {accepted.status_code, withdrawn.status_code} == {200, 409}, (accepted.text, withdrawn.text)
        won = accepted.status_code == 200
        seen = await ada.issue(issue)
        assert (seen["owner"], seen["tier"], seen["offer"]) == ((tim.id, 2, None) if won else (ada.id, 1, None))
        assert kinds(await ada.timeline(issue))[3:] == ["handover-accepted" if won else "handover-withdrawn"]


async def test_no_reply_is_lost_between_the_owners_answer_and_the_customer_who_writes(
    queues: QueueService, ada: Staff
) -> None:
    made = await owned(queues, ada, ROUNDS)

    async def customers_write() -> None:
        for issue in made:
            await queues.hear(issue, events.customer_replied(message=new_id(), text=f"Still broken: {issue}."))

    answers = [ada.give("resolve", issue, resolution="solved", text="It works again.") for issue in made]
    _, *answered = await asyncio.gather(customers_write(), *answers)
    for issue, answer in zip(made, answered, strict=True):
        assert answer is not None
        timeline, seen = await ada.timeline(issue), await ada.issue(issue)
        heard = [entry["private"]["text"] for entry in timeline if entry["type"] == "tierdesk.customer-heard.v1"]
        assert heard == [f"Still broken: {issue}."]
        # The customer brings the issue back, or wrote first: then nobody ends it without having read that.
        assert (answer.status_code, kinds(timeline)[2:], seen["state"]) in (
            (200, ["issue-resolved", "customer-heard", "issue-reopened"], "assigned"),
            (409, ["customer-heard"], "assigned"),
        )
        assert seen["unseen"]
