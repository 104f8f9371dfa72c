"""The blind audit in a running router: sampled, judged once by somebody who does not see the decision, counted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from router import confirmed_texts
from router.app import build
from router.auditing import FEWEST_JUDGED, is_sampled
from router.labelled_texts import read_table
from router.quality_store import WAITING
from router.settings import Settings
from shared.ids import new_id
from shared.topics import ROUTING
from support.events import envelope, submitted
from support.infrastructure import Infrastructure
from support.people import as_command
from support.router import AGENT, OPERATOR, Bench, settings_of
from support.running import prepare, rows, running
from support.waiting import until
from support.wire import wire

LOOK = timedelta(milliseconds=50)


@pytest.fixture(scope="module")
async def settings(infrastructure: Infrastructure) -> Settings:
    own = settings_of(infrastructure).model_copy(update={"quality_look": LOOK})
    await prepare(own)
    return own


@pytest.fixture(scope="module")
async def router(settings: Settings) -> AsyncIterator[Bench]:
    service = build(settings)
    async with wire(settings, ROUTING) as topics, running(service) as served:
        yield Bench(served, topics, service.db)


def born(*, sampled: bool) -> UUID:
    """A new issue that is, or is not, of the audit's sample."""
    while is_sampled(issue := new_id()) is not sampled:
        pass
    return issue


async def routed(router: Bench, *, sampled: bool = True, **fields: Any) -> UUID:
    issue = born(sampled=sampled)
    await router.topics.send(envelope(submitted(**fields), subject=issue))
    await router.topics.heard_of(issue, 1)
    return issue


async def waiting(router: Bench) -> dict[str, Any]:
    page = await router.get("/audit?limit=200")
    return {one["issue"]: one for one in page["items"]}


async def judged(router: Bench, issue: UUID, category: str | None, **command: Any) -> Any:
    headers = as_command(AGENT, **command)
    return await router.served.client.post(f"/router/audit/{issue}", json={"category": category}, headers=headers)


async def test_only_automatic_decisions_of_the_sample_wait_and_nothing_tells_what_was_decided(router: Bench) -> None:
    automatic = await routed(router)
    spared = await routed(router, sampled=False)
    given = await routed(router, category="billing")
    unknown = await routed(router, title="Zebra", text="Zebra")
    found = await waiting(router)
    assert str(automatic) in found
    assert not {str(spared), str(given), str(unknown)} & found.keys()
    assert found[str(automatic)].keys() == {"issue", "title", "text", "product", "language"}


async def test_a_decision_is_judged_once_and_its_label_is_confirmed(router: Bench) -> None:
    issue = await routed(router)
    answer = await judged(router, issue, "Billing")
    expected = {"issue": str(issue), "decided": "password_reset", "confirmed": "billing", "agrees": True}
    assert (answer.status_code, answer.json()) == (200, expected)
    assert str(issue) not in await waiting(router)
    assert (await judged(router, issue, "password_reset")).status_code == 409
    found = await rows(router.db, "SELECT category, how FROM confirmed_label WHERE issue_id = $1", issue)
    assert [tuple(row) for row in found] == [("billing", "audit")]


async def test_a_decision_agrees_when_its_destination_is_right(router: Bench) -> None:
    for category, agrees in (("password_reset", True), ("hardware", True), ("bug", False), ("sales", False)):
        assert (await judged(router, await routed(router), category)).json()["agrees"] is agrees
    (found,) = await rows(router.db, "SELECT count(*) FROM audit WHERE category <> confirmed_category AND agrees")
    assert found[0] >= 1


async def test_what_is_not_of_the_audit_or_of_the_policy_is_refused(router: Bench) -> None:
    assert (await judged(router, new_id(), "billing")).status_code == 404
    issue = await routed(router)
    assert (await judged(router, issue, "magic")).status_code == 422
    assert (await judged(router, issue, None)).json()["confirmed"] == "oos"


async def test_bad_answers_raise_an_alarm(router: Bench) -> None:
    assert not [alarm for alarm in await alarms(router) if "less precise" in alarm]
    for _ in range(FEWEST_JUDGED):
        await judged(router, await routed(router), "hardware")
    assert not [alarm for alarm in await alarms(router) if "less precise" in alarm]
    async with router.db.transaction() as tx:
        await tx.fetch("DELETE FROM audit")
    for _ in range(FEWEST_JUDGED):
        await judged(router, await routed(router), "bug")
    (alarm,) = [alarm for alarm in await alarms(router) if "less precise" in alarm]
    assert "the audit agreed with 0 of" in alarm

    async def shown() -> bool:
        metrics = (await router.served.client.get("/metrics")).text
        return "tierdesk_router_audit_precision 0.0" in metrics

    await until(shown, "the metric says so")


async def alarms(router: Bench) -> list[str]:
    return list((await router.get("/operations", OPERATOR))["alarms"])


async def test_a_sudden_change_of_coverage_raises_an_alarm(router: Bench) -> None:
    async with router.db.transaction() as tx:
        await tx.fetch(
            "INSERT INTO coverage SELECT date_trunc('hour', now()) - n * interval '1 hour', 500, "
            "400 - 300 * (n < 20)::int FROM generate_series(1, 100) AS n "
            "ON CONFLICT (hour) DO UPDATE SET decided = excluded.decided, automatic = excluded.automatic"
        )
    (alarm,) = [alarm for alarm in await alarms(router) if "Coverage drifts" in alarm]
    assert "80 % in the week before" in alarm


async def test_decisions_are_counted_with_what_they_are_kept(router: Bench) -> None:
    before = await counted(router)
    await routed(router)
    await routed(router, title="Zebra", text="Zebra")
    await routed(router, category="billing")
    decided, automatic = await counted(router)
    assert (decided - before[0], automatic - before[1]) == (2, 1)


async def counted(router: Bench) -> tuple[int, int]:
    """Decisions by text so far, and those of them that needed no person."""
    (found,) = await rows(router.db, "SELECT sum(decided), sum(automatic) FROM coverage")
    return int(found[0] or 0), int(found[1] or 0)


async def test_confirmed_labels_become_a_file_to_learn_from(router: Bench, settings: Settings, tmp_path: Path) -> None:
    issues = [await routed(router, text=f"I forgot my password, {number}") for number in range(3)]
    for issue in issues:
        await judged(router, issue, "password_reset")
    written = await confirmed_texts.write(settings, tmp_path / "labels.csv")
    table = read_table(tmp_path / "labels.csv", confirmed_texts.TEXT, confirmed_texts.LABEL)
    assert written == len(table.texts) >= 3
    assert ("I forgot my password\nI forgot my password, 2", "password_reset") in zip(
        table.texts, table.labels, strict=True
    )


async def test_labels_that_are_written_differently_are_one_and_those_without_letters_none(
    router: Bench, settings: Settings, tmp_path: Path
) -> None:
    for category in ("Magic spells", "magic-spells", "???"):
        issue = await routed(router)
        async with router.db.transaction() as tx:
            await tx.fetch("INSERT INTO confirmed_label VALUES ($1, $2, 'ada', 'resolution', now())", issue, category)
    written = await confirmed_texts.write(settings, tmp_path / "labels.csv")
    table = read_table(tmp_path / "labels.csv", confirmed_texts.TEXT, confirmed_texts.LABEL)
    assert table.labels.count("magic_spells") == 2
    assert written == len(table.labels)
    assert (await rows(router.db, "SELECT count(*) FROM confirmed_label"))[0][0] == written + 1


async def test_the_audit_comes_from_its_index(router: Bench) -> None:
    async with router.db.transaction() as tx:
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            await tx.fetch(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {WAITING}", new_id(), 50))
    assert "Scan Backward using audit_waiting" in plan
    assert "Sort" not in plan
