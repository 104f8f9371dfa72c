"""HTTP in and out: guides, forms, canned replies and macros."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field, TypeAdapter, model_validator

from shared import idempotency
from shared.api import Api, Body, CallerOf, Command, CommandHeaders, etag
from shared.auth import ADMINS, AGENTS, STAFF, Caller
from shared.db import Transaction
from shared.idempotency import Answer
from shared.outbox import EventTooLarge
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import forbidden, invalid, not_found
from shared.vocabulary import Text, Title, Word
from tier_queues import catalogue, macros, store
from tier_queues.answers import IssueShort
from tier_queues.api import Counter, check_empty
from tier_queues.catalogue import ALL, Kept, Kind
from tier_queues.form_shelf import FormBody
from tier_queues.placeholders import filled, values_of
from tier_queues.search import Filters
from tier_queues.steps import Step, Steps

Scope = Literal["personal", "team", "all"]
WRITERS: Final = AGENTS | ADMINS
GUIDE_STEPS_LIMIT: Final = 50
_KEY: Final = TypeAdapter(tuple[Word, Word])


class GuideStep(Body):
    """A step of a guide. name: under which its result is recorded; text: what to do."""

    name: Word
    text: Text


class GuideBody(Body):
    """A guide: what to check, in order."""

    title: Title
    category: Word | None = None
    steps: Annotated[tuple[GuideStep, ...], Field(min_length=1, max_length=GUIDE_STEPS_LIMIT)]

    @model_validator(mode="after")
    def _each_step_has_a_name_of_its_own(self) -> Self:
        if len({step.name for step in self.steps}) < len(self.steps):
            raise ValueError("two steps have the same name")
        return self


class ShelfBody(Body):
    """For whom something is kept: the caller, a team (by its leads) or everybody (by leads)."""

    title: Title
    category: Word | None = None
    scope: Scope
    team: Word | None = None

    @model_validator(mode="after")
    def _a_team_is_named(self) -> Self:
        if (self.scope == "team") != (self.team is not None):
            raise ValueError("name a team with the scope team, and only then")
        return self


class CannedReplyBody(ShelfBody):
    """A text for replies; it may hold {{customer_name}}, {{issue_number}} and {{agent_name}}."""

    text: Text


class MacroBody(ShelfBody):
    """Commands that are given as one; their texts may hold placeholders."""

    steps: Steps


class SavedFilterBody(ShelfBody):
    """Which issues a list or an export shall hold."""

    filters: Filters


class KeptView(BaseModel):
    """Something that is kept. shelf: `all`, `team:` with a name, or `agent:` with a sign-in name."""

    name: str
    shelf: str
    version: int
    category: str | None
    title: str
    content: dict[str, Any]
    updated_by: str
    updated_at: datetime

    @classmethod
    def of(cls, kept: Kept) -> "KeptView":
        """What is shown."""
        plain = {name: getattr(kept, name) for name in cls.model_fields if name != "content"}
        return cls(**plain, content=kept.body)


class Filled(BaseModel):
    """A canned reply as it can be sent."""

    text: str


CategoryQuery = Annotated[Word | None, Query()]
ScopeQuery = Annotated[Scope, Query()]
TeamQuery = Annotated[Word | None, Query()]


def add_guides(api: Api, counter: Counter) -> None:
    """Give the service its guides: step lists per category, made by admins."""
    _add_reading(api, counter, Kind.GUIDE, "/guides")
    _add_admins_writing(api, counter, Kind.GUIDE, "/guides", GuideBody, {"steps"})


def add_forms(api: Api, counter: Counter) -> None:
    """Give the service its forms: what customers can be asked field by field, made by admins."""
    _add_reading(api, counter, Kind.FORM, "/forms")
    _add_admins_writing(api, counter, Kind.FORM, "/forms", FormBody, {"fields"})


def add_canned_replies(api: Api, counter: Counter) -> None:
    """Give the service its canned replies."""
    _add_reading(api, counter, Kind.CANNED_REPLY, "/canned-replies")
    _add_writing(api, counter, Kind.CANNED_REPLY, "/canned-replies", CannedReplyBody, {"text"})

    @api.get("/issues/{issue}/canned-replies/{name}", allow=counter.tokens.allow(STAFF))
    async def fill_canned_reply(issue: UUID, name: Word, caller: CallerOf) -> Filled:
        """The text of the nearest one of this name (the caller's, a team's, everybody's), filled in for an issue."""
        async with counter.db.transaction() as tx:
            found = await store.find(tx, issue)
            kept = await catalogue.find(
                tx, Kind.CANNED_REPLY, name, catalogue.shelves_of(caller, counter.rules.policies)
            )
        if found is None or kept is None:
            raise not_found()
        return Filled(text=filled(kept.body["text"], values_of(found, caller.name)))


def add_macros(api: Api, counter: Counter) -> None:
    """Give the service its macros."""
    _add_reading(api, counter, Kind.MACRO, "/macros")
    _add_writing(api, counter, Kind.MACRO, "/macros", MacroBody, {"steps"})

    @api.post("/issues/{issue}/macros/{name}", allow=counter.tokens.allow(AGENTS), response_model=IssueShort)
    async def run_macro(issue: UUID, name: Word, request: Request, command: Command) -> Response:
        """Give the commands of the nearest macro of this name, all or none; a refusal says which step."""
        await check_empty(request)

        async def act(tx: Transaction) -> Answer:
            kept = await catalogue.find(
                tx, Kind.MACRO, name, catalogue.shelves_of(command.caller, counter.rules.policies)
            )
            if kept is None:
                raise not_found()
            steps = [Step.model_validate(step) for step in kept.body["steps"]]
            return await macros.run(tx, issue, steps, command, policies=counter.rules.policies)

        try:
            return (await idempotency.once(counter.db, command.key, act)).response()
        except EventTooLarge as error:
            raise invalid("Together this is too long to be passed on; shorten it or attach a file.") from error


def add_saved_filters(api: Api, counter: Counter) -> None:
    """Give the service filters that are kept under a name, for the caller, a team or everybody."""
    _add_reading(api, counter, Kind.SAVED_FILTER, "/filters")
    _add_writing(api, counter, Kind.SAVED_FILTER, "/filters", SavedFilterBody, {"filters"})


def _add_reading(api: Api, counter: Counter, kind: Kind, path: str) -> None:
    staff = counter.tokens.allow(STAFF)

    @api.get(path, allow=staff, name=f"list {kind}")
    async def list_kept(
        caller: CallerOf, category: CategoryQuery = None, limit: Limit = 50, after: Cursor = None
    ) -> Page[KeptView]:
        """What the caller may take from, by name: their own, their teams', everybody's."""
        behind = key_in(after, _KEY) if after else None
        shelves = catalogue.shelves_of(caller, counter.rules.policies)
        wanted = catalogue.page(kind, shelves, category=category, after=behind, limit=limit)
        async with counter.db.transaction() as tx:
            found = await catalogue.read(tx, wanted)
        more = cursor_of([found[limit - 1].name, found[limit - 1].shelf]) if len(found) > limit else None
        return Page(items=[KeptView.of(kept) for kept in found[:limit]], next=more)

    @api.get(f"{path}/{{name}}", allow=staff, name=f"show {kind}")
    async def show_kept(name: Word, caller: CallerOf, response: Response) -> KeptView:
        """The nearest one of this name: the caller's, a team's, everybody's."""
        async with counter.db.transaction() as tx:
            kept = await catalogue.find(tx, kind, name, catalogue.shelves_of(caller, counter.rules.policies))
        if kept is None:
            raise not_found()
        response.headers.update(dict([etag(kept.version)]))
        return KeptView.of(kept)


def _add_admins_writing(
    api: Api, counter: Counter, kind: Kind, path: str, shape: type[GuideBody | FormBody], content: set[str]
) -> None:
    admins = counter.tokens.allow(ADMINS)

    @api.put(f"{path}/{{name}}", allow=admins, response_model=KeptView, name=f"keep {kind}")
    async def keep_it(name: Word, body: shape, command: Command) -> Response:  # type: ignore[valid-type]
        """Make one, or with If-Match replace one."""
        act = partial(_keep, kind, ALL, name, body, content, command)
        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.delete(f"{path}/{{name}}", allow=admins, status_code=204, name=f"remove {kind}")
    async def remove_it(name: Word, command: Command) -> Response:
        act = partial(_remove, kind, ALL, name, command)
        return (await idempotency.once(counter.db, command.key, act)).response()


def _add_writing(api: Api, counter: Counter, kind: Kind, path: str, shape: type[ShelfBody], content: set[str]) -> None:
    writers = counter.tokens.allow(WRITERS)

    @api.put(f"{path}/{{name}}", allow=writers, response_model=KeptView, name=f"keep {kind}")
    async def keep_it(name: Word, body: shape, command: Command) -> Response:  # type: ignore[valid-type]
        """Make one, or with If-Match replace one."""
        wanted: ShelfBody = body
        shelf = _allowed_shelf(counter, wanted.scope, wanted.team, command.caller)
        act = partial(_keep, kind, shelf, name, wanted, content, command)
        return (await idempotency.once(counter.db, command.key, act)).response()

    @api.delete(f"{path}/{{name}}", allow=writers, status_code=204, name=f"remove {kind}")
    async def remove_it(
        name: Word, command: Command, scope: ScopeQuery = "personal", team: TeamQuery = None
    ) -> Response:
        if (scope == "team") != (team is not None):
            raise invalid("Name a team with the scope team, and only then.")
        act = partial(_remove, kind, _allowed_shelf(counter, scope, team, command.caller), name, command)
        return (await idempotency.once(counter.db, command.key, act)).response()


def _allowed_shelf(counter: Counter, scope: Scope, team: str | None, caller: Caller) -> str:
    shelf = catalogue.shelf_of(scope, team=team, caller=caller)
    if not catalogue.may_fill(shelf, caller, counter.rules.policies):
        raise forbidden()
    return shelf


async def _keep(
    kind: Kind,
    shelf: str,
    name: str,
    body: GuideBody | FormBody | ShelfBody,
    content: set[str],
    command: CommandHeaders,
    tx: Transaction,
) -> Answer:
    kept = await catalogue.keep(
        tx,
        kind,
        shelf,
        name,
        category=body.category,
        title=body.title,
        body=body.model_dump(mode="json", include=content),
        by=command.caller.id,
        expected=command.expected or 0,
    )
    if kept is None:
        raise not_found()
    return Answer(200, KeptView.of(kept).model_dump_json().encode(), (etag(kept.version),))


async def _remove(kind: Kind, shelf: str, name: str, command: CommandHeaders, tx: Transaction) -> Answer:
    if not await catalogue.remove(tx, kind, shelf, name, expected=command.expected):
        raise not_found()
    return Answer(204, b"")
