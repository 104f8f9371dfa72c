"""Lists of problems, and issues like another one: found by their words, and read by their indexes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.paging import cursor_of
from support import events
from support.infrastructure import Infrastructure
from support.queue_service import OFFSETS, QueueService, Staff, accepted_now, own_namespace, queue_settings
from support.running import prepare, rows, wait_until
from tier_queues import app, bulletins, problem_list, releases, similar
from tier_queues.problem import Kind, State
from tier_queues.problem_list import Wanted

MANY = 20_000
_SEED_PROBLEMS = """
INSERT INTO problems (id, version, kind, state, product, title, release_id, updated_at, words, body)
SELECT gen_random_uuid(), 1, CASE WHEN n % 200 = 1 THEN 'feature-request' ELSE 'problem' END,
    CASE WHEN n % 200 = 2 THEN 'fixed' ELSE 'open' END, 'product' || n % 100, 'A title',
    CASE WHEN n % 200 = 0 THEN '00000000-0000-0000-0000-000000000001'::uuid END, now(),
    to_tsvector('simple', 'word' || n % 1000), '{}'
FROM generate_series(1, $1) AS n ORDER BY md5(n::text)
"""
_SEED_RELEASES = """
INSERT INTO releases (id, product, name, released_at, notes, made_by, made_by_name, made_at)
SELECT gen_random_uuid(), 'product' || n % 50, 'release' || n, now() + n * interval '1 minute', 'n', 'lea', 'Lea', now()
FROM generate_series(1, $1) AS n ORDER BY md5(n::text)
"""
_SEED_BULLETINS = """
INSERT INTO bulletins (id, problem_id, release_id, release, product, title, text, tiers, at)
SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'r', 'p', 't', 't', '{1,2}',
    now() + n * interval '1 minute'
FROM generate_series(1, $1) AS n ORDER BY md5(n::text)
"""
_SEED_LINKS = """
INSERT INTO problem_links (problem_id, issue_id, account, customer, at)
SELECT ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, gen_random_uuid(), 'account' || n % 500,
    gen_random_uuid(), now()
FROM generate_series(1, $1) AS n ORDER BY md5(n::text)
"""
_SEED_WORDS = """
INSERT INTO searchable (issue_id, version, number, account, characters, document)
SELECT gen_random_uuid(), 1, n, 'account', 10,
    setweight(to_tsvector('simple', 'word' || n % 700 || ' term' || n % 300), 'A')
FROM generate_series(1, $1) AS n
"""


async def test_similar_issues_share_telling_words_and_a_search_finds_all_its_words(
    queues: QueueService, ada: Staff
) -> None:
    mine, like, unlike = new_id(), new_id(), new_id()
    await hear(queues, mine, "Invoice export stops", "The quarterly spreadsheet misses zebracolumns.")
    await hear(queues, like, "Zebracolumns are missing", "In the quarterly spreadsheet.")
    await hear(queues, unlike, "Coffee machine broken", "It leaks.")

    async def read() -> bool:
        known = "SELECT count(*) FROM searchable WHERE issue_id = ANY($1)"
        return bool((await rows(queues.service.db, known, [mine, like, unlike]))[0][0] == 3)

    await wait_until(read, timedelta(seconds=30), "the issues are searchable")
    found = (await ada.get(f"/issues/{mine}/similar")).json()
    assert str(like) in [one["id"] for one in found]
    assert {str(mine), str(unlike)}.isdisjoint(one["id"] for one in found)
    searched = (await ada.get(f"/issues/{mine}/similar", text="machine leaks")).json()
    assert [one["id"] for one in searched] == [str(unlike)]
    assert (await ada.get(f"/issues/{mine}/similar", text="machine zebracolumns")).json() == []
    assert (await ada.get(f"/issues/{mine}/similar", text="' & | ! :* \\ (")).json() == []
    assert (await ada.get(f"/issues/{new_id()}/similar")).status_code == 404


async def hear(queues: QueueService, issue: UUID, title: str, text: str) -> None:
    routed = events.routed(of=accepted_now(title=title, text=text))
    event = events.envelope(routed, subject=issue)
    await queues.consumer.handle([events.record(event, offset=next(OFFSETS))])


@pytest.fixture(scope="module")
async def crowded(infrastructure: Infrastructure) -> AsyncIterator[Any]:
    """A database with many of everything."""
    async with own_namespace(infrastructure) as own:
        settings = queue_settings(own)
        await prepare(settings)
        db = app.build(settings).db
        async with db.transaction() as tx:
            for seed in (_SEED_PROBLEMS, _SEED_RELEASES, _SEED_BULLETINS, _SEED_LINKS, _SEED_WORDS):
                await tx.fetch(seed, MANY)
            await tx.fetch("ANALYZE problems, releases, bulletins, problem_links, searchable")
        yield db
        await db.close()


RELEASE = UUID(int=1)
NUMBER = cursor_of([10_000])
MOMENT = cursor_of(["2099-11-22T12:00:00+00:00", new_id()])


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (problem_list.page(Wanted()), "problems_number_key"),
        (problem_list.page(Wanted(after=NUMBER)), "problems_number_key"),
        (problem_list.page(Wanted(kind=Kind.FEATURE_REQUEST, after=NUMBER)), "problems_by_kind"),
        (problem_list.page(Wanted(state=State.FIXED, after=NUMBER)), "problems_by_state"),
        (problem_list.page(Wanted(product="product7", after=NUMBER)), "problems_by_product"),
        (problem_list.page(Wanted(release=RELEASE)), "problems_of_release"),
        (problem_list.of_issues(RELEASE, cursor_of([UUID(int=2)]), 50), "problem_links_pkey"),
        (problem_list.of_accounts(RELEASE, cursor_of(["account3"]), 50), "problem_links_of_account"),
        (releases.page(product=None, after=MOMENT, limit=50), "releases_newest"),
        (releases.page(product="product7", after=MOMENT, limit=50), "releases_newest_of_product"),
        (bulletins.page("ada", unread=False, after=MOMENT, limit=50), "bulletins_newest"),
        (bulletins.page("ada", unread=True, after=None, limit=50), "bulletins_newest"),
    ],
)
async def test_a_page_is_read_in_the_order_of_its_index(
    crowded: Any, statement: tuple[str, list[Any]], index: str
) -> None:
    plan = await explained(crowded, *statement)
    assert f"using {index} on" in plan, plan


@pytest.mark.parametrize("sql", [problem_list.page(Wanted(text="word7"))])
async def test_words_of_problems_are_found_by_their_index(crowded: Any, sql: tuple[str, list[Any]]) -> None:
    assert "problems_words" in await explained(crowded, *sql)


async def test_similar_issues_are_found_by_the_index_of_their_words(crowded: Any) -> None:
    query = similar.query_of(["word7", "term7"])
    assert "searchable_words" in await explained(crowded, similar.SIMILAR, new_id(), query, 10)


async def test_words_that_every_other_issue_has_are_not_looked_for(crowded: Any) -> None:
    """How frequent words are is what the statistics say; an issue with nothing but such words is like no other."""
    async with crowded.transaction() as tx:
        (own,) = await tx.fetch(
            "INSERT INTO searchable (issue_id, number, account, characters, document, version) "
            "SELECT gen_random_uuid(), 0, 'account', 10, "
            "to_tsvector('simple', 'please unusual words'), 1 RETURNING issue_id"
        )
        await tx.fetch(
            "INSERT INTO searchable (issue_id, number, account, characters, document, version) "
            "SELECT gen_random_uuid(), n, 'account', 10, to_tsvector('simple', 'please'), 1 "
            "FROM generate_series(1, 5000) AS n"
        )
        await tx.fetch("ANALYZE searchable")
        words = [row[0] for row in await tx.fetch(similar.ASKED, own[0], similar.COMMON_SHARE, 8)]
    assert words == ["unusual", "words"]


async def explained(db: Any, sql: str, *parameters: Any) -> str:
    if len(parameters) == 1 and isinstance(parameters[0], list):
        parameters = tuple(parameters[0])
    async with db.transaction() as tx:
        return "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {sql}", *parameters))
