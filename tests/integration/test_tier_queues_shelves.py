"""Guides, canned replies and macros over HTTP and on a real database, and the frontline's acts around them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, own_namespace, queue_settings
from support.running import prepare, rows, wait_until
from tier_queues import app, catalogue
from tier_queues.catalogue import Kind

SOON = timedelta(seconds=20)
MANY = 20_000
GUIDE = {
    "title": "No network",
    "category": "hardware",
    "steps": [{"name": "cable", "text": "Is it plugged in?"}, {"name": "lamp", "text": "Is it green?"}],
}
_SEED = """
INSERT INTO catalogue (kind, name, shelf, version, category, title, body, updated_by, updated_at)
SELECT 'canned-reply', 'name' || n, CASE WHEN n % 5 = 0 THEN 'all' ELSE 'agent:a' || n % 100 END, 1,
    'category' || n % 50, 'A title', '{"text": "t"}', 'ada', now()
FROM generate_series(1, $1) AS n ORDER BY md5(n::text)
"""


@pytest.fixture
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("admin", role=Role.ADMIN)


def canned(text: str, **changes: Any) -> dict[str, Any]:
    return {"title": "Hello", "scope": "personal", "text": text} | changes


def macro(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"title": "Both", "scope": "personal", "steps": list(steps)} | changes


def step(command: str, **content: Any) -> dict[str, Any]:
    return {"command": command, "content": content}


async def owned(queues: QueueService, ada: Staff) -> Any:
    issue = await queues.issue()
    assert (await ada.give("claim", issue)).status_code == 200
    return issue


async def test_results_of_a_guide_are_recorded_step_by_step_and_prefilled_into_a_handover(
    queues: QueueService, ada: Staff, admin: Staff
) -> None:
    assert (await ada.send("PUT", "/guides/no-network", GUIDE)).status_code == 403
    assert (await admin.send("PUT", "/guides/no-network", GUIDE)).json()["version"] == 1
    assert (await admin.send("PUT", "/guides/no-network", GUIDE)).status_code == 412
    assert (await admin.send("PUT", "/guides/no-network", GUIDE, version=1)).json()["version"] == 2
    assert (await admin.send("PUT", "/guides/unheard-of", GUIDE, version=1)).status_code == 404
    assert (await ada.get("/guides", category="hardware")).json()["items"][0]["content"]["steps"] == GUIDE["steps"]
    assert (await ada.get("/guides", category="software")).json()["items"] == []
    issue = await owned(queues, ada)
    taken: dict[str, Any] = {"guide": "no-network", "step": "cable", "result": "failed", "text": "It is broken."}
    assert (await ada.give("record-guide-step", issue, **taken)).status_code == 200
    for wrong in ({"step": "moon"}, {"guide": "moon"}):
        assert (await ada.give("record-guide-step", issue, **taken | wrong)).status_code == 422
    findings = (await ada.get(f"/issues/{issue}/briefing")).json()["handover"]["findings"]
    assert findings.endswith("Ada: no-network, cable: failed. It is broken.")
    assert (await admin.send("DELETE", "/guides/no-network", {}, version=1)).status_code == 412
    assert (await admin.send("DELETE", "/guides/no-network", {})).status_code == 204
    assert (await ada.get("/guides/no-network")).status_code == 404


async def test_a_canned_reply_is_filled_in_and_the_nearest_one_of_a_name_is_taken(queues: QueueService) -> None:
    ada = await queues.staff("ada", teams=["frontline"])
    lead = await queues.staff("lea", role=Role.LEAD, teams=["frontline"])
    issue = await queues.issue()
    number, path = (await ada.issue(issue))["number"], f"/issues/{issue}/canned-replies/hello"

    async def text() -> str:
        return str((await ada.get(path)).json()["text"])

    assert (await ada.get(path)).status_code == 404
    for scope in ({"scope": "all"}, {"scope": "team", "team": "frontline"}):
        assert (await ada.send("PUT", "/canned-replies/hello", canned("Hi", **scope))).status_code == 403
    everybody = canned("Dear {{customer_name}}", scope="all")
    assert (await lead.send("PUT", "/canned-replies/hello", everybody)).status_code == 200
    assert await text() == "Dear Grace Hopper"
    team = canned("About {{issue_number}}", scope="team", team="frontline")
    assert (await lead.send("PUT", "/canned-replies/hello", team)).status_code == 200
    assert await text() == f"About {number}"
    assert (await ada.send("PUT", "/canned-replies/hello", canned("{{agent_name}} here"))).status_code == 200
    assert await text() == "Ada here"
    mine = (await ada.get("/canned-replies")).json()["items"]
    assert [kept["shelf"] for kept in mine] == [f"agent:{ada.id}", "all", "team:frontline"]
    assert [kept["shelf"] for kept in (await lead.get("/canned-replies")).json()["items"]] == ["all", "team:frontline"]
    assert (await ada.send("DELETE", "/canned-replies/hello?scope=all", {})).status_code == 403
    assert (await ada.send("DELETE", "/canned-replies/hello?scope=team", {})).status_code == 422
    assert (await ada.send("DELETE", "/canned-replies/hello", {})).status_code == 204
    assert await text() == f"About {number}"
    wrong = canned("Hi", scope="personal", team="frontline")
    assert (await ada.send("PUT", "/canned-replies/hello", wrong)).status_code == 422


async def test_a_macro_gives_all_its_commands_as_one(queues: QueueService, ada: Staff) -> None:
    issue, name = await owned(queues, ada), f"solved-{new_id()}"
    both = macro(
        step("note", text="Cleared for {{customer_name}}."),
        step("reply", text="Dear {{customer_name}}, it works again.", confirm=True),
        step("resolve", resolution="solved", text="Done."),
    )
    assert (await ada.send("PUT", f"/macros/{name}", both)).status_code == 200
    path, key = f"/issues/{issue}/macros/{name}", str(new_id())
    done = await ada.send("POST", path, {}, key=key)
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (200, "resolved", 5)
    entries = await ada.timeline(issue)
    assert entries[2]["private"]["text"] == "Cleared for Grace Hopper."
    assert entries[3]["fact"]["text"] == "Dear Grace Hopper, it works again."
    again = await ada.send("POST", path, {}, key=key)
    assert (again.content, len(await ada.timeline(issue))) == (done.content, 5)


async def test_a_macro_of_which_one_command_is_refused_has_no_effect_at_all(queues: QueueService, ada: Staff) -> None:
    issue, name = await owned(queues, ada), f"half-{new_id()}"
    half = macro(step("note", text="Kept?"), step("resume"), step("reply", text="Hello.", confirm=True))
    assert (await ada.send("PUT", f"/macros/{name}", half)).status_code == 200
    refused = await ada.send("POST", f"/issues/{issue}/macros/{name}", {})
    assert (refused.status_code, refused.json()["step"], refused.json()["command"]) == (409, 2, "resume")
    assert (await ada.issue(issue))["version"] == 2
    assert len(await ada.timeline(issue)) == 2
    kept = await rows(queues.service.db, "SELECT 1 FROM idempotency WHERE caller = $1 AND key LIKE '%\n%'", ada.id)
    assert kept == []
    stale = await ada.send("POST", f"/issues/{issue}/macros/{name}", {}, version=1)
    assert stale.status_code in (409, 412)
    assert (await ada.send("POST", f"/issues/{issue}/macros/nobody-made-it", {})).status_code == 404
    assert (await ada.send("POST", f"/issues/{new_id()}/macros/{name}", {})).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        step("fly"),
        step("note"),
        step("note", text="x", colour="red"),
        step("reply", text="a\x00b"),
    ],
    ids=["no command", "a missing field", "an unknown field", "U+0000"],
)
async def test_a_macro_whose_commands_could_never_be_given_is_refused(ada: Staff, wrong: dict[str, Any]) -> None:
    assert (await ada.send("PUT", "/macros/wrong", macro(wrong))).status_code == 422
    assert (await ada.send("PUT", "/macros/wrong", macro())).status_code == 422
    assert (await ada.get("/macros/wrong")).status_code == 404


async def test_a_call_back_is_shown_when_its_time_has_come(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue(impact="low", urgency="low")
    await ada.give("claim", issue)
    async with queues.service.db.transaction() as tx:
        at = (await tx.now() + timedelta(hours=1)).isoformat()
    assert (await ada.give("book-call-back", issue, at=at, reason="At lunch.")).status_code == 200
    await queues.move_clock(timedelta(minutes=61))

    async def told() -> bool:
        return bool((await ada.issue(issue))["call_backs"][0]["told"])

    await wait_until(told, SOON, "the call-back is due")
    booked = (await ada.issue(issue))["call_backs"][0]["id"]
    logged = await ada.give("log-call", issue, direction="out", text="All is well.", minutes=3, call_back=booked)
    assert logged.status_code == 200, logged.text
    assert (await ada.issue(issue))["call_backs"] == []
    types = [entry["type"].split(".")[1] for entry in await ada.timeline(issue)]
    assert types[2:] == ["call-back-booked", "call-back-due", "call-logged"]


async def test_a_redirect_keeps_the_customers_words_and_a_check_is_shown(queues: QueueService, ada: Staff) -> None:
    issue = await owned(queues, ada)
    checked: dict[str, Any] = {"subject": "licence", "how": "By its key.", "result": "verified"}
    assert (await ada.give("verify", issue, **checked)).status_code == 200
    assert (await ada.issue(issue))["verifications"][0]["result"] == "verified"
    sent = await ada.give("redirect", issue, channel="sales", reason="Wants to buy.", text="Sales will help you.")
    assert (sent.status_code, sent.json()["state"]) == (200, "resolved")
    entry = (await ada.timeline(issue))[-1]
    assert (entry["fact"]["resolution"], entry["private"]["to"]) == ("redirected", "sales")
    assert "Please reset my password" in entry["private"]["carried"]


@pytest.fixture(scope="module")
async def crowded(infrastructure: Infrastructure) -> AsyncIterator[Any]:
    """A database with many canned replies."""
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        async with db.transaction() as tx:
            await tx.fetch(_SEED, MANY)
            await tx.fetch("ANALYZE catalogue")
        yield db
        await db.close()


@pytest.mark.parametrize(
    ("category", "after", "index"),
    [
        (None, None, "catalogue_pkey"),
        (None, ("name3", "all"), "catalogue_pkey"),
        ("category3", None, "catalogue_of_category"),
        ("category3", ("name3", "all"), "catalogue_of_category"),
    ],
)
async def test_a_page_of_a_shelf_is_read_in_the_order_of_its_index(
    crowded: Any, category: str | None, after: tuple[str, str] | None, index: str
) -> None:
    shelves = ["agent:a1", "team:frontline", "all"]
    sql, parameters = catalogue.page(Kind.CANNED_REPLY, shelves, category=category, after=after, limit=50)
    async with crowded.transaction() as tx:
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *parameters))
    assert f"using {index} on" in plan, plan
    assert "Sort" not in plan
