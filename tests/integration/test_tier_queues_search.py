"""Search, export, saved filters and reading by ids, over HTTP and on a real database."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.db import Transaction
from shared.ids import new_id
from shared.paging import cursor_of
from shared.vocabulary import IssueState
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import QueueService, Staff, accepted_now, own_namespace, queue_settings
from support.running import prepare, rows, wait_until
from tier_queues import app, search, timeline_walk
from tier_queues.search import Filters

SOON = timedelta(seconds=20)
MANY = 30_000
AFTER = cursor_of([15_000])
_ISSUES = """
INSERT INTO issues (id, number, version, state, tier, team, owner, held, unseen, triage, priority, category, title,
    queue_tier, queue_team, members_only, deadline, timer_tier, accepted_at, updated_at, ended_at, tags, body)
SELECT gen_random_uuid(), n, 1, state, 1 + n % 3, 'team' || n % 7,
    CASE WHEN state IN ('assigned', 'waiting') THEN 'agent' || n % 500 END, false, false, false, 1 + n % 5,
    'category' || n % 4, 'Issue of word' || n % 10, CASE WHEN state = 'queued' THEN 1 + n % 3 END,
    CASE WHEN state = 'queued' THEN 'team' || n % 7 END, false, now(), 1 + n % 3, now(), now(),
    CASE WHEN state = 'closed' THEN now() END, CASE WHEN n % 100 = 0 THEN jsonb_build_array('tag' || n % 1000) END,
    jsonb_build_object('account', 'account' || n % 1000)
FROM generate_series(1, $1) AS n, LATERAL (
    SELECT (ARRAY['queued', 'assigned', 'closed', 'closed', 'closed', 'closed'])[1 + n % 6] AS state
) AS chosen
"""
_SEARCHABLE = """
INSERT INTO searchable (issue_id, version, number, account, characters, document)
SELECT id, 1, number, body->>'account', 10,
    to_tsvector('simple', concat_ws(' ', number, title, 'rare' || number % 3000)) FROM issues
"""


async def words(queues: QueueService, text: str, **routing: Any) -> Any:
    """A new issue in which the customer wrote this."""
    issue = new_id()
    await queues.hear(issue, events.routed(of=accepted_now(text=text), **routing))
    return issue


async def found(agent: Staff, **filters: Any) -> list[str]:
    answer = await agent.get("/search", **filters)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def found_soon(agent: Staff, expected: list[Any], **filters: Any) -> None:
    async def there() -> bool:
        return await found(agent, **filters) == [str(issue) for issue in expected]

    await wait_until(there, SOON, f"{filters} finds them")


async def test_words_of_the_text_the_title_and_every_message_are_found(queues: QueueService, ada: Staff) -> None:
    one, two, three = f"w{new_id().hex}", f"w{new_id().hex}", f"w{new_id().hex}"
    first = await words(queues, f"The {one} is broken.")
    second = await words(queues, f"Another {one}, but {two}.")
    await found_soon(ada, [second, first], q=one)
    assert await found(ada, q=f"{one} {two}") == [str(second)]
    assert await found(ada, q=f"{one} -{two}") == [str(first)]
    assert await found(ada, q=f'"{two} but"') == []
    await ada.give("claim", first)
    await ada.give("reply", first, text=f"Try {three}.")
    await ada.give("note", first, text=f"A {two} in a note is nobody's word.")
    await found_soon(ada, [first], q=f"{three} {one}")
    await queues.hear(first, events.customer_replied(text=f"{two} it is"))
    await found_soon(ada, [second, first], q=two)
    number = (await ada.issue(first))["number"]
    assert str(first) in await found(ada, q=str(number))
    assert await found(ada, q="!!! & |") == []
    assert (await ada.get("/search", q="a\x00b")).status_code == 422


async def test_filters_narrow_a_search_and_its_pages_are_the_whole(queues: QueueService, ada: Staff) -> None:
    word = f"w{new_id().hex}"
    made = [await words(queues, word, category="bug") for _ in range(5)]
    await found_soon(ada, made[::-1], q=word)
    await ada.give("claim", made[0])
    await ada.give("tag", made[1], tags=[word])
    account = (await ada.issue(made[0]))["account"]
    assert await found(ada, q=word, owner=ada.id) == [str(made[0])]
    assert await found(ada, owner=ada.id) == [str(made[0])]
    assert await found(ada, tag=word) == [str(made[1])]
    assert await found(ada, q=word, state="queued", tier=1, category="bug") == [str(issue) for issue in made[:0:-1]]
    assert await found(ada, q=word, account=account, priority=1) == []
    assert len(await found(ada, q=word, account=account)) == 5
    first = (await ada.get("/search", q=word, limit=3)).json()
    second = (await ada.get("/search", q=word, limit=3, after=first["next"])).json()
    assert [row["id"] for row in first["items"] + second["items"]] == [str(issue) for issue in made[::-1]]
    assert (await ada.get("/search", q=word, after="nonsense")).status_code == 422


async def test_issues_are_read_by_their_ids_in_the_order_asked(queues: QueueService, ada: Staff) -> None:
    one, two = await queues.issues(2)
    views = (await ada.get("/issues", ids=[str(two), str(new_id()), str(one)])).json()
    assert [view["id"] for view in views] == [str(two), str(one)]
    assert views[0] == await ada.issue(two)
    assert (await ada.get("/issues")).status_code == 422
    assert (await ada.get("/issues", ids=[str(new_id())] * 101)).status_code == 422


async def test_an_export_holds_all_that_fits_and_no_formula(queues: QueueService, ada: Staff) -> None:
    tag = f"tag-{new_id()}"
    titles = ['=HYPERLINK("x")', "+1", "-1", "@A1", 'Plain, with "quotes"']
    for title in titles:
        issue = new_id()
        await queues.hear(issue, events.routed(of=accepted_now(title=title)))
        await ada.give("tag", issue, tags=[tag])
    answer = await ada.get("/export", tag=tag)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["title"] for line in lines] == [titles[4], *(f"'{title}" for title in titles[3::-1])]
    assert {line["state"] for line in lines} == {"queued"}
    assert (await ada.get("/export", tag=f"no-{tag}")).text.count("\r\n") == 1


async def test_a_filter_is_kept_under_a_name_for_its_maker(queues: QueueService, ada: Staff) -> None:
    kept = {"title": "Mine", "scope": "personal", "filters": {"q": "printer", "state": "queued"}}
    assert (await ada.send("PUT", "/filters/mine", kept)).status_code == 200
    shown = (await ada.get("/filters/mine")).json()["content"]["filters"]
    assert (shown["q"], shown["state"], shown["tier"]) == ("printer", "queued", None)
    bob = await queues.staff("bob", teams=["frontline"])
    assert (await bob.get("/filters/mine")).status_code == 404
    assert (await bob.send("PUT", "/filters/all", kept | {"scope": "all"})).status_code == 403
    assert (await ada.send("PUT", "/filters/wrong", kept | {"filters": {"colour": "red"}})).status_code == 422
    assert (await ada.send("DELETE", "/filters/mine", {}, version=1)).status_code == 204


@pytest.fixture(scope="module")
async def crowded(infrastructure: Infrastructure) -> AsyncIterator[Any]:
    """A database with many issues that are searchable."""
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        async with db.transaction() as tx:
            await tx.fetch(_ISSUES, MANY)
            await tx.fetch(_SEARCHABLE)
            await tx.fetch("SELECT gin_clean_pending_list('searchable_words')")
            await tx.fetch("ANALYZE issues")
            await tx.fetch("ANALYZE searchable")
        yield db
        await db.close()


async def plan_of(tx: Transaction, filters: Filters, after: str | None) -> str:
    query = search.page(filters, after, 50)
    return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {query.sql}", *query.parameters))


@pytest.mark.parametrize("after", [None, AFTER], ids=["first", "later"])
@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(q="word3"), "searchable_newest"),
        (Filters(q="rare2999 word3"), "searchable_words"),
        (Filters(account="account3"), "searchable_of_account"),
        (Filters(tag="tag900"), "issues_tagged"),
        (Filters(owner="agent7"), "issues_owned"),
        (Filters(), "issues_number_key"),
        (Filters(tier=2, state=IssueState.QUEUED), "issues_number_key"),
    ],
    ids=str,
)
async def test_a_page_of_a_search_is_read_by_the_index_that_suits_it(
    crowded: Any, filters: Filters, index: str, after: str | None
) -> None:
    async with crowded.transaction() as tx:
        plan = await plan_of(tx, filters, after)
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan


async def test_what_was_said_before_there_was_a_search_becomes_searchable(
    infrastructure: Infrastructure, queues: QueueService, ada: Staff
) -> None:
    word = f"w{new_id().hex}"
    issue = await words(queues, f"{word} came before.")
    await found_soon(ada, [issue], q=word)
    db = queues.service.db
    async with db.transaction() as tx:
        await tx.fetch("UPDATE timeline SET tx = NULL")
        await tx.fetch("DELETE FROM searchable")
        await tx.fetch("UPDATE timeline_walk SET whole = false, walked_to = NULL")
    await found_soon(ada, [issue], q=word)
    more = True
    while more:
        async with db.transaction() as tx:
            more = await timeline_walk.advance(tx, limit=3)
    missing = await rows(db, "SELECT count(*) FROM issues WHERE id NOT IN (SELECT issue_id FROM searchable)")
    assert missing[0][0] == 0
