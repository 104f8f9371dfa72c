"""The demo on real processes: its audit finds nothing, and every fault that is planted afterwards."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from onebox.bench.stage import Stage, running
from onebox.demo.audit import offenders
from onebox.demo.case import Case
from onebox.demo.issues import drafts
from onebox.demo.outcome import outcome_of
from onebox.demo.place import Place
from onebox.demo.play import Performance, performed
from onebox.demo.review import Review, review
from onebox.keys import Secrets
from onebox.layout import Planner
from onebox.places import places
from onebox.ports import LOOPBACK, Ports
from onebox.seed import Credentials
from onebox.servers import Servers
from shared.ids import new_id
from shared.outbox import RELAY_LOCK
from support.infrastructure import Infrastructure, new_namespace

ISSUES = 24
RUN = "e2e-7"
"""Names the issues and draws their fates, so that a failure can be repeated."""


@asynccontextmanager
async def instance(infrastructure: Infrastructure, home: Path) -> AsyncIterator[Place]:
    """The processes of `up` on the session's servers, in a namespace of their own."""
    namespace = new_namespace()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TIERDESK_NAMESPACE", namespace)
        environment.setenv("TIERDESK_SECRET", infrastructure.secret)
        where = places({"TIERDESK_HOME": str(home)})
        where.make()
        ports = Ports(where.home / "ports.json")
        planner = Planner(where, ports, Secrets(where.home / "secrets.json"), public_port=ports.take("web"))
        servers = Servers(infrastructure.database_url, infrastructure.kafka_bootstrap, ())
        layout = planner.plan(split=False, database_url=servers.database_url, kafka_bootstrap=servers.kafka_bootstrap)
    stage = Stage(where, ports, servers, layout)
    await stage.install()
    async with running(*stage.everything()):
        yield Place(
            url=layout.url.replace("localhost", LOOPBACK),
            api_key=stage.api_key,
            admin="admin",
            admin_password=Credentials(where.home).staff["admin"],
            vendor_url=f"http://{LOOPBACK}:{layout.vendor_port}",
            vendor_port=layout.vendor_port,
            mail_url=layout.mail_url.replace("localhost", LOOPBACK),
            database_url=servers.database_url,
            namespace=namespace,
        )


@pytest.fixture(scope="module")
async def performance(
    infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Performance, Review]]:
    """A demo that was played and audited once; everything still runs."""
    async with (
        instance(infrastructure, tmp_path_factory.mktemp("demo")) as place,
        performed(place, drafts(ISSUES, run=RUN), run=RUN, console=Console(file=io.StringIO())) as played,
    ):
        assert played.databases is not None
        yield played, await review(played.acts.cases, played.reader, played.databases)


@pytest.fixture
def case(performance: tuple[Performance, Review], request: pytest.FixtureRequest) -> Case:
    """An issue for this test alone: what is planted in it stays."""
    names = sorted(item.name for item in request.session.items if "case" in getattr(item, "fixturenames", ()))
    cases = sorted(performance[0].acts.cases, key=lambda each: each.number)
    return cases[names.index(request.node.name)]


async def from_apis(performance: Performance, case: Case) -> set[str]:
    """What the audit reads about one issue from the APIs."""
    return {offender.fault for offender in offenders(await performance.reader.read([case]))}


async def from_databases(performance: Performance, case: Case) -> set[str]:
    """What the audit reads about one issue from PostgreSQL."""
    assert performance.databases is not None
    return {offender.fault for offender in await performance.databases.offenders([case.id])}


def database(performance: Performance, service: str) -> Any:
    """A service's database, to plant something in."""
    assert performance.databases is not None
    return performance.databases.by_service[service]


async def test_every_issue_is_accepted_and_solved_and_the_audit_finds_nothing(
    performance: tuple[Performance, Review],
) -> None:
    played, found = performance
    outcome = outcome_of(
        played.acts.customers.journal, played.acts.cases, found, played.acts.broken, played.acts.client.stopwatch, 1.0
    )
    assert outcome.offenders == []
    assert outcome.not_checked == []
    assert outcome.posted == outcome.accepted == outcome.checked == sum(outcome.per_tier.values()) == ISSUES
    assert outcome.handovers > 0
    assert outcome.vendor_cases > 0
    assert outcome.mails > 2 * ISSUES
    assert outcome.latency_ms.keys() == {"post", "post_to_claimable", "command"}


async def test_a_deleted_timeline_row_is_found_twice(performance: tuple[Performance, Review], case: Case) -> None:
    played, _ = performance
    rows = await database(played, "tier-queues").fetchval(
        "WITH gone AS (DELETE FROM timeline WHERE issue_id = $1 AND version = 2 RETURNING 1) "
        "SELECT count(*) FROM timeline WHERE issue_id = $1",
        case.id,
    )
    kept = [1, *range(3, rows + 1)]
    assert f"its timeline has the versions {kept}" in await from_apis(played, case)
    assert f"is at version {rows}, its timeline has {rows - 1} rows from 1 to {rows}" in await from_databases(
        played, case
    )


async def test_an_issue_moved_to_another_list_is_found(performance: tuple[Performance, Review], case: Case) -> None:
    played, _ = performance
    await database(played, "tier-queues").execute("UPDATE issues SET state = 'closed' WHERE id = $1", case.id)
    assert any("but found in Tier" in fault for fault in await from_apis(played, case))


async def test_an_issue_that_vanished_from_the_tiers_is_found(
    performance: tuple[Performance, Review], case: Case
) -> None:
    played, _ = performance
    await database(played, "tier-queues").execute("DELETE FROM issues WHERE id = $1", case.id)
    assert "accepted, but unknown to the tiers" in await from_apis(played, case)
    assert "has no row at tier-queues" in await from_databases(played, case)


async def test_a_missing_decision_is_found(performance: tuple[Performance, Review], case: Case) -> None:
    played, _ = performance
    await database(played, "router").execute("DELETE FROM decision WHERE issue_id = $1", case.id)
    assert any(fault.startswith("the router's decisions are for") for fault in await from_apis(played, case))
    assert "has no row at router" in await from_databases(played, case)


async def test_a_message_that_the_customer_sees_twice_is_found(
    performance: tuple[Performance, Review], case: Case
) -> None:
    played, _ = performance
    await database(played, "intake").execute(
        "INSERT INTO message (id, issue_id, author, author_name, text, attachments, at) "
        "SELECT gen_random_uuid(), issue_id, author, author_name, text, attachments, at FROM message "
        "WHERE issue_id = $1",
        case.id,
    )
    assert any(fault.startswith("its customer sees “") for fault in await from_apis(played, case))


async def test_an_event_that_was_never_published_is_found(performance: tuple[Performance, Review], case: Case) -> None:
    played, _ = performance
    connection = database(played, "router")
    # The relay's own lock keeps it from publishing what is planted.
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", RELAY_LOCK)
        await connection.execute(
            "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES ($1, 'x', $2, 'x', '{}')",
            new_id(),
            str(case.id),
        )
        assert await from_databases(played, case) == {"has events at router that are not published"}
        await connection.execute("DELETE FROM outbox WHERE aggregateid = $1", str(case.id))


async def test_an_event_that_a_service_has_not_seen_is_found(
    performance: tuple[Performance, Review], case: Case
) -> None:
    played, _ = performance
    seq = await database(played, "tier-queues").fetchval(
        "UPDATE inbox SET seq = seq - 1 WHERE key = $1 AND producer = 'router' RETURNING seq", str(case.id)
    )
    assert await from_databases(played, case) == {
        f"tier-queues has seen event {seq} of router, which sent {seq + 1} (due: {seq + 1})"
    }


async def test_a_dead_letter_is_found(performance: tuple[Performance, Review], case: Case) -> None:
    played, _ = performance
    await _plant_dead_letter(database(played, "notifications"), case)
    assert await from_databases(played, case) == {"has a dead letter at notifications: ValueError: planted"}


async def _plant_dead_letter(connection: "asyncpg.Connection[Any]", case: Case) -> None:
    await connection.execute(
        'INSERT INTO dead_letter (id, key, topic, partition, "offset", type, headers, body, cause, state) '
        "VALUES ($1, $2, 'support.work', 99, 1, 'x', '{}', '', 'ValueError: planted', 'dead')",
        new_id(),
        str(case.id),
    )


async def test_a_post_that_is_answered_differently_the_second_time_is_found(
    performance: tuple[Performance, Review],
) -> None:
    played, _ = performance
    first = next(intent for intent in played.acts.customers.journal if intent.outcome == "ok")
    await database(played, "intake").execute(
        "UPDATE idempotency SET body = body || ' '::bytea WHERE key = $1", first.key
    )
    assert await played.acts.customers.repeat_some() == [first]
