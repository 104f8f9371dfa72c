"""The client speaks to running services as they document themselves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.intake import ADA, intake_settings, running_intake
from support.listener import listener
from support.queue_service import PASSWORD, QueueService, own_namespace, running_queues
from tierdesk_client import Agent, Application, Connection, NoAnswer, Refused, connected, sign_in


@pytest.fixture(scope="module")
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture(scope="module")
async def at_queues(queues: QueueService) -> AsyncIterator[Connection]:
    async with connected(queues.running.url) as made:
        yield made


async def agent_of(queues: QueueService, at_queues: Connection, name: str = "ada") -> Agent:
    member = await queues.staff(name)
    return await sign_in(at_queues, member.id, PASSWORD)


async def test_an_issue_is_claimed_answered_and_resolved(queues: QueueService, at_queues: Connection) -> None:
    ada, issue = await agent_of(queues, at_queues), await queues.issue()
    claimed = await ada.claim(issue)
    assert (claimed.id, claimed.state, claimed.owner) == (issue, "assigned", ada.id)
    until = datetime.now(UTC) + timedelta(days=1)
    rests = await ada.wait(issue, for_="time", until=until, reason="The shop is closed.", expected=claimed.version)
    assert rests.state == "waiting"
    await ada.resume(issue)
    resolved = await ada.resolve(issue, resolution="solved", text="It is put right.")
    assert resolved.state == "resolved"
    told = [entry["type"] async for entry in ada.timeline(issue)]
    assert "tierdesk.issue-resolved.v1" in told


async def test_the_same_key_takes_effect_once(queues: QueueService, at_queues: Connection) -> None:
    ada, issue = await agent_of(queues, at_queues), await queues.issue()
    await ada.claim(issue)
    first, again = [await ada.note(issue, text="Looked at it.", key="one-key") for _ in range(2)]
    assert first == again
    assert [entry["type"] async for entry in ada.timeline(issue)].count("tierdesk.issue-noted.v1") == 1


async def test_a_refusal_tells_its_kind_and_what_else_there_is_to_know(
    queues: QueueService, at_queues: Connection
) -> None:
    ada, issue = await agent_of(queues, at_queues), await queues.issue()
    claimed = await ada.claim(issue)
    with pytest.raises(Refused) as refused:
        await ada.note(issue, text="Too late.", expected=claimed.version - 1)
    assert (refused.value.status, refused.value.type) == (412, "urn:tierdesk:problem:stale-version")
    assert refused.value.more["version"] == claimed.version
    with pytest.raises(Refused) as wrong:
        await sign_in(at_queues, ada.id, "not the password")
    assert (wrong.value.status, wrong.value.title) == (401, "Unauthenticated")


async def test_lists_go_on_page_by_page_and_issues_are_read_by_ids(queues: QueueService, at_queues: Connection) -> None:
    ada, issues = await agent_of(queues, at_queues), await queues.issues(205)
    listed = {issue.id async for issue in ada.queue()}
    assert set(issues) <= listed
    found = await ada.issues([*issues, new_id()])
    assert [issue.id for issue in found] == issues
    assert await ada.issue(new_id()) is None
    first = await ada.claim_next()
    assert first is not None
    assert [issue.id async for issue in ada.mine()] == [first.id]


async def test_a_session_is_renewed_before_its_token_ends_and_ends_when_it_is_signed_out(
    queues: QueueService, at_queues: Connection
) -> None:
    ada = await agent_of(queues, at_queues)
    ada.expires_at, before = datetime.now(UTC), ada.expires_at
    issue = await queues.issue()
    await ada.claim(issue)
    assert ada.expires_at >= before
    await ada.sign_out()
    with pytest.raises(Refused):
        await ada.issue(issue)


async def test_a_list_goes_on_when_the_token_ends_between_pages(queues: QueueService, at_queues: Connection) -> None:
    ada, issues = await agent_of(queues, at_queues), await queues.issues(3)
    listed = set()
    async for issue in ada.rows("/tier-queues/queue", limit=1):
        listed.add(UUID(issue["id"]))
        ada.token = "ended"
    assert set(issues) <= listed
    ada.token = "ended"
    assert (await ada.claim(issues[0])).owner == ada.id


async def test_two_agents_of_one_connection_are_not_mixed_up(queues: QueueService, at_queues: Connection) -> None:
    ada, bob = await agent_of(queues, at_queues, "ada"), await agent_of(queues, at_queues, "bob")
    issue = await queues.issue()
    assert (await ada.claim(issue)).owner == ada.id
    root = await queues.staff("root", role=Role.ADMIN, tiers=())
    assert (await bob.get("/tier-queues/me"))["id"] == bob.id != root.id


async def test_an_application_posts_an_issue_once_and_follows_it(
    infrastructure: Infrastructure, tmp_path: Path
) -> None:
    async with own_namespace(infrastructure) as own, running_intake(intake_settings(own, tmp_path)) as intake:
        shop = await intake.application()
        async with connected(intake.running.url) as at_intake:
            application = Application(at_intake, shop.key)
            submit = partial(
                application.submit, customer={"email": ADA.email}, title="CSV export fails", text="It stops at 80 %."
            )
            accepted = await submit(key="order-7", reference="order 7")
            assert await submit(key="order-7", reference="order 7") == accepted
            log = await application.upload("Prüfung.log", b"stopped", media_type="text/plain", key="log")
            assert await application.upload("Prüfung.log", b"stopped", media_type="text/plain", key="log") == log
            await application.reply(accepted.id, "It stops at 70 % now.", attachments=[log])
            files = {
                message["text"]: [file["name"] for file in message["attachments"]]
                async for message in application.messages(accepted.id)
            }
            assert files["It stops at 70 % now."] == ["Prüfung.log"]
            assert [UUID(line["id"]) async for line in application.issues()] == [accepted.id]
            view = await application.issue(accepted.id)
            assert view is not None
            assert view["number"] == accepted.number


async def test_a_request_that_shall_come_back_is_sent_again_with_the_same_key() -> None:
    async with listener() as listening, connected(listening.origin) as to_listener:
        listening.statuses += [503, 429]
        answer = await to_listener.send("POST", "/anything", {"text": "Hello"})
    assert answer.status == 204
    assert len(listening.taken) == 3
    assert len({(request.header("idempotency-key"), request.body) for request in listening.taken}) == 1


async def test_nobody_answers_and_that_is_said() -> None:
    async with listener() as listening:
        gone = listening.origin
    async with connected(gone, attempts=2) as to_nobody:
        with pytest.raises(NoAnswer, match="ConnectError"):
            await to_nobody.send("POST", "/anything")
