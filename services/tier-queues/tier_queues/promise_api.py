"""The administration of promises: what is in force, its versions, and a new one as JSON or YAML."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial

import yaml
from fastapi import Response

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import ADMINS, STAFF, StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import invalid, not_found
from shared.vocabulary import Title, Word
from tier_queues import promise_changes, promise_store
from tier_queues.calendars import Calendar
from tier_queues.promise_changes import WrongPolicy
from tier_queues.promise_policy import PromisePolicy, faults_of, policy_of
from tier_queues.promise_store import VERSIONS, PolicyVersion
from tier_queues.settings import Settings
from tier_queues.versions import BEGAN
from tier_queues.versions_api import MadeView, VersionNumber, YamlText, author_of, page_of, read_file, replaced, told


class PromisesBody(Body):
    """A policy from now on. note: why, for the list of versions."""

    policy: PromisePolicy
    note: Title


class PromisesFile(Body):
    """A policy from now on. yaml: the file's text; file: its name, for messages; note: why."""

    yaml: YamlText
    file: Word = "promises.yaml"
    note: Title


class PromisesVersion(MadeView):
    """A version of the policy. active_from: when it replaces the one before; None for the installation's first."""

    active_from: datetime | None


class PromisesView(PromisesVersion):
    """A version with what it promises."""

    policy: PromisePolicy


def add_promises(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    """Give the service the administration of promises."""
    _add_reading(api, db, tokens, settings)
    admins = tokens.allow(ADMINS)

    @api.put("/promises", allow=admins, response_model=PromisesView, responses={428: {}})
    async def change_promises(body: PromisesBody, command: Command) -> Response:
        """Replace what the clocks promise. A wrong policy is refused with the places of its faults."""
        return (await _change(db, settings, lambda: body.policy, body.note, command)).response()

    @api.put("/promises/import", allow=admins, response_model=PromisesView, responses={428: {}})
    async def import_promises(body: PromisesFile, command: Command) -> Response:
        """Replace what the clocks promise by a YAML file. A wrong one is refused with line and reason."""
        return (
            await _change(
                db, settings, partial(read_file, body.yaml, body.file, PromisePolicy, faults_of), body.note, command
            )
        ).response()


def _add_reading(api: Api, db: Database, tokens: StaffTokens, settings: Settings) -> None:
    staff = tokens.allow(STAFF)

    @api.get("/promises", allow=staff)
    async def show_promises(response: Response) -> PromisesView:
        """The newest version, in force from `active_from`."""
        async with db.transaction() as tx:
            found = await standing(tx, settings)
        response.headers.update(dict([etag(found.version)]))
        return found

    @api.get("/promises/export", allow=staff, response_class=Response)
    async def export_promises() -> Response:
        """The newest version as YAML, as `PUT /promises/import` takes it."""
        async with db.transaction() as tx:
            found = await standing(tx, settings)
        return Response(as_yaml(found.policy), headers=dict([etag(found.version)]), media_type="application/yaml")

    @api.get("/promises/versions", allow=staff)
    async def list_versions(limit: Limit = 50, after: Cursor = None) -> Page[PromisesVersion]:
        """Who changed the promises, when and why; newest first."""
        async with db.transaction() as tx:
            return await page_of(tx, VERSIONS, PromisesVersion, limit, after)

    @api.get("/promises/versions/{version}", allow=staff)
    async def show_version(version: VersionNumber) -> PromisesView:
        """What a version promises; 0 is what the installation began with."""
        async with db.transaction() as tx:
            found = await promise_store.version(tx, version)
        if found is None and version:
            raise not_found()
        return _first(settings) if found is None else _view(found)


async def _change(
    db: Database, settings: Settings, read: Callable[[], PromisePolicy], note: str, command: CommandHeaders
) -> Answer:
    """The stored answer comes first, then what the policy says, then the version. read: raises Problem 422."""
    author = author_of(command.caller, note)

    async def act(tx: Transaction) -> Answer:
        policy = read()
        expected = replaced(command)
        calendars = await _prepared(policy, (await tx.now()).date())
        made = await promise_changes.change(
            tx, policy, calendars, author, expected=expected, lead=settings.promises_lead
        )
        return Answer(200, _view(made).model_dump_json().encode(), (etag(made.version),))

    return await idempotency.once(db, command.key, act)


async def _prepared(policy: PromisePolicy, today: date) -> Mapping[str, Calendar]:
    try:
        return await promise_changes.prepared(policy, today)
    except WrongPolicy as error:
        raise invalid("The policy cannot be put in force.", faults=told(error.faults, "policy")) from error


async def standing(tx: Transaction, settings: Settings) -> PromisesView:
    """The newest version, or what the installation began with."""
    found = await promise_store.newest(tx)
    return _first(settings) if found is None else _view(found)


def as_yaml(policy: PromisePolicy) -> str:
    """A policy as an import takes it; what is not said is left out, but for `within`, which is always said."""
    written = policy.model_dump(mode="json", exclude_defaults=True)
    return str(yaml.safe_dump(written, sort_keys=False, allow_unicode=True))


def _view(made: PolicyVersion) -> PromisesView:
    return PromisesView.model_validate(made, from_attributes=True)


def _first(settings: Settings) -> PromisesView:
    return PromisesView(**BEGAN, active_from=None, policy=policy_of(settings.policies))
