"""The administration of what reports measure by: targets and costs, their versions, and a new one."""

import json
from dataclasses import asdict
from typing import Any

from fastapi import Response

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import ADMINS, STAFF, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import not_found
from shared.vocabulary import Title
from tier_queues.report_targets import Costs, ReportTargets, Targets
from tier_queues.report_targets_store import VERSIONS
from tier_queues.settings import Settings
from tier_queues.versions import BEGAN, Made
from tier_queues.versions_api import MadeView, VersionNumber, page_of, replaced


class ReportTargetsBody(Body):
    """What reports measure by from now on. note: why, for the list of versions."""

    targets: Targets
    cost_per_hour: Costs
    note: Title


class ReportTargetsVersion(MadeView):
    """A version of what reports measure by."""


class ReportTargetsView(ReportTargetsVersion):
    """A version with its targets, and what an hour costs at each tier."""

    targets: Targets
    cost_per_hour: Costs


def add_report_targets(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    """Give the service the administration of what reports measure by."""
    staff, first = tokens.allow(STAFF), settings.first_report_targets

    @api.get("/reports/targets", allow=staff)
    async def show_report_targets(response: Response) -> ReportTargetsView:
        """The version in force."""
        async with db.transaction() as tx:
            found = _view(await VERSIONS.newest(tx), first)
        response.headers.update(dict([etag(found.version)]))
        return found

    @api.get("/reports/targets/versions", allow=staff)
    async def list_versions(limit: Limit = 50, after: Cursor = None) -> Page[ReportTargetsVersion]:
        """Who changed the targets and costs, when and why; newest first."""
        async with db.transaction() as tx:
            return await page_of(tx, VERSIONS, ReportTargetsVersion, limit, after)

    @api.get("/reports/targets/versions/{version}", allow=staff)
    async def show_version(version: VersionNumber) -> ReportTargetsView:
        """What reports measured by; 0 is what the installation began with."""
        async with db.transaction() as tx:
            row = await VERSIONS.find(tx, version)
        if row is None and version:
            raise not_found()
        return _view(row, first)

    @api.put("/reports/targets", allow=tokens.allow(ADMINS), response_model=ReportTargetsView, responses={428: {}})
    async def change_report_targets(body: ReportTargetsBody, command: Command) -> Response:
        """Replace all targets and costs. Every report is measured by them from now on, whatever days it is about."""
        return (await _change(db, body, command)).response()


async def _change(db: Database, body: ReportTargetsBody, command: CommandHeaders) -> Answer:
    content, caller = body.model_dump(mode="json", exclude={"note"}), command.caller

    async def act(tx: Transaction) -> Answer:
        number = await VERSIONS.following(tx, replaced(command))
        made = Made(number, caller.id, caller.name, body.note, await tx.now())
        await VERSIONS.add(tx, made, **{column: json.dumps(value) for column, value in content.items()})
        return Answer(200, ReportTargetsView(**asdict(made), **content).model_dump_json().encode(), (etag(number),))

    return await idempotency.once(db, command.key, act)


def _view(row: Any, first: ReportTargets) -> ReportTargetsView:
    return ReportTargetsView(**BEGAN, **first.model_dump()) if row is None else ReportTargetsView(**dict(row))
