"""Policies in a running router: kept as versions, tried on past issues, activated in every process, taken back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from router.app import build
from router.consumer import HANDLERS
from router.handlers import Desk
from router.keywords import KeywordClassifier
from router.policy_store import PAGE
from router.settings import Settings
from router.store import FIRST_DECISIONS
from shared.handling import by_handler
from shared.ids import new_id
from shared.service import Role as ProcessRole
from shared.topics import ROUTING
from shared.vocabulary import Role
from support.events import envelope, reclassified, resolved, submitted
from support.infrastructure import Infrastructure
from support.people import as_command, bearer
from support.policies import shipped, version_of_policy
from support.router import AGENT, OPERATOR, Bench, settings_of, settled
from support.running import Running, prepare, rows, running
from support.waiting import until
from support.wire import wire

LEAD = bearer(Role.LEAD, agent="lea")
LOOK = timedelta(milliseconds=50)
YAML = {"content-type": "application/yaml"}
CSV_TIER_3 = (
    "  import_export:\n    title: data import/export\n    tier: 2",
    "  import_export:\n    title: csv\n    tier: 3",
)
WEB: frozenset[ProcessRole] = frozenset({"web"})


@pytest.fixture(scope="module")
async def settings(infrastructure: Infrastructure) -> Settings:
    own = settings_of(infrastructure).model_copy(update={"policies_look": LOOK, "quality_look": LOOK})
    await prepare(own)
    return own


@pytest.fixture(scope="module")
async def router(settings: Settings) -> AsyncIterator[Bench]:
    service = build(settings)
    async with wire(settings, ROUTING) as topics, running(service) as served:
        yield Bench(served, topics, service.db)


async def sent(
    router: Bench, path: str, content: bytes | str = b"", headers: dict[str, str] | None = None, **command: Any
) -> httpx2.Response:
    said = as_command(LEAD | (YAML if headers is None else headers), **command)
    return await router.served.client.post(f"/router{path}", content=content, headers=said)


async def active(router: Bench) -> int:
    page = await router.get("/policies?limit=200")
    return int(next(one["version"] for one in page["items"] if one["state"] == "active"))


async def activated(router: Bench, version: int) -> httpx2.Response:
    return await sent(router, f"/policies/{version}/activate", version=await active(router))


async def routed(router: Bench, **fields: Any) -> Any:
    issue = new_id()
    await router.topics.send(envelope(submitted(**fields), subject=issue))
    (event,) = await router.topics.heard_of(issue, 1)
    return event.data.routing


async def test_the_shipped_policy_is_the_first_version(router: Bench) -> None:
    page = await router.get("/policies")
    first = page["items"][-1]
    assert (first["version"], first["author"]) == (1, "Tierdesk")
    shown = await router.served.client.get("/router/policies/1", headers=AGENT)
    assert shown.headers["content-type"].startswith("application/yaml")
    assert shown.text.startswith("# Where issues go.")


async def test_a_policy_is_kept_activated_followed_and_taken_back(router: Bench) -> None:
    csv = {"title": "CSV export", "text": "The csv export fails"}
    answer = await sent(router, "/policies", version_of_policy(20, CSV_TIER_3))
    assert (answer.status_code, answer.json()["state"], answer.json()["author"]) == (201, "kept", "Lea")
    assert (await routed(router, **csv)).tier == 2
    answer = await activated(router, 20)
    assert (answer.status_code, answer.json()["state"]) == (200, "active")
    routing = await routed(router, **csv)
    assert (routing.tier, routing.record.policy_version) == (3, 20)
    assert "policy 20 sends that to Tier 3" in routing.record.sentences[0]
    assert (await router.get("/policy"))["version"] == 20
    assert (await activated(router, 1)).status_code == 200
    routing = await routed(router, **csv)
    assert (routing.tier, routing.record.policy_version) == (2, 1)


async def test_an_activation_reaches_another_process(router: Bench, settings: Settings) -> None:
    other = build(settings)
    await sent(router, "/policies", version_of_policy(30, CSV_TIER_3))
    async with running(other, roles=WEB) as served:
        assert await version_in(served) == 1
        await activated(router, 30)
        await until(lambda: follows(served, 30), "the other process follows", within=timedelta(seconds=5))
        await activated(router, 1)
        await until(lambda: follows(served, 1), "the other process goes back", within=timedelta(seconds=5))


async def version_in(served: Running) -> int:
    return int((await served.client.get("/router/policy", headers=AGENT)).json()["version"])


async def follows(served: Running, version: int) -> bool:
    return await version_in(served) == version


async def test_whoever_activates_says_which_version_decides_now(router: Bench) -> None:
    await sent(router, "/policies", version_of_policy(40))
    assert (await sent(router, "/policies/40/activate")).status_code == 428
    answer = await sent(router, "/policies/40/activate", version=39)
    assert (answer.status_code, answer.json()["version"]) == (412, 1)
    assert (await sent(router, "/policies/41/activate", version=1)).status_code == 404


async def test_the_same_request_twice_has_one_effect(router: Bench) -> None:
    policy = version_of_policy(50)
    answers = [await sent(router, "/policies", policy, key=key) for key in ("one", "one", "two")]
    assert [answer.status_code for answer in answers] == [201, 201, 200]
    answer = await sent(router, "/policies", version_of_policy(50, CSV_TIER_3))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:tierdesk:problem:version-taken")
    assert answer.json()["newest"] >= 50


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (version_of_policy(60, ("  - {tier: 1, team: frontline}\n", "")), "Tier 1 is missing"),
        (version_of_policy(60, ("    tier: 3\n    skills: [eng", "    tier: 7\n    skills: [eng")), "no Tier 7"),
        ("a: " + "[" * 100_000, "nested deeper"),
        ("a: &a [1]\nb: *a", "aliases are not allowed"),
        ("version: " + "9" * 10_000, "cannot be read"),
        (b"\xff", "not UTF-8"),
        ("", "keys and values"),
    ],
)
async def test_a_policy_that_leads_nowhere_or_is_poisoned_is_refused(
    router: Bench, policy: bytes | str, told: str
) -> None:
    answer = await sent(router, "/policies", policy)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told in answer.json()["detail"]


async def test_only_yaml_is_taken_and_not_too_much_of_it(router: Bench) -> None:
    assert (await sent(router, "/policies", b"{}", {"content-type": "application/json"})).status_code == 415
    assert (await sent(router, "/policies", b"x" * 300_000)).status_code == 413


@pytest.mark.parametrize("headers", [AGENT, OPERATOR])
async def test_only_leads_and_administrators_change_policies(router: Bench, headers: dict[str, str]) -> None:
    for path in ("/policies", "/policies/1/activate", "/policies/1/dry-run"):
        answer = await router.served.client.post(f"/router{path}", headers=as_command(headers | YAML))
        assert answer.status_code == 403


async def test_a_dry_run_says_what_would_have_changed_of_real_decisions(router: Bench) -> None:
    csv, other = new_id(), new_id()
    await router.topics.send(
        envelope(submitted(title="CSV export", text="The csv export fails"), subject=csv),
        envelope(submitted(), subject=other),
        envelope(resolved(), subject=csv),
    )
    await router.topics.heard_of(other, 1)
    await settled(router)
    await sent(router, "/policies", version_of_policy(70, CSV_TIER_3))
    tried = (await sent(router, "/policies/70/dry-run?last=5000")).json()
    (change,) = [one for one in tried["changes"] if one["issue"] == str(csv)]
    assert (change["before"]["tier"], change["after"]["tier"], change["after"]["team"]) == (2, 3, "experts")
    assert "policy 70 sends that to Tier 3" in change["why"]
    assert str(other) not in {one["issue"] for one in tried["changes"]}
    moved = {(one["before"], one["after"]): one["issues"] for one in tried["confusion"]}
    assert moved["Tier 2", "Tier 3"] >= 1
    assert sum(moved.values()) == tried["issues"] == (await rows(router.db, FIRST_REVISIONS))[0][0]
    assert tried["higher"] >= 1
    assert tried["cost"]["judged"] >= 1
    assert tried["next"] is None


FIRST_REVISIONS = "SELECT count(*) FROM decision WHERE revision = 0"


async def test_a_dry_run_of_the_same_policy_changes_nothing_and_its_pages_are_the_whole(router: Bench) -> None:
    for _ in range(3):
        await routed(router)
    whole = (await sent(router, "/policies/1/dry-run?last=5000")).json()
    first = (await sent(router, "/policies/1/dry-run?last=2")).json()
    rest = (await sent(router, f"/policies/1/dry-run?last=5000&older_than={first['next']}")).json()
    assert first["issues"] == 2
    assert first["issues"] + rest["issues"] == whole["issues"]
    assert all(one["before"]["tier"] == one["after"]["tier"] for one in first["changes"])


async def test_a_dry_run_compares_with_what_decides_now_or_with_what_was_decided(router: Bench) -> None:
    await sent(router, "/policies", version_of_policy(75, CSV_TIER_3))
    issue = new_id()
    await router.topics.send(envelope(submitted(title="CSV export", text="The csv export fails"), subject=issue))
    await router.topics.heard_of(issue, 1)
    await activated(router, 75)
    try:
        now = (await sent(router, "/policies/75/dry-run?last=5000")).json()
        then = (await sent(router, "/policies/75/dry-run?last=5000&against=history")).json()
    finally:
        await activated(router, 1)
    assert (now["compared_with"], now["changed"]) == ("policy 75", 0)
    assert then["compared_with"] == "what was decided"
    assert str(issue) in {one["issue"] for one in then["changes"]}


async def test_a_dry_run_takes_a_file_with_the_right_categories(router: Bench) -> None:
    await sent(router, "/policies", version_of_policy(80, CSV_TIER_3))
    table = "text,confirmed,region\nThe csv export fails,import_export,north\nI forgot my password,password reset,\n"
    tried = (await sent(router, "/policies/80/dry-run", table, {"content-type": "text/csv"})).json()
    assert (tried["issues"], tried["changed"], tried["compared_with"]) == (2, 1, "policy 1")
    assert (tried["changes"][0]["issue"], tried["changes"][0]["after"]["tier"]) == ("1", 3)
    cost = tried["cost"]
    assert (cost["judged"], cost["before"], cost["after"]) == (2, cost["weights"]["under"], 0)
    lines = '{"title": "Hello", "text": "I forgot my password"}\n\n{"text": "The csv export fails", "plan": "basic"}\n'
    tried = (await sent(router, "/policies/80/dry-run", lines, {"content-type": "application/x-ndjson"})).json()
    assert (tried["issues"], tried["changed"], tried["cost"]["judged"]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("text/csv", b"a,b\n1,2\n", 422),
        ("text/csv", b"text\n", 422),
        ("text/csv", b'text\n"' + b"x" * 200_000 + b'"\n', 422),
        ("text/csv", b"text\n\xff\n", 422),
        ("text/csv", b"text,impact\nHello,cosmic\n", 422),
        ("text/csv", b"text\n" + b"Hello\n" * 5_001, 422),
        ("application/x-ndjson", b"[]\n", 422),
        ("application/x-ndjson", b'{"text": NaN}\n', 422),
        ("application/x-ndjson", b'{"text": "a\\u0000"}\n', 422),
        ("application/x-ndjson", b"[" * 100_000, 422),
        ("application/pdf", b"x", 415),
        ("text/csv", b"x" * (4 * 1024 * 1024 + 1), 413),
    ],
)
async def test_a_file_that_cannot_be_tried_is_refused(router: Bench, kind: str, content: bytes, status: int) -> None:
    answer = await sent(router, "/policies/1/dry-run", content, {"content-type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_lists_come_from_their_indexes(router: Bench) -> None:
    await planned(router, PAGE, "Index Scan Backward using policy_pkey", 1_000, 50)
    await planned(router, FIRST_DECISIONS, "Index Scan Backward using decision_pkey", new_id(), 250)


async def planned(router: Bench, sql: str, expected: str, *parameters: Any) -> None:
    async with router.db.transaction() as tx:
        for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
            await tx.fetch(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *parameters))
    assert expected in plan
    assert "Sort" not in plan


async def test_a_category_at_the_resolution_is_confirmed_and_a_corrected_one_too(router: Bench) -> None:
    kept, corrected, untold = new_id(), new_id(), new_id()
    await router.topics.send(
        *(envelope(submitted(), subject=issue) for issue in (kept, corrected)),
        envelope(submitted(title="Zebra", text="Zebra zebra"), subject=untold),
        envelope(reclassified("bug", revision=1), subject=corrected),
        *(envelope(resolved(), subject=issue, seq=9) for issue in (kept, corrected, untold)),
    )
    await settled(router)
    sql = "SELECT category, how, confirmed_by FROM confirmed_label WHERE issue_id = $1"
    assert [tuple(row) for row in await rows(router.db, sql, kept)] == [("password_reset", "resolution", "ada")]
    assert [tuple(row) for row in await rows(router.db, sql, corrected)] == [("bug", "resolution", "ada")]
    assert await rows(router.db, sql, untold) == []


async def test_a_correction_and_the_resolution_in_one_transaction_do_not_miss_each_other(router: Bench) -> None:
    issue, desk = new_id(), Desk(shipped(), KeywordClassifier(shipped()))
    events = [envelope(fact, subject=issue) for fact in (submitted(), reclassified("bug"), resolved())]
    async with router.db.transaction() as tx:
        await by_handler(HANDLERS, desk)(tx, events)
    sql = "SELECT category FROM confirmed_label WHERE issue_id = $1"
    assert [row[0] for row in await rows(router.db, sql, issue)] == ["bug"]
