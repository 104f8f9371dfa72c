"""Mails to members of staff on a real database and a real mail server."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from shared.events import attention
from shared.events.directory import AgentListed, TeamListed
from shared.events.work import ClockBreached, WorkFact
from shared.ids import new_id
from support.events import ACCEPTED_AT, AGENT, standing, submitted, worked
from support.infrastructure import Infrastructure
from support.notifications import Bench, bench
from support.post_office import PostOffice

LEA = "lea@example.com"


@pytest.fixture
async def desk(infrastructure: Infrastructure, office: PostOffice) -> AsyncIterator[Bench]:
    async with bench(infrastructure, smtp_url=office.url, mails_per_second=10_000) as made:
        yield made


def listed(agent: str, version: int = 1, **changes: Any) -> AgentListed:
    values = {"name": agent.title(), "address": f"{agent}@example.com", "role": "lead", "active": True}
    return AgentListed.model_validate({"entity": agent, "version": version} | values | changes)


def alert(*leads: str, version: int = 2) -> WorkFact:
    values = {"at": ACCEPTED_AT, "actor": AGENT, "standing": standing(version), "cause": "ping-pong", "tier": 1}
    return attention.LeadAlerted.model_validate(values | {"leads": leads, "times": 4})


async def know(desk: Bench, *entries: AgentListed | TeamListed) -> None:
    await desk.hear(*(desk.event(entry) for entry in entries))


async def send_all(desk: Bench) -> None:
    while await desk.staff_mails.send_batch():
        pass


async def test_each_lead_with_an_address_hears_of_an_alert_once(desk: Bench, office: PostOffice) -> None:
    gone, silent = listed("gone", active=False), listed("mute", address=None)
    await know(desk, listed("lea"), listed("leo"), gone, silent)
    issue = new_id()
    await desk.hear(desk.event(submitted(title="<b>It\nstopped"), issue))
    told = desk.event(alert("lea", "leo", "gone", "mute", "nobody"), issue)
    await desk.hear(told)
    await desk.hear(told.model_copy(update={"seq": told.seq + 1}))
    await send_all(desk)
    for address in (LEA, "leo@example.com"):
        (text,) = office.texts(address)
        assert "It has come to Tier 1 4 times." in text
    assert await desk.deliveries(issue, "agent") == [None, "lea", "leo"]
    assert (await desk.published(issue))[-1][0] == "tierdesk.notification-delivered.v1"


async def test_a_mail_to_staff_cannot_be_answered_into_the_issue(desk: Bench, office: PostOffice) -> None:
    await know(desk, listed("lea"))
    issue = new_id()
    await desk.hear(desk.event(submitted(), issue), desk.event(alert("lea"), issue))
    await send_all(desk)
    (mail,) = (mail for receiver, mail in office.taken if receiver == LEA)
    assert mail["Reply-To"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"] == "[#1001] I forgot my password"


async def test_the_leads_of_a_team_hear_of_what_its_queue_leaves_waiting(desk: Bench, office: PostOffice) -> None:
    team = TeamListed(entity="frontline", version=1, tiers=(1,), leads=("lea",), active=True)
    await know(desk, listed("lea"), team)
    issue = new_id()
    broken = worked(ClockBreached, version=2, clock="pickup", due_at="2026-11-02T10:00:00Z")
    await desk.hear(desk.event(submitted(), issue), desk.event(broken, issue))
    await send_all(desk)
    assert len(office.texts(LEA)) == 1


async def test_a_mail_waits_until_the_issue_is_known_and_holds_nobody_else_up(desk: Bench, office: PostOffice) -> None:
    await know(desk, listed("lea"))
    unknown, known = new_id(), new_id()
    await desk.hear(desk.event(alert("lea"), unknown))
    await desk.hear(desk.event(submitted(), known), desk.event(alert("lea"), known))
    await send_all(desk)
    assert await states(desk, unknown) == ["waiting"]
    await desk.hear(desk.event(submitted(), unknown))
    await send_all(desk)
    assert len(office.texts(LEA)) == 2


async def states(desk: Bench, issue: UUID) -> list[str]:
    found = await desk.deliveries(issue, "channel", "state")
    return [state for channel, state in found if channel == "staff"]
