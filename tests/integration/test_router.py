"""The router on real PostgreSQL and real Kafka: what was submitted is routed, once, in order, and can be explained."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from router import handlers
from router.app import build
from router.handlers import Desk, decision_id
from router.keywords import KeywordClassifier
from router.settings import Settings
from router.tables import SCHEMA
from shared import inbox
from shared.ids import new_id
from shared.service import Service
from shared.topics import ISSUES, ROUTING
from shared.vocabulary import Role
from support.events import envelope, reclassified, session_revoked, submitted
from support.infrastructure import Infrastructure
from support.people import as_command, bearer, token
from support.policies import shipped
from support.router import AGENT, OPERATOR, Bench, dead_letters, kept_early, settings_of, settled
from support.running import prepare, rows, running
from support.waiting import until
from support.wire import wire

STAFF = [bearer(role) for role in Role]
WAITING_LOCKS = """
SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""


@pytest.fixture(scope="module")
async def router(infrastructure: Infrastructure) -> AsyncIterator[Bench]:
    settings = settings_of(infrastructure)
    await prepare(settings)
    service: Service = build(settings)
    async with wire(settings, ROUTING) as topics, running(service) as served:
        yield Bench(served, topics, service.db)


async def test_a_submitted_issue_is_routed_and_the_submission_carried_on(router: Bench) -> None:
    issue, said = new_id(), submitted(title="CSV export", text="The csv export fails with an error")
    await router.topics.send(envelope(said, subject=issue))
    (event,) = await router.topics.heard_of(issue, 1)
    assert (event.source, event.seq, event.data.revision) == ("router", 1, 0)
    assert event.data.submission == said.submission
    assert (event.data.routing.tier, event.data.routing.team) == (2, "technical")


async def test_each_issue_keeps_the_trace_of_its_own_request(router: Bench) -> None:
    traces = {new_id(): f"00-{number:032x}-00f067aa0ba902b7-01" for number in range(1, 20)}
    await router.topics.send(
        *(envelope(submitted(), subject=issue, traceparent=trace) for issue, trace in traces.items())
    )
    for issue, trace in traces.items():
        (event,) = await router.topics.heard_of(issue, 1)
        assert event.traceparent is not None
        assert event.traceparent.split("-")[1] == trace.split("-")[1]


async def test_a_decision_can_be_read_with_its_reasons(router: Bench) -> None:
    issue = new_id()
    await router.topics.send(envelope(submitted(), subject=issue))
    (event,) = await router.topics.heard_of(issue, 1)
    (view,) = await router.get(f"/decisions/{issue}")
    assert view["decision"] == str(event.data.decision)
    assert view["revision"] == 0
    assert view["routing"] == event.data.routing.model_dump(mode="json")
    assert view["routing"]["record"]["sentences"][0].startswith("Tier 1 because *forgot my password*")


async def test_the_same_event_twice_makes_one_decision(router: Bench) -> None:
    issue = new_id()
    event = envelope(submitted(), subject=issue)
    await router.topics.send(event, event)
    last = new_id()
    await router.topics.send(*(envelope(submitted(), subject=last, seq=seq) for seq in (1, 2)))
    await router.topics.heard_of(last, 1)
    await settled(router)
    assert len(await router.topics.heard_of(issue, 1)) == 1
    assert await router.decided(issue) == [(0, decision_id(event.id, 0))]


async def test_an_issue_submitted_again_under_a_new_number_keeps_its_decision(router: Bench) -> None:
    issue = new_id()
    first, again = (envelope(submitted(), subject=issue, seq=seq) for seq in (1, 2))
    await router.topics.send(first, again)
    await settled(router)
    assert await router.decided(issue) == [(0, decision_id(first.id, 0))]
    assert len(router.topics.heard[str(issue)]) == 1


async def test_a_person_s_category_is_decided_again_and_the_old_decision_stays(router: Bench) -> None:
    issue = new_id()
    await router.topics.send(envelope(submitted(), subject=issue))
    await router.topics.heard_of(issue, 1)
    await router.topics.send(envelope(reclassified("bug", revision=1), subject=issue))
    _, event = await router.topics.heard_of(issue, 2)
    assert (event.seq, event.data.revision, event.data.routing.category) == (2, 1, "bug")
    newest, oldest = await router.get(f"/decisions/{issue}")
    assert (newest["revision"], oldest["revision"]) == (1, 0)
    assert oldest["routing"]["category"] == "password_reset"
    assert newest["routing"]["record"]["sentences"][0] == (
        "Revision 1: a person chose bug instead of password reset; "
        "Tier 2 instead of Tier 1, team technical instead of frontline."
    )


async def test_several_corrections_follow_each_other(router: Bench) -> None:
    issue = new_id()
    await router.topics.send(envelope(submitted(), subject=issue))
    await router.topics.heard_of(issue, 1)
    corrections = [reclassified(category, revision=n) for n, category in enumerate(("bug", "data_loss"), 1)]
    await router.topics.send(*(envelope(fact, subject=issue, seq=n) for n, fact in enumerate(corrections, 1)))
    events = await router.topics.heard_of(issue, 3)
    assert [event.data.revision for event in events] == [0, 1, 2]
    assert "data loss instead of bug" in events[2].data.routing.record.sentences[0]


async def test_a_correction_that_comes_before_its_submission_is_kept_and_applied_with_it(router: Bench) -> None:
    issue = new_id()
    await router.topics.send(envelope(reclassified("bug", revision=1), subject=issue))
    await kept_early(router, issue)
    await router.topics.send(envelope(submitted(), subject=issue))
    events = await router.topics.heard_of(issue, 2)
    assert [(event.data.revision, event.data.routing.category) for event in events] == [
        (0, "password_reset"),
        (1, "bug"),
    ]
    assert await rows(router.db, "SELECT 1 FROM early_correction WHERE issue_id = $1", issue) == []


async def test_many_issues_are_each_decided_once_and_in_order(router: Bench) -> None:
    issues = [new_id() for _ in range(300)]
    for fact in (submitted(), reclassified("bug", revision=1)):
        await router.topics.send(*(envelope(fact, subject=issue) for issue in issues))
    for issue in issues:
        events = await router.topics.heard_of(issue, 2)
        assert [(event.seq, event.data.revision) for event in events] == [(1, 0), (2, 1)]


async def test_a_poisonous_event_becomes_a_dead_letter_and_its_neighbours_are_routed(router: Bench) -> None:
    issue, poisoned = new_id(), "no issue's id"
    before = (await router.get("/operations", OPERATOR))["dead"]
    bad = envelope(submitted(), subject=poisoned)
    await router.topics.send(bad, envelope(submitted(), subject=issue))
    await router.topics.heard_of(issue, 1)
    letters = await until(lambda: dead_letters(router, poisoned), "a dead letter")
    assert "badly formed" in letters[0]["cause"]
    assert (await router.get("/operations", OPERATOR))["dead"] == before + 1
    discard = f"/router/operations/dead-letters/{letters[0]['id']}/discard"
    answer = await router.served.client.post(discard, json={"reason": "a test"}, headers=as_command(OPERATOR))
    assert answer.status_code == 200


async def test_an_event_of_a_later_version_is_skipped(router: Bench) -> None:
    issue = new_id()
    await router.topics.send_raw(ISSUES, str(issue), "tierdesk.issue-submitted.v9", b"{}")
    await router.topics.send(envelope(submitted(), subject=issue))
    await router.topics.heard_of(issue, 1)
    assert await dead_letters(router, str(issue)) == []


async def test_a_dry_run_says_what_would_be_decided_and_changes_nothing(router: Bench) -> None:
    before = await rows(router.db, "SELECT count(*) FROM decision")
    asked = {"title": "We were hacked", "text": "Where is my invoice?", "plan": "basic"}
    answer = await router.served.client.post("/router/dry-run", json=asked, headers=AGENT)
    assert answer.status_code == 200
    assert (answer.json()["tier"], answer.json()["category"]) == (2, "billing")
    assert await rows(router.db, "SELECT count(*) FROM decision") == before


async def test_a_dry_run_decides_as_a_real_submission_would_be(router: Bench) -> None:
    issue = new_id()
    fields = {"title": "Import", "text": "A csv file fails", "source": "monitoring", "impact": "low", "product": "x"}
    await router.topics.send(envelope(submitted(**fields), subject=issue))
    (event,) = await router.topics.heard_of(issue, 1)
    answer = await router.served.client.post("/router/dry-run", json=fields, headers=AGENT)
    real = event.data.routing.model_dump(mode="json")
    tried = answer.json()
    for routing in (real, tried):
        routing["record"]["took_microseconds"] = 0
    assert tried == real


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"title": "x", "text": "y", "tier": 1}', 422),
        (b'{"title": "", "text": "y"}', 422),
        (b'{"title": "x"}', 422),
        (b'{"title": "x", "text": "' + b"y" * 20_001 + b'"}', 422),
        (b'{"title": "x", "text": "\\u0000"}', 422),
        (b'{"title": "x", "text": "\\ud800"}', 422),
        (b'{"title": "x", "text": "y", "impact": "cosmic"}', 422),
        (b'{"title": "x", "title": "y", "text": "z"}', 400),
        (b'{"title": "x", "text": NaN}', 400),
        (b"[" * 100, 400),
        (b"nonsense", 400),
        (b'{"title": "x", "text": "' + b"y" * 300_000 + b'"}', 413),
    ],
)
async def test_a_bad_dry_run_is_refused_with_a_problem(router: Bench, body: bytes, status: int) -> None:
    headers = AGENT | {"content-type": "application/json"}
    answer = await router.served.client.post("/router/dry-run", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_issue_without_decision_is_not_found(router: Bench) -> None:
    answer = await router.served.client.get(f"/router/decisions/{new_id()}", headers=AGENT)
    assert answer.status_code == 404


async def test_an_id_that_is_none_is_refused(router: Bench) -> None:
    answer = await router.served.client.get("/router/decisions/nonsense", headers=AGENT)
    assert answer.status_code == 422


async def test_all_staff_may_read_the_policy_and_nobody_else(router: Bench) -> None:
    for headers in STAFF:
        assert (await router.get("/policy", headers))["version"] == 1
    assert (await router.served.client.get("/router/policy")).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", f"/decisions/{new_id()}"), ("GET", "/policy"), ("POST", "/dry-run")]
)
async def test_strangers_are_not_let_in(router: Bench, method: str, path: str) -> None:
    answer = await router.served.client.request(method, f"/router{path}")
    assert answer.status_code == 401


async def test_a_revoked_session_is_refused(router: Bench) -> None:
    session = new_id()
    headers = {"authorization": f"Bearer {token(session=session)}"}
    assert (await router.served.client.get("/router/policy", headers=headers)).status_code == 200
    await router.topics.send(envelope(session_revoked(session)))

    async def refused() -> bool:
        return (await router.served.client.get("/router/policy", headers=headers)).status_code == 401

    await until(refused, "the session is refused")


async def test_what_was_submitted_while_the_router_was_away_is_routed_when_it_is_back(
    infrastructure: Infrastructure,
) -> None:
    namespaced = {"TIERDESK_NAMESPACE": f"{infrastructure.namespace.removesuffix('.')}r."}
    settings = Settings.model_validate(infrastructure.environment() | namespaced)
    await prepare(settings)
    issues = [new_id() for _ in range(5)]
    async with wire(settings, ROUTING) as topics:
        async with running(build(settings)):
            await topics.send(envelope(submitted(), subject=issues[0]))
            await topics.heard_of(issues[0], 1)
        await topics.send(*(envelope(submitted(), subject=issue) for issue in issues[1:]))
        async with running(build(settings)):
            for issue in issues:
                assert len(await topics.heard_of(issue, 1)) == 1


async def test_a_submission_and_its_correction_in_two_processes_do_not_miss_each_other(router: Bench) -> None:
    issue, desk = new_id(), Desk(shipped(), KeywordClassifier(shipped()))
    submission, correction = envelope(submitted(), subject=issue), envelope(reclassified("bug"), subject=issue)

    async def correct() -> None:
        async with router.db.transaction() as tx:
            await inbox.look(tx, [str(issue)])
            await handlers.decide_again(tx, [correction], desk)

    async def waits() -> list[Any]:
        return await rows(router.db, WAITING_LOCKS)

    async with router.db.transaction() as tx:
        await inbox.look(tx, [str(issue)])
        await handlers.decide_submitted(tx, [submission], desk)
        correcting = asyncio.create_task(correct())
        await until(waits, "the other process waits")
    await correcting
    assert [revision for revision, _ in await router.decided(issue)] == [0, 1]
    assert await rows(router.db, "SELECT 1 FROM early_correction WHERE issue_id = $1", issue) == []


async def test_the_migrations_lead_to_the_tables_that_the_code_knows(router: Bench) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), SCHEMA))

    async with router.db.engine.connect() as connection:
        found = await connection.run_sync(differences)
    assert [difference for difference in found if difference[1].name != "alembic_version"] == []
