"""One code base, a process per tier: three of them over one database and one broker."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx2
import pytest

from onebox.ports import any_free
from shared.db import Database
from shared.ids import new_id
from shared.outbox import Outgoing, publish
from shared.vocabulary import Role
from support import events, people
from support.infrastructure import Infrastructure
from support.queue_service import PASSWORD_HASH, Staff, accepted_now, own_namespace, queue_settings
from support.running import prepare, rows, wait_until
from tier_queues import roster
from tier_queues.roster import Member
from tier_queues.settings import Settings

READY_WITHIN = timedelta(seconds=60)
TIERS = (1, 2, 3)


@asynccontextmanager
async def process(settings: Settings, infrastructure: Infrastructure, tier: int, log: Path) -> AsyncIterator[str]:
    """`python -m tier_queues run` for one tier; SIGTERM at the end."""
    port = any_free(set())
    environment = {
        "PATH": os.environ["PATH"],
        **infrastructure.environment(),
        "TIERDESK_INSTANCE": f"tier-{tier}",
        "TIERDESK_TIER_QUEUES_TIERS": str(tier),
        "TIERDESK_STAFF_PUBLIC_KEYS": people.public_keys(),
        "TIERDESK_TIER_QUEUES_SIGNING_KEY": settings.signing_key.get_secret_value(),
        "TIERDESK_TIER_QUEUES_ANNOUNCE_EVERY": "PT0.5S",
    }
    arguments = [sys.executable, "-m", "tier_queues", "run", "--port", str(port)]
    with log.open("wb") as output:
        started = await asyncio.create_subprocess_exec(*arguments, env=environment, stdout=output, stderr=output)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        started.send_signal(signal.SIGTERM)
        assert await started.wait() == 0, f"it did not end in order; see {log}"


@pytest.fixture(scope="module")
async def tiers(
    infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Database, dict[int, httpx2.AsyncClient]]]:
    """The three processes, ready, by tier; and their database."""
    logs = tmp_path_factory.mktemp("logs")
    async with own_namespace(infrastructure) as own, AsyncExitStack() as stack:
        settings = queue_settings(own)
        await prepare(settings)
        db = Database(settings)
        stack.push_async_callback(db.close)
        clients = {}
        for tier in TIERS:
            url = await stack.enter_async_context(process(settings, own, tier, logs / f"{tier}.log"))
            clients[tier] = await stack.enter_async_context(
                httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False)
            )
        for client in clients.values():
            await wait_until(partial(ready, client), READY_WITHIN, "it is ready")
        yield db, clients


async def ready(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200
    except httpx2.TransportError:
        return False


async def staff(db: Database, client: httpx2.AsyncClient, tier: int) -> Staff:
    member = Member(f"agent-{new_id().hex[-8:]}", f"Agent of {tier}", Role.AGENT, (tier,), (), 1000)
    async with db.transaction() as tx:
        await roster.add(tx, member, PASSWORD_HASH)
    return Staff(member.id, client, people.bearer(agent=member.id, name=member.name, tiers=(tier,)))


async def test_each_process_serves_its_own_tiers_list_and_any_issues_commands(
    tiers: tuple[Database, dict[int, httpx2.AsyncClient]],
) -> None:
    db, clients = tiers
    agents = {tier: await staff(db, clients[tier], tier) for tier in TIERS}
    issue = new_id()
    async with db.transaction() as tx:
        await publish(tx, [Outgoing(str(issue), events.routed(of=accepted_now()))], source="router")

    async def listed() -> bool:
        page = await agents[1].get("/tiers/1/issues")
        return str(issue) in [row["id"] for row in page.json()["items"]]

    await wait_until(listed, READY_WITHIN, "the issue is claimable at Tier 1")
    assert (await agents[2].get("/tiers/1/issues")).json()["type"] == "urn:tierdesk:problem:tier-not-served"
    elsewhere = Staff(agents[1].id, clients[3], agents[1].headers)
    assert (await elsewhere.give("claim", issue)).status_code == 200
    assert (await agents[1].offer(issue)).status_code == 200
    assert (await agents[2].claim_next(2)).json()["id"] == str(issue)
    assert (await agents[3].issue(issue))["owner"] == agents[2].id


async def test_agents_of_three_processes_race_for_the_same_issues_and_each_has_one_winner(
    tiers: tuple[Database, dict[int, httpx2.AsyncClient]],
) -> None:
    db, clients = tiers
    racers = [await staff(db, clients[tier], 1) for tier in TIERS for _ in range(3)]
    issues = [new_id() for _ in range(30)]
    async with db.transaction() as tx:
        routed = [Outgoing(str(issue), events.routed(of=accepted_now())) for issue in issues]
        await publish(tx, routed, source="router")

    async def arrived() -> bool:
        return await rows(db, "SELECT count(*) FROM issues WHERE id = ANY($1)", issues) == [(len(issues),)]

    await wait_until(arrived, READY_WITHIN, "every issue has come")
    answers = await asyncio.gather(*(agent.give("claim", issue) for issue in issues for agent in racers))
    assert Counter(answer.status_code for answer in answers) == {200: 30, 409: 30 * 8}


async def test_timers_of_every_tier_fire_though_each_process_minds_its_own(
    tiers: tuple[Database, dict[int, httpx2.AsyncClient]],
) -> None:
    db, _ = tiers
    issues = {new_id(): tier for tier in (1, 2, 3, 4)}
    async with db.transaction() as tx:
        facts = [
            Outgoing(str(issue), events.routed(of=accepted_now(), tier=tier, impact="high", urgency="high"))
            for issue, tier in issues.items()
        ]
        await publish(tx, facts, source="router")

    async def arrived() -> bool:
        return await rows(db, "SELECT count(*) FROM issues WHERE id = ANY($1)", list(issues)) == [(len(issues),)]

    await wait_until(arrived, READY_WITHIN, "every issue has come")
    async with db.transaction() as tx:
        await tx.fetch("UPDATE clock SET ahead = ahead + interval '16 minutes'")

    async def breached() -> bool:
        found = await rows(
            db,
            "SELECT DISTINCT issue_id FROM timeline WHERE issue_id = ANY($1) AND type = 'tierdesk.clock-breached.v1'",
            list(issues),
        )
        return len(found) == len(issues)

    await wait_until(breached, READY_WITHIN, "every first response is breached")
