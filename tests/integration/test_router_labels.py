"""Which categories count as confirmed in a running router: what agents chose, as long as it stands; never a rule's."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import pytest

from router.app import build
from router.consumer import HANDLERS
from router.handlers import Desk
from router.keywords import KeywordClassifier
from shared.events import Fact, work
from shared.handling import by_handler
from shared.ids import new_id
from shared.topics import ROUTING
from support.events import envelope, reclassified, resolved, submitted, worked
from support.infrastructure import Infrastructure
from support.models import small_classifier
from support.policies import shipped
from support.router import Bench, kept_early, settings_of, settled
from support.running import prepare, rows, running
from support.wire import wire

RULE = work.Actor(kind="rule", id="rule:Printers", name="Printers")
UNKNOWN = submitted(title="Zebra", text="Zebra zebra")
REOPENED = worked(work.IssueReopened, cause="customer")


@pytest.fixture(scope="module")
async def router(infrastructure: Infrastructure) -> AsyncIterator[Bench]:
    settings = settings_of(infrastructure)
    await prepare(settings)
    service = build(settings)
    async with wire(settings, ROUTING) as topics, running(service) as served:
        yield Bench(served, topics, service.db)


def ended(resolution: str) -> work.WorkFact:
    """An agent ended the issue."""
    return worked(work.IssueResolved, resolution=resolution, text="Done.")


async def told(router: Bench, *facts: Fact) -> UUID:
    """An issue about which these facts came, one poll after the other."""
    issue = new_id()
    for seq, fact in enumerate(facts, 1):
        await router.topics.send(envelope(fact, subject=issue, seq=seq))
        await settled(router)
    return issue


async def at_once(router: Bench, *facts: Fact) -> UUID:
    """An issue about which these facts came in one poll."""
    issue, desk = new_id(), Desk(shipped(), KeywordClassifier(shipped()))
    async with router.db.transaction() as tx:
        await by_handler(HANDLERS, desk)(tx, [envelope(fact, subject=issue) for fact in facts])
    return issue


async def label(router: Bench, issue: UUID) -> tuple[str, str] | None:
    """Category and how it was confirmed."""
    found = await rows(router.db, "SELECT category, how FROM confirmed_label WHERE issue_id = $1", issue)
    return tuple(found[0]) if found else None


async def test_an_agent_s_choice_in_triage_is_confirmed_however_the_issue_ends(router: Bench) -> None:
    assert await label(router, await told(router, UNKNOWN, reclassified("bug"))) == ("bug", "triage")
    assert await label(router, await at_once(router, UNKNOWN, reclassified("bug"))) == ("bug", "triage")
    again = [reclassified("bug"), reclassified("billing", revision=2), ended("duplicate")]
    assert await label(router, await at_once(router, UNKNOWN, *again)) == ("billing", "triage")


async def test_a_correction_outside_triage_is_confirmed_by_the_resolution_only(router: Bench) -> None:
    assert await label(router, await at_once(router, submitted(), reclassified("bug"))) is None


async def test_what_a_rule_chose_is_never_confirmed(router: Bench) -> None:
    chosen = reclassified("bug", actor=RULE)
    assert await label(router, await at_once(router, UNKNOWN, chosen, resolved())) is None
    assert await label(router, await at_once(router, submitted(), chosen, resolved())) is None


async def test_a_rule_that_chose_before_the_submission_came_is_remembered(router: Bench) -> None:
    issue = new_id()
    await router.topics.send(envelope(reclassified("bug", actor=RULE), subject=issue))
    await kept_early(router, issue)
    await router.topics.send(envelope(submitted(), subject=issue))
    events = await router.topics.heard_of(issue, 2)
    assert "rule Printers chose bug" in events[1].data.routing.record.sentences[0]


async def test_who_redirects_confirms_a_category_that_redirects_and_no_other(router: Bench) -> None:
    sales = submitted(category="sales")
    assert await label(router, await at_once(router, sales, ended("redirected"))) == ("sales", "resolution")
    assert await label(router, await at_once(router, submitted(), ended("redirected"))) is None


async def test_a_resolution_that_is_undone_confirms_nothing(router: Bench) -> None:
    undone = await told(router, submitted(), resolved(), REOPENED, ended("duplicate"))
    assert await label(router, undone) is None
    assert await label(router, await at_once(router, submitted(), resolved(), REOPENED)) is None
    again = await at_once(router, submitted(), resolved(), REOPENED, resolved())
    assert await label(router, again) == ("password_reset", "resolution")
    kept = await told(router, UNKNOWN, reclassified("bug"), resolved(), REOPENED)
    assert await label(router, kept) == ("bug", "triage")


async def test_a_poll_that_is_tried_again_is_compared_once(router: Bench) -> None:
    desk = Desk(shipped(), KeywordClassifier(shipped()), shadow=small_classifier())
    version = small_classifier().model_version
    async with router.db.transaction() as tx:
        await tx.fetch(
            "INSERT INTO model (version, state, metrics, manifest, arrays, added_at, added_by, changed_at, changed_by) "
            "VALUES ($1, 'candidate', '{}', '', '', now(), 'ada', now(), 'ada')",
            version,
        )
    events = [envelope(submitted(), subject=new_id()) for _ in range(3)]
    with suppress(LookupError):
        async with router.db.transaction() as tx:
            await by_handler(HANDLERS, desk)(tx, events)
            raise LookupError
    async with router.db.transaction() as tx:
        await by_handler(HANDLERS, desk)(tx, events)
    # It is no model that could decide, and others share the database: it goes again.
    (found,) = await rows(router.db, "DELETE FROM model WHERE version = $1 RETURNING compared", version)
    assert found[0] == 3
