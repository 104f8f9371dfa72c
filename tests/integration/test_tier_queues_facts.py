"""What other services say takes effect once, whatever order its topics bring it in, on a real database and broker."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.events import Envelope, Fact, issues, vendor
from shared.events.deliveries import NotificationFailed
from shared.ids import new_id
from shared.outbox import Outgoing, publish
from support import events
from support.queue_service import OFFSETS, QueueService, Staff, accepted_now
from support.running import rows, wait_until
from tier_queues.rows import issue_of

SOON = timedelta(seconds=20)
CROWD = 150


def interleavings(first: Sequence[Any], second: Sequence[Any]) -> Iterator[list[Any]]:
    """Every order that keeps each topic's own order."""
    if not first or not second:
        yield [*first, *second]
        return
    yield from ([first[0], *rest] for rest in interleavings(first[1:], second))
    yield from ([second[0], *rest] for rest in interleavings(first, second[1:]))


def of_topic(issue: UUID, *facts: Fact) -> list[Envelope[Any]]:
    return [events.envelope(fact, subject=issue, seq=seq) for seq, fact in enumerate(facts, 1)]


async def arrive(queues: QueueService, order: Sequence[Envelope[Any]]) -> None:
    """Each event in a poll of its own."""
    for event in order:
        await queues.consumer.handle([events.record(event, offset=next(OFFSETS))])


async def standing(queues: QueueService, issue: UUID) -> tuple[Any, ...]:
    """What must not depend on the order of topics."""
    found = await rows(queues.service.db, "SELECT body::text FROM issues WHERE id = $1", issue)
    types = await rows(queues.service.db, "SELECT type FROM timeline WHERE issue_id = $1 ORDER BY type", issue)
    as_is = issue_of(found[0][0])
    cases = tuple((case.vendor, case.state, case.reference) for case in as_is.cases)
    fixed = (as_is.state, as_is.tier, as_is.team, as_is.owner, as_is.unseen, as_is.resolution, as_is.version, cases)
    return (*fixed, tuple(row[0] for row in types))


async def test_facts_that_come_before_the_routing_have_the_same_end_in_every_order(queues: QueueService) -> None:
    ends = set()
    written = new_id()

    def topics(issue: UUID) -> tuple[list[Envelope[Any]], list[Envelope[Any]]]:
        said = of_topic(
            issue,
            events.customer_replied(message=written),
            events.customer_replied(),
            issues.IssueWithdrawn(reason="It works.", at=events.ACCEPTED_AT),
        )
        return said, of_topic(issue, events.routed(of=accepted_now()))

    for number in range(len(list(interleavings(*topics(new_id()))))):
        issue = new_id()
        await arrive(queues, list(interleavings(*topics(issue)))[number])
        ends.add(await standing(queues, issue))
    assert len(ends) == 1
    assert ends.pop()[0] == "resolved"
    assert await rows(queues.service.db, "SELECT count(*) FROM early_facts") == [(0,)]


async def test_vendor_customer_and_mail_facts_have_the_same_end_in_every_order(queues: QueueService) -> None:
    ends = set()
    orders = len(list(interleavings([1, 2, 3], [4, 5])))
    for number in range(orders):
        issue = new_id()
        await arrive(queues, of_topic(issue, events.routed(of=accepted_now(), tier=4)))
        case = await rows(queues.service.db, "SELECT body->'cases'->0->>'id' FROM issues WHERE id = $1", issue)
        about = {"case": UUID(case[0][0])}
        bridge = of_topic(
            issue,
            events.vendor_said(vendor.VendorCaseOpened, **about),
            events.vendor_said(vendor.VendorCaseAcknowledged, reference="AC-7", **about),
            events.vendor_said(vendor.VendorCaseResolved, reference="AC-7", text="Fixed.", **about),
        )
        failed = NotificationFailed(
            delivery=new_id(),
            channel="mail",
            cause=new_id(),
            about="issue-queued",
            attempts=3,
            at=events.ACCEPTED_AT,
            reason="no such mailbox",
        )
        said = [
            *of_topic(issue, events.customer_replied()),
            events.envelope(failed, subject=issue),
        ]
        await arrive(queues, list(interleavings(bridge, said))[number])
        ends.add(await standing(queues, issue))
    assert len({end[:-1] for end in ends}) == 1
    state, tier, *_ = next(iter(ends))
    assert (state, tier) == ("queued", 2)


async def test_an_event_that_comes_again_has_no_second_effect(queues: QueueService, ada: Staff) -> None:
    issue = new_id()
    said = of_topic(issue, events.customer_replied())
    routed = of_topic(issue, events.routed(of=accepted_now()))
    await arrive(queues, [*routed, *said, *said, *routed, *said])
    assert [entry["type"].split(".")[1] for entry in await ada.timeline(issue)] == ["issue-queued", "customer-heard"]


async def test_two_consumers_that_meet_at_a_new_issue_lose_no_early_fact(queues: QueueService) -> None:
    made = [new_id() for _ in range(CROWD)]
    routed = [
        events.record(event, offset=next(OFFSETS))
        for issue in made
        for event in of_topic(issue, events.routed(of=accepted_now()))
    ]
    said = [
        events.record(event, offset=next(OFFSETS))
        for issue in reversed(made)
        for event in of_topic(issue, events.customer_replied())
    ]
    await asyncio.gather(
        *(queues.consumer.handle(routed[start : start + 10]) for start in range(0, CROWD, 10)),
        *(queues.consumer.handle(said[start : start + 10]) for start in range(0, CROWD, 10)),
    )
    heard = await rows(
        queues.service.db,
        "SELECT issue_id FROM timeline WHERE issue_id = ANY($1) AND type = 'tierdesk.customer-heard.v1'",
        made,
    )
    assert len(heard) == CROWD
    assert await rows(queues.service.db, "SELECT count(*) FROM early_facts") == [(0,)]


async def test_a_poisonous_event_is_dead_and_the_rest_of_its_poll_takes_effect(queues: QueueService) -> None:
    good = [new_id() for _ in range(5)]
    records = [
        events.record(event, offset=next(OFFSETS))
        for issue in good
        for event in of_topic(issue, events.routed(of=accepted_now()))
    ]
    poison = events.record(events.envelope(events.customer_replied(), subject="no-issue"), offset=next(OFFSETS))
    await queues.consumer.handle([*records[:2], poison, *records[2:]])
    assert len(await rows(queues.service.db, "SELECT 1 FROM issues WHERE id = ANY($1)", good)) == 5
    dead = await rows(queues.service.db, "SELECT cause FROM dead_letter WHERE key = 'no-issue'")
    assert len(dead) == 1


async def test_an_issue_routed_over_the_broker_can_be_claimed_and_is_published(
    queues: QueueService, ada: Staff
) -> None:
    issue = new_id()
    async with queues.service.db.transaction() as tx:
        # As the router's outbox would: published by a relay, consumed from the topic.
        await publish(tx, [Outgoing(str(issue), events.routed(of=accepted_now()))], source="router")

    async def claimable() -> bool:
        return (await ada.get(f"/issues/{issue}")).status_code == 200

    await wait_until(claimable, SOON, "the issue is in its queue")
    assert (await ada.give("claim", issue)).status_code == 200

    async def sent() -> bool:
        return await rows(queues.service.db, "SELECT 1 FROM outbox WHERE aggregateid = $1", str(issue)) == []

    await wait_until(sent, SOON, "the relay has published what happened")
