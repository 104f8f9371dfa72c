"""Reports over HTTP: a measure in groups, and the issues behind each figure."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import Query

from shared.api import Api
from shared.auth import STAFF, StaffTokens
from shared.db import Database, Transaction
from shared.paging import Cursor, Limit, Page
from shared.problems import invalid
from shared.vocabulary import Priority, Tier, Word
from tier_queues import report_figures, report_targets_store, timeline_walk
from tier_queues.measures import MEANINGS, Measure
from tier_queues.report_figures import Asked, Counted, Dimension, Figure
from tier_queues.report_targets import MeasureTarget
from tier_queues.settings import Settings

USUAL_DAYS: Final = 30
DAYS_LIMIT: Final = 366
"""Days that one report may cover."""
YEARS: Final = range(2000, 9999)
"""Years that a report may ask about."""

Since = Annotated[date | None, Query(alias="from", description="First day, in UTC.")]
Until = Annotated[date | None, Query(alias="to", description="Last day, in UTC.")]
By = Annotated[list[Dimension], Query(max_length=len(Dimension), description="What to split by, in this order.")]
NO_GROUPS: Final[list[Dimension]] = []


class Report(Page[Figure]):
    """A measure. total: over all groups; whole: false while older issues are still to be read."""

    measure: Measure
    unit: str
    says: str
    since: date
    until: date
    target: MeasureTarget | None
    whole: bool
    total: Figure


def add_reports(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    """Give the service its reports."""
    staff, first = tokens.allow(STAFF), settings.first_report_targets

    @api.get("/reports/{measure}", allow=staff)
    async def report(
        measure: Measure,
        since: Since = None,
        until: Until = None,
        by: By = NO_GROUPS,
        tier: Annotated[Tier | None, Query()] = None,
        team: Annotated[Word | None, Query()] = None,
        category: Annotated[Word | None, Query()] = None,
        priority: Annotated[Priority | None, Query()] = None,
        channel: Annotated[Word | None, Query()] = None,
        detail: Annotated[Word | None, Query()] = None,
        limit: Limit = 100,
        after: Cursor = None,
    ) -> Report:
        """A measure over some days (the last 30), as one figure and in groups."""
        groups = list(dict.fromkeys(by))
        async with db.transaction() as tx:
            days = await _days(tx, since, until)
            only = _only(tier, team, category, priority, channel, detail)
            standing = await report_targets_store.in_force(tx, first)
            asked = Asked(measure, *days, only, standing.cost_per_hour)
            total = (await report_figures.figures(tx, asked, (), None, 1)).items[0]
            page = await report_figures.figures(tx, asked, groups, after, limit) if groups else Page(items=[])
            whole = await timeline_walk.is_whole(tx)
        meaning = MEANINGS[measure]
        return Report(
            items=page.items,
            next=page.next,
            measure=measure,
            unit=meaning.unit,
            says=meaning.says,
            since=days[0],
            until=days[1],
            target=standing.targets.get(measure),
            whole=whole,
            total=total,
        )

    @api.get("/reports/{measure}/issues", allow=staff)
    async def report_issues(
        measure: Measure,
        since: Since = None,
        until: Until = None,
        tier: Annotated[Tier | None, Query()] = None,
        team: Annotated[Word | None, Query()] = None,
        category: Annotated[Word | None, Query()] = None,
        priority: Annotated[Priority | None, Query()] = None,
        channel: Annotated[Word | None, Query()] = None,
        detail: Annotated[Word | None, Query()] = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[Counted]:
        """The issues behind a figure, newest first, with what each counts."""
        async with db.transaction() as tx:
            days = await _days(tx, since, until)
            only = _only(tier, team, category, priority, channel, detail)
            standing = await report_targets_store.in_force(tx, first)
            asked = Asked(measure, *days, only, standing.cost_per_hour)
            return await report_figures.issues(tx, asked, after, limit)


async def _days(tx: Transaction, since: date | None, until: date | None) -> tuple[date, date]:
    """The days that are meant. Raises Problem 422."""
    if until is None:
        until = (await tx.now()).date()
    if until.year not in YEARS or (since is not None and since.year not in YEARS):
        raise invalid(f"A report is about the years {YEARS.start} to {YEARS.stop - 1}.")
    if since is None:
        since = until - timedelta(days=USUAL_DAYS - 1)
    if not timedelta() <= until - since < timedelta(days=DAYS_LIMIT):
        raise invalid(f"A report covers at least one day and at most {DAYS_LIMIT}, `from` before `to`.")
    return since, until


def _only(*values: Any) -> dict[Dimension, Any]:
    """What was named of tier, team, category, priority, channel and detail."""
    named = (
        Dimension.TIER,
        Dimension.TEAM,
        Dimension.CATEGORY,
        Dimension.PRIORITY,
        Dimension.CHANNEL,
        Dimension.DETAIL,
    )
    return {dimension: value for dimension, value in zip(named, values, strict=True) if value is not None}
