"""Problems over HTTP and on a real database: linked, worked around, fixed in a release, told to everybody once."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.vocabulary import Role
from support.queue_service import QueueService, Staff
from support.running import rows, wait_until
from tier_queues import problem_store, problem_work

SOON = timedelta(seconds=20)
REFUSED = "urn:tierdesk:problem:"
FIX_TEXT = "It is fixed in the new release."


@pytest.fixture
async def eve(queues: QueueService) -> Staff:
    return await queues.staff("eve", tiers=[3], teams=["experts"])


@pytest.fixture
async def lea(queues: QueueService) -> Staff:
    return await queues.staff("lea", role=Role.LEAD, teams=["frontline"])


async def made(by: Staff, *issues: UUID, **changes: Any) -> dict[str, Any]:
    body = {"title": "Umlauts stop it", "description": "Rows with umlauts.", "issues": [str(one) for one in issues]}
    answer = await by.send("POST", "/problems", body | changes)
    assert answer.status_code == 201, answer.text
    problem: dict[str, Any] = answer.json()
    return problem


async def changed(by: Staff, problem: dict[str, Any], change: str, **body: Any) -> dict[str, Any]:
    answer = await by.send("POST", f"/problems/{problem['id']}/{change}", body)
    assert answer.status_code == 200, answer.text
    after: dict[str, Any] = answer.json()
    return after


async def release(by: Staff, product: str) -> dict[str, Any]:
    body = {"product": product, "name": "2026.11", "released_at": "2026-11-22T10:00:00Z", "notes": "Umlauts work."}
    answer = await by.send("POST", "/releases", body)
    assert answer.status_code == 201, answer.text
    registered: dict[str, Any] = answer.json()
    return registered


async def told(by: Staff, issue: UUID, what: str) -> list[dict[str, Any]]:
    """The entries of a kind on an issue's timeline, once there is one."""

    async def there() -> bool:
        return any(entry["type"] == what for entry in await by.timeline(issue))

    await wait_until(there, SOON)
    return [entry for entry in await by.timeline(issue) if entry["type"] == what]


async def test_a_problem_made_from_issues_is_shown_on_each_and_counts_whom_it_concerns(
    queues: QueueService, ada: Staff
) -> None:
    first, second = await queues.issues(2)
    problem = await made(ada, first, second)
    (shown,) = (await ada.issue(first))["problems"]
    assert (shown["id"], shown["number"], shown["title"]) == (problem["id"], problem["number"], "Umlauts stop it")
    assert (await ada.timeline(second))[-1]["type"] == "tierdesk.problem-linked.v1"
    counted = (await ada.get(f"/problems/{problem['id']}")).json()
    assert (counted["issues"], counted["state"]) == (2, "open")
    listed = (await ada.get(f"/problems/{problem['id']}/issues", limit=1)).json()
    after = (await ada.get(f"/problems/{problem['id']}/issues", after=listed["next"])).json()
    assert {one["id"] for one in listed["items"] + after["items"]} == {str(first), str(second)}
    assert (await ada.give("unlink-problem", first, problem=problem["id"])).status_code == 200
    assert (await ada.issue(first))["problems"] == []
    assert (await ada.get(f"/problems/{problem['id']}")).json()["issues"] == 1


async def test_a_problem_of_an_issue_that_is_not_there_is_not_made(ada: Staff) -> None:
    body = {"title": "x", "description": "x", "issues": [str(new_id())]}
    answer = await ada.send("POST", "/problems", body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"{REFUSED}unknown-issue")


async def test_linking_twice_or_to_nothing_is_refused(queues: QueueService, ada: Staff) -> None:
    issue = await queues.issue()
    problem = await made(ada, issue)
    assert (await ada.give("link-problem", issue, problem=problem["id"])).json()["type"] == f"{REFUSED}already-linked"
    answer = await ada.give("link-problem", issue, problem=str(new_id()))
    assert (answer.status_code, answer.json()["type"]) == (422, f"{REFUSED}unknown-problem")


async def test_only_experts_and_leads_change_a_problem_and_every_change_is_on_its_history(
    ada: Staff, eve: Staff, lea: Staff
) -> None:
    problem = await made(ada)
    place = f"/problems/{problem['id']}"
    attempt = {"steps": "Import.", "environment": "Linux", "version": "1.2", "outcome": "reproduced"}
    assert (await ada.send("POST", f"{place}/record-reproduction", attempt)).status_code == 403
    await changed(eve, problem, "record-reproduction", **attempt)
    code = {"what": "code", "title": "Patch", "url": "https://code.example.com/1"}
    described = {"title": "Umlauts", "description": "d", "root_cause": "Encoding.", "references": [code]}
    stale = await lea.send("POST", f"{place}/describe", described, version=1)
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    assert (await lea.send("POST", f"{place}/describe", described, version=2)).headers["etag"] == '"3"'
    unsafe = described | {"references": [code | {"url": "http://code.example.com/1"}]}
    assert (await lea.send("POST", f"{place}/describe", unsafe)).status_code == 422
    declined = await changed(eve, problem, "decide", fix=False, reason="Nobody needs it.")
    assert (declined["state"], declined["verdict"]["reason"]) == ("declined", "Nobody needs it.")
    entries = (await ada.get(f"{place}/history")).json()["items"]
    whats = [(entry["version"], entry["what"], entry["actor"]) for entry in entries]
    assert whats == [
        (1, "create", ada.id),
        (2, "record-reproduction", eve.id),
        (3, "describe", lea.id),
        (4, "decide", eve.id),
    ]
    assert all(entry["at"] for entry in entries)


async def test_a_workaround_reaches_linked_issues_and_goes_into_the_draft_of_who_asks_for_it(
    queues: QueueService, ada: Staff, eve: Staff
) -> None:
    issue = await queues.issue()
    problem = await made(ada, issue)
    none = await ada.give("insert-workaround", issue, problem=problem["id"])
    assert (none.status_code, none.json()["type"]) == (422, f"{REFUSED}no-workaround")
    assert (await changed(eve, problem, "publish-workaround", text="Save as UTF-8."))["state"] == "known-error"
    (entry,) = await told(ada, issue, "tierdesk.workaround-published.v1")
    assert (entry["private"]["text"], "UTF-8" in str(entry["fact"])) == ("Save as UTF-8.", False)
    assert (await ada.issue(issue))["problems"][0]["workaround"] is True
    await ada.send("PUT", f"/issues/{issue}/draft", {"text": "Hello, "})
    assert (await ada.give("insert-workaround", issue, problem=problem["id"])).status_code == 200
    draft = (await ada.get(f"/issues/{issue}/draft")).json()
    assert (draft["text"], draft["version"]) == ("Hello,\n\nSave as UTF-8.", 2)
    assert (await ada.timeline(issue))[-1]["type"] == "tierdesk.workaround-inserted.v1"


async def test_a_fix_that_resolves_tells_every_customer_once_and_ends_what_is_open(
    queues: QueueService, ada: Staff, eve: Staff, lea: Staff
) -> None:
    open_one, over = await queues.issues(2)
    problem = await made(ada, open_one, over, product="navy")
    assert (await ada.give("claim", over)).status_code == 200
    assert (await ada.give("resolve", over, resolution="workaround", text="Do that.")).status_code == 200
    fix: dict[str, Any] = {"text": FIX_TEXT, "then": "resolve"}
    unknown = await eve.send("POST", f"/problems/{problem['id']}/fix", fix | {"release": str(new_id())})
    assert (unknown.status_code, unknown.json()["type"]) == (422, f"{REFUSED}unknown-release")
    registered = await release(lea, product="navy")
    after = await changed(eve, problem, "fix", **fix, release=registered["id"])
    assert (after["state"], after["release_name"]) == ("fixed", "2026.11")
    (ended,) = await told(ada, open_one, "tierdesk.issue-resolved.v1")
    assert (ended["fact"]["text"], ended["actor"]["kind"]) == (FIX_TEXT, "system")
    assert len(await told(ada, over, "tierdesk.issue-replied.v1")) == 1
    assert (await ada.issue(over))["problems"][0]["fixed_in"] == "2026.11"
    fixes = (await ada.get("/problems", release=registered["id"])).json()["items"]
    assert [one["id"] for one in fixes] == [problem["id"]]
    again = await eve.send("POST", f"/problems/{problem['id']}/fix", fix | {"release": registered["id"]})
    assert (again.status_code, again.json()["state"]) == (409, "fixed")


async def test_a_fix_that_returns_wakes_the_owner_and_counts_as_the_reply(
    queues: QueueService, ada: Staff, eve: Staff, lea: Staff
) -> None:
    issue = await queues.issue()
    problem = await made(ada, issue)
    await ada.give("claim", issue)
    rest: dict[str, Any] = {"for": "fix", "reason": "It is being made."}
    await ada.give("wait", issue, **rest)
    registered = await release(lea, product=f"product-{new_id()}")
    await changed(eve, problem, "fix", release=registered["id"], text=FIX_TEXT, then="return")
    await told(ada, issue, "tierdesk.issue-resumed.v1")
    view = await ada.issue(issue)
    assert (view["state"], view["owner"]) == ("assigned", ada.id)
    assert (await told(ada, issue, "tierdesk.issue-replied.v1"))[0]["fact"]["text"] == FIX_TEXT
    assert next(clock for clock in view["clocks"] if clock["name"] == "first-response")["state"] == "met"


async def test_news_survive_a_crash_in_the_middle_and_reach_each_issue_exactly_once(
    queues: QueueService, ada: Staff, eve: Staff
) -> None:
    """A batch is given up after all of it was written, as when the process dies before the commit."""
    issues = await queues.issues(5)
    problem = await made(ada, *issues)
    db, policies = queues.service.db, queues.settings.policies

    async def die_in_the_middle() -> None:
        async with db.transaction() as tx:
            assert await problem_store.begin_to_tell(tx), "the turn is ours, and the running timer waits"
            await changed(eve, problem, "tell", text="We know, and work on it.")
            assert await problem_work.tell(tx, policies=policies, limit=2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await die_in_the_middle()

    async def nothing_left() -> bool:
        return not await rows(db, "SELECT 1 FROM problem_news_untold")

    await wait_until(nothing_left, SOON)
    for issue in issues:
        assert len(await told(ada, issue, "tierdesk.issue-replied.v1")) == 1


async def test_bulletins_of_a_fix_say_who_has_not_read_them(queues: QueueService, eve: Staff, lea: Staff) -> None:
    bob = await queues.staff("bob", tiers=[2], teams=["technical"])
    problem = await made(eve)
    registered = await release(lea, product=f"product-{new_id()}")
    await changed(eve, problem, "fix", release=registered["id"], text=FIX_TEXT, then="return")
    bulletin = (await bob.get("/bulletins", unread=True)).json()["items"][0]
    assert (bulletin["problem"], bulletin["acknowledged_at"]) == (problem["id"], None)
    assert bob.id in await missing(lea, bulletin)
    assert eve.id not in await missing(lea, bulletin)
    assert (await bob.send("POST", f"/bulletins/{bulletin['id']}/acknowledge", {})).status_code == 204
    assert bob.id not in await missing(lea, bulletin)
    unread = (await bob.get("/bulletins", unread=True)).json()["items"]
    assert bulletin["id"] not in [one["id"] for one in unread]


async def missing(by: Staff, bulletin: dict[str, Any]) -> list[str]:
    found, after = [], dict[str, str]()
    while True:
        page = (await by.get(f"/bulletins/{bulletin['id']}/readers", missing=True, limit=2, **after)).json()
        found += [one["agent"] for one in page["items"]]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


async def test_a_merged_feature_request_gives_its_issues_away_and_is_counted_per_account(
    queues: QueueService, ada: Staff, eve: Staff
) -> None:
    one, both, other = await queues.issues(3)
    first = await made(ada, one, both, kind="feature-request", title="=Dark mode")
    second = await made(ada, both, other, kind="feature-request", title="Night colours")
    apples = await made(ada, title="A defect")
    wrong = await eve.send("POST", f"/problems/{first['id']}/merge", {"into": apples["id"]})
    assert wrong.status_code == 422
    assert (await changed(eve, first, "merge", into=second["id"]))["merged_into"] == second["id"]
    await told(ada, one, "tierdesk.problem-unlinked.v1")
    await told(ada, both, "tierdesk.problem-unlinked.v1")
    for issue in (one, both):
        assert [linked["id"] for linked in (await ada.issue(issue))["problems"]] == [second["id"]]
    assert (await ada.get(f"/problems/{second['id']}")).json()["issues"] == 3
    accounts = (await ada.get(f"/problems/{second['id']}/accounts")).json()["items"]
    assert sum(account["issues"] for account in accounts) == 3
    refused = await ada.give("link-problem", other, problem=first["id"])
    assert (refused.status_code, refused.json()["into"]) == (422, second["id"])
    await changed(eve, second, "tell", text="It comes in spring.")
    assert (await told(ada, one, "tierdesk.issue-replied.v1"))[0]["fact"]["text"] == "It comes in spring."


async def test_feature_requests_are_exported_as_csv_that_no_spreadsheet_runs(ada: Staff, queues: QueueService) -> None:
    issue = await queues.issue()
    wish = await made(ada, issue, kind="feature-request", title='=HYPERLINK("x")')
    answer = await ada.get("/problems/export")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    line = next(one for one in lines if one["id"] == wish["id"])
    assert (line["title"], line["issues"], line["accounts"]) == ('\'=HYPERLINK("x")', "1", "1")


async def test_problems_are_found_by_state_product_kind_and_words(ada: Staff) -> None:
    product = f"product-{new_id()}"
    first = await made(ada, product=product, title="Printer jams", description="On Mondays.")
    second = await made(ada, product=product, title="Printer burns", kind="feature-request")
    for wanted, expected in (
        ({}, [second, first]),
        ({"kind": "problem"}, [first]),
        ({"state": "fixed"}, []),
        ({"text": "jams mondays"}, [first]),
        ({"text": "jams burns"}, []),
    ):
        listed = (await ada.get("/problems", product=product, **wanted)).json()["items"]
        assert [one["id"] for one in listed] == [one["id"] for one in expected], wanted
    page = (await ada.get("/problems", product=product, limit=1)).json()
    rest = (await ada.get("/problems", product=product, after=page["next"])).json()
    assert [one["id"] for one in rest["items"]] == [first["id"]]
