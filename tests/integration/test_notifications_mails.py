"""Customers' mails on a real database and a real mail server: each once, in order, and none lost while it is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from notifications import deliveries, upkeep
from shared.events import work
from shared.ids import new_id
from shared.inbox import Overtaken
from shared.retries import ATTEMPTS
from shared.vocabulary import IssueState
from support.events import customer, submitted, worked
from support.infrastructure import Infrastructure
from support.notifications import Bench, bench
from support.post_office import PostOffice

GRACE = "grace@example.com"
A_WHILE = timedelta(hours=14)
"""Longer than any wait between two attempts."""


@pytest.fixture
async def desk(infrastructure: Infrastructure, office: PostOffice) -> AsyncIterator[Bench]:
    async with bench(infrastructure, smtp_url=office.url, mails_per_second=10_000) as made:
        yield made


def claimed(version: int = 2) -> work.WorkFact:
    return worked(work.IssueClaimed, version=version, state=IssueState.ASSIGNED, owner="ada")


def replied(version: int = 3, text: str = "Please try again.") -> work.WorkFact:
    return worked(work.IssueReplied, version=version, state=IssueState.ASSIGNED, message=new_id(), text=text)


def resolved(version: int = 4) -> work.WorkFact:
    return worked(
        work.IssueResolved, version=version, state=IssueState.RESOLVED, resolution="solved", text="It is reset."
    )


async def submit(desk: Bench, **changes: Any) -> UUID:
    issue = new_id()
    await desk.hear(desk.event(submitted(**changes), issue))
    return issue


def first_words(office: PostOffice, receiver: str = GRACE) -> list[str]:
    """What distinguishes the mails: their third line."""
    return [text.splitlines()[2] for text in office.texts(receiver)]


WHOLE_STORY = [
    'thank you. Your request "I forgot my password" has arrived and has the number #1001.',
    'a person is working on your request "I forgot my password" now.',
    'Ada wrote about your request "I forgot my password":',
    'your request "I forgot my password" is solved:',
]


async def test_a_customer_hears_of_each_step_once_and_in_order(desk: Bench, office: PostOffice) -> None:
    issue = await submit(desk)
    await desk.hear(*(desk.event(fact, issue) for fact in (claimed(), replied(), resolved())))
    await desk.send_all()
    assert first_words(office) == WHOLE_STORY
    assert len(set(office.ids(GRACE))) == 4
    assert {mail["In-Reply-To"] for _, mail in office.taken[1:]} == {office.ids(GRACE)[0]}


async def test_a_batch_goes_over_one_connection(desk: Bench, office: PostOffice) -> None:
    for _ in range(desk.settings.mail_batch):
        await submit(desk)
    await desk.mails.send_batch()
    assert (len(office.taken), office.connections) == (desk.settings.mail_batch, 1)


async def test_an_acceptance_is_published(desk: Bench, office: PostOffice) -> None:
    issue = await submit(desk)
    await desk.send_all()
    ((kind, body),) = await desk.published(issue)
    fact = json.loads(body)["data"]
    assert kind == "tierdesk.notification-delivered.v1"
    assert (fact["channel"], fact["about"], fact["attempts"]) == ("mail", "issue-received", 1)


async def test_events_that_come_again_give_no_second_mail(desk: Bench, office: PostOffice) -> None:
    issue = new_id()
    events = [desk.event(fact, issue) for fact in (submitted(), claimed(), replied())]
    await desk.hear(*events)
    await desk.send_all()
    await desk.hear(*events)
    async with desk.db.transaction() as tx:
        await tx.fetch("DELETE FROM inbox")
        await tx.fetch("DELETE FROM recipient")
    await desk.hear(*events)
    await desk.send_all()
    assert first_words(office) == WHOLE_STORY[:3]


@pytest.mark.parametrize("in_one_poll", [True, False])
async def test_work_that_comes_before_its_submission_is_told_after_it(
    desk: Bench, office: PostOffice, *, in_one_poll: bool
) -> None:
    issue = new_id()
    events = [desk.event(fact, issue) for fact in (claimed(), replied(), resolved(), submitted())]
    if in_one_poll:
        await desk.hear(*events)
    else:
        for event in events:
            await desk.hear(event)
    await desk.send_all()
    assert first_words(office) == WHOLE_STORY


async def test_two_members_that_begin_with_one_issue_at_once_miss_nothing(
    infrastructure: Infrastructure, desk: Bench, office: PostOffice
) -> None:
    issues = [new_id() for _ in range(20)]
    submissions = [desk.event(submitted(), issue) for issue in issues]
    claims = [desk.event(claimed(), issue) for issue in issues]

    async def insist(event: Any) -> None:
        while True:
            try:
                return await desk.hear(event)
            except Overtaken:
                continue

    await asyncio.gather(*(insist(event) for pair in zip(submissions, claims, strict=True) for event in pair))
    await desk.send_all()
    assert len(office.taken) == 40


async def test_mails_wait_while_the_server_is_away_and_go_out_when_it_is_back(desk: Bench, office: PostOffice) -> None:
    issue = await submit(desk)
    await desk.hear(desk.event(claimed(), issue))
    await office.close()
    await desk.send_all()
    assert await desk.deliveries(issue, "state", "attempts") == [("waiting", 1), ("waiting", 0)]
    await office.open()
    await desk.send_all()
    assert office.taken == []
    await desk.pass_time(timedelta(seconds=10))
    await desk.send_all()
    assert first_words(office) == WHOLE_STORY[:2]
    assert await desk.deliveries(issue, "state", "attempts") == [("delivered", 2), ("delivered", 1)]


async def test_a_permanent_refusal_fails_and_is_published_and_raises_an_alarm(desk: Bench, office: PostOffice) -> None:
    office.refusals[GRACE] = "550 no such user"
    issue = await submit(desk)
    other = await submit(desk, customer=customer(email="hedy@example.com"))
    await desk.send_all()
    assert await desk.deliveries(issue, "state", "reason") == [("failed", "The mail server said 550 no such user")]
    assert [kind for kind, _ in await desk.published(issue)] == ["tierdesk.notification-failed.v1"]
    assert await desk.deliveries(other, "state") == ["delivered"]
    async with desk.db.transaction() as tx:
        assert await upkeep.alarms(tx, desk.settings) == ["1 deliveries by mail failed for good lately."]


async def test_after_a_failed_mail_the_next_one_goes_out(desk: Bench, office: PostOffice) -> None:
    office.refusals[GRACE] = "550 no such user"
    issue = await submit(desk)
    await desk.send_all()
    office.refusals.clear()
    await desk.hear(desk.event(claimed(), issue))
    await desk.send_all()
    assert first_words(office) == WHOLE_STORY[1:2]


async def test_a_later_mail_does_not_overtake_one_that_is_tried_again(desk: Bench, office: PostOffice) -> None:
    office.refusals[GRACE] = "451 try later"
    issue = await submit(desk)
    await desk.send_all()
    office.refusals.clear()
    await desk.hear(desk.event(claimed(), issue))
    await desk.send_all()
    assert office.taken == []
    await desk.pass_time(A_WHILE)
    await desk.send_all()
    assert first_words(office) == WHOLE_STORY[:2]


async def test_mails_behind_one_that_is_tried_again_are_not_looked_at_before(desk: Bench, office: PostOffice) -> None:
    office.refusals[GRACE] = "451 try later"
    issue = await submit(desk)
    await desk.hear(desk.event(claimed(), issue))
    await desk.send_all()
    await desk.hear(desk.event(replied(), issue))
    assert len(set(await desk.deliveries(issue, "next_attempt_at"))) == 1


async def test_a_mail_that_is_never_taken_fails_after_the_last_attempt(desk: Bench, office: PostOffice) -> None:
    office.refusals[GRACE] = "451 try later"
    issue = await submit(desk)
    for _ in range(ATTEMPTS):
        await desk.send_all()
        await desk.pass_time(A_WHILE)
    assert await desk.deliveries(issue, "state", "attempts") == [("failed", ATTEMPTS)]


async def test_an_address_that_is_none_fails_without_asking_the_server(desk: Bench, office: PostOffice) -> None:
    issue = await submit(desk, customer=customer(email="grace@example.com\r\nBcc: eve@example.com"))
    await desk.mails.send_batch()
    assert await desk.deliveries(issue, "state") == ["failed"]
    assert (office.taken, office.connections) == ([], 0)


async def test_senders_that_work_at_the_same_time_send_nothing_twice(desk: Bench, office: PostOffice) -> None:
    for number in range(60):
        await submit(desk, number=number)
    await asyncio.gather(*(desk.send_all() for _ in range(4)))
    ids = office.ids(GRACE)
    assert (len(ids), len(set(ids))) == (60, 60)


async def test_a_mail_whose_sender_died_goes_out_when_its_lease_has_ended(desk: Bench, office: PostOffice) -> None:
    issue = await submit(desk)
    async with desk.db.transaction() as tx:
        taken = await deliveries.claim_mails(tx, new_id(), limit=10, span=desk.settings.lease)
    assert len(taken) == 1
    await desk.send_all()
    assert office.taken == []
    await desk.pass_time(desk.settings.lease)
    await desk.send_all()
    assert await desk.deliveries(issue, "state", "attempts") == [("delivered", 2)]


async def test_who_outlived_the_lease_changes_nothing(desk: Bench, office: PostOffice) -> None:
    issue = await submit(desk)
    late = new_id()
    async with desk.db.transaction() as tx:
        (due,) = await deliveries.claim_mails(tx, late, limit=10, span=desk.settings.lease)
    await desk.pass_time(desk.settings.lease)
    await desk.send_all()
    async with desk.db.transaction() as tx:
        await deliveries.settle(tx, late, [deliveries.refused(due, "too late")])
    assert await desk.deliveries(issue, "state") == ["delivered"]
    assert len(await desk.published(issue)) == 1


async def test_old_deliveries_are_forgotten_and_waiting_ones_are_not(desk: Bench, office: PostOffice) -> None:
    old = await submit(desk)
    await desk.send_all()
    waiting = await submit(desk)
    await desk.pass_time(desk.settings.deliveries_kept + timedelta(days=1))
    async with desk.db.transaction() as tx:
        await upkeep.forget_deliveries(tx, desk.settings.deliveries_kept, limit=100)
    assert await desk.deliveries(old, "state") == []
    assert await desk.deliveries(waiting, "state") == ["waiting"]
