"""The administration of the organisation: tiers, teams, the whole of it as YAML, and its versions."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import BaseModel, TypeAdapter

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import ADMINS, OPERATORS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.located import Fault, WrongFile
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import Problem, conflict, invalid, not_found, stale
from shared.vocabulary import Title, Word
from tier_queues import organisation, organisation_store, sessions
from tier_queues.organisation import Organisation, TeamPlan, TierPlan
from tier_queues.organisation_store import VERSIONS, as_yaml
from tier_queues.passwords import new_password
from tier_queues.session_api import Desk
from tier_queues.versions_api import VERSION_LIMIT, YamlText, author_of, page_of, replaced

TierNumber = Annotated[int, Path(ge=0, le=9)]
Name = Annotated[Word, Path()]


class TierBody(TierPlan):
    """A tier as an administrator wants it. note: why, for the list of versions."""

    note: Title | None = None


class TeamBody(TeamPlan):
    """A team as an administrator wants it. note: why, for the list of versions."""

    note: Title | None = None


class ImportBody(Body):
    """A whole organisation. yaml: the file's text; file: its name, for messages; note: why."""

    yaml: YamlText
    file: Word = "organisation.yaml"
    note: Title


class TierView(TierPlan):
    """A tier. version grows with every change of it."""

    number: int
    version: int


class TeamView(TeamPlan):
    """A team. version grows with every change of it."""

    name: str
    version: int


class VersionView(BaseModel):
    """A change of the organisation."""

    version: int
    at: datetime
    by: str
    by_name: str
    note: str


class OrganisationView(BaseModel):
    """The organisation as a version left it. version: how often it was changed."""

    version: int
    organisation: Organisation


def add_organisation(api: Api, desk: Desk) -> None:
    """Give the service the administration of tiers, teams and the organisation as a whole."""
    _add_parts(api, desk)
    _add_whole(api, desk)


def _add_parts(api: Api, desk: Desk) -> None:
    @api.get("/teams", allow=desk.tokens.allow(STAFF))
    async def list_teams(limit: Limit = 50, after: Cursor = None) -> Page[TeamView]:
        """Every team, by name."""
        behind = key_in(after, TypeAdapter(tuple[str]))[0] if after else ""
        async with desk.db.transaction() as tx:
            known = await organisation_store.teams(tx)
        names = [name for name in known if name > behind]
        more = cursor_of([names[limit - 1]]) if len(names) > limit else None
        return Page(items=[_team_view(name, *known[name]) for name in names[:limit]], next=more)

    @api.put("/teams/{team}", allow=desk.tokens.allow(ADMINS), response_model=TeamView, responses={428: {}})
    async def change_team(team: Name, body: TeamBody, command: Command) -> Response:
        """Change a team; make it, with `If-Match: "0"`."""
        plan = TeamPlan.model_validate(body.model_dump(exclude={"note"}))

        async def act(tx: Transaction) -> Answer:
            standing = await _locked(tx)
            following = _next_version(command, standing.teams.get(team))
            agents = standing.organisation.agents
            _check(organisation.team_faults(team, plan, tiers=_plans(standing.tiers), agents=agents))
            await organisation_store.keep_team(tx, team, plan, following)
            await organisation_store.record(tx, author_of(command.caller, body.note or f"Team {team} changed."))
            return _answer(_team_view(team, plan, following), following)

        return (await changed(desk, command, act)).response()

    @api.put("/tiers/{number}", allow=desk.tokens.allow(ADMINS), response_model=TierView, responses={428: {}})
    async def change_tier(number: TierNumber, body: TierBody, command: Command) -> Response:
        """Change a tier; make it, with `If-Match: "0"`."""
        plan = TierPlan.model_validate(body.model_dump(exclude={"note"}))

        async def act(tx: Transaction) -> Answer:
            standing = await _locked(tx)
            following = _next_version(command, standing.tiers.get(number))
            await _check_unused(
                tx, organisation_store.deserted(standing.tiers, _plans(standing.tiers) | {number: plan})
            )
            await organisation_store.keep_tier(tx, number, plan, following)
            whole = (await organisation_store.standing(tx)).organisation
            _check(fault for fault in organisation.faults(whole) if fault.path[0] == "tiers")
            await organisation_store.record(tx, author_of(command.caller, body.note or f"Tier {number} changed."))
            return _answer(TierView(**plan.model_dump(), number=number, version=following), following)

        return (await changed(desk, command, act)).response()


def _add_whole(api: Api, desk: Desk) -> None:
    operators = desk.tokens.allow(OPERATORS)

    @api.get("/organisation", allow=operators)
    async def show_organisation(response: Response) -> OrganisationView:
        """The organisation in force."""
        async with desk.db.transaction() as tx:
            version = await organisation_store.version(tx)
            standing = await organisation_store.standing(tx)
        response.headers.update(dict([etag(version)]))
        return OrganisationView(version=version, organisation=standing.organisation)

    @api.get("/organisation/export", allow=operators, response_class=Response)
    async def export_organisation() -> Response:
        """The organisation in force as YAML, as `PUT /organisation` takes it."""
        async with desk.db.transaction() as tx:
            version = await organisation_store.version(tx)
            standing = await organisation_store.standing(tx)
        text = as_yaml(standing.organisation)
        return Response(text, headers=dict([etag(version)]), media_type="application/yaml")

    @api.put("/organisation", allow=desk.tokens.allow(ADMINS), response_model=VersionView, responses={428: {}})
    async def import_organisation(body: ImportBody, command: Command) -> Response:
        """Replace the organisation by a YAML file. A wrong one is refused with line and reason, and nothing changes."""
        return (await _import(desk, body, command)).response()

    @api.get("/organisation/versions", allow=operators)
    async def list_versions(limit: Limit = 50, after: Cursor = None) -> Page[VersionView]:
        """Who changed the organisation, when and why; newest first."""
        async with desk.db.transaction() as tx:
            return await page_of(tx, VERSIONS, VersionView, limit, after)

    @api.get("/organisation/versions/{version}", allow=operators)
    async def show_version(version: Annotated[int, Path(ge=1, le=VERSION_LIMIT)]) -> OrganisationView:
        """The organisation as one change left it."""
        async with desk.db.transaction() as tx:
            found = await organisation_store.find_version(tx, version)
        if found is None:
            raise not_found()
        return OrganisationView(version=version, organisation=found)


async def changed(desk: Desk, command: CommandHeaders, act: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
    """What a change of the organisation answers; this process follows it at once."""
    answer = await idempotency.once(desk.db, command.key, act)
    await desk.rules.refresh()
    return answer


async def _import(desk: Desk, body: ImportBody, command: CommandHeaders) -> Answer:
    # Nobody knows it: an administrator gives each new agent a password of their own.
    password_hash = await desk.passwords.hashed(new_password())
    ended: list[UUID] = []

    async def act(tx: Transaction) -> Answer:
        wanted = _parsed(body)
        _next_version(command, (None, await organisation_store.lock(tx)))
        try:
            changed_rights = await organisation_store.replace_all(tx, wanted, password_hash=password_hash)
        except organisation_store.TierInUse as error:
            raise _tier_in_use(error) from error
        for agent in changed_rights:
            ended.extend(await sessions.revoke_all(tx, agent, desk.settings.token_life))
        made = await organisation_store.record(tx, author_of(command.caller, body.note))
        (row,) = await VERSIONS.below(tx, made + 1, 1)
        return _answer(VersionView(**dict(row)), made)

    answer = await changed(desk, command, act)
    desk.tokens.revoked.update(ended)
    return answer


def _parsed(body: ImportBody) -> Organisation:
    try:
        return organisation.parse(body.yaml, file=body.file)
    except WrongFile as error:
        raise Problem(422, "wrong-file", str(error), line=error.line, reason=error.what) from error


async def _locked(tx: Transaction) -> organisation_store.Standing:
    await organisation_store.lock(tx)
    return await organisation_store.standing(tx)


def _next_version(command: CommandHeaders, known: tuple[Any, int] | None) -> int:
    """The version after a change of what is known, 0 meaning nothing yet. Raises Problem 404, 412, 428."""
    expected = replaced(command)
    if known is None and expected != 0:
        raise not_found()
    version = known[1] if known else 0
    if expected != version:
        raise stale(version)
    return version + 1


def _check(found: Iterable[Fault]) -> None:
    """Raises Problem 422 with the first fault."""
    for fault in found:
        raise invalid(f"{'.'.join(str(step) for step in fault.path)}: {fault.what}.")


async def _check_unused(tx: Transaction, gone: set[int]) -> None:
    try:
        await organisation_store.check_unused(tx, gone)
    except organisation_store.TierInUse as error:
        raise _tier_in_use(error) from error


def _tier_in_use(error: organisation_store.TierInUse) -> Problem:
    return conflict("tier-in-use", f"Issues are open at tier {error.args[0]}.", tier=error.args[0])


def _plans(tiers: dict[int, tuple[TierPlan, int]]) -> dict[int, TierPlan]:
    return {number: plan for number, (plan, _) in tiers.items()}


def _team_view(name: str, plan: TeamPlan, version: int) -> TeamView:
    return TeamView(**plan.model_dump(), name=name, version=version)


def _answer(view: BaseModel, version: int) -> Answer:
    return Answer(200, view.model_dump_json().encode(), (etag(version),))
