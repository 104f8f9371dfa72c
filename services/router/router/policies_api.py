"""HTTP: the versions of the policy: kept, read, activated and, by activating an older one, rolled back."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Path, Request, Response, status
from pydantic import BaseModel, Field, TypeAdapter

from router import examples, policies, policy_store
from router.models import Unfit, fit_active
from router.policies import Policies, Stale, Taken, Unknown
from router.policy import VERSION_LIMIT, Policy
from router.policy_file import PolicyError
from router.policy_store import Kept, State
from shared.api import Api, Command, CommandHeaders, etag
from shared.auth import STAFF, StaffTokens
from shared.db import Transaction
from shared.idempotency import Answer, once
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import Problem, conflict, invalid, not_found, stale
from shared.vocabulary import Role

EDITORS: Final = frozenset({Role.LEAD, Role.ADMIN})
"""Who may change what decides."""
YAML: Final = "application/yaml"
YAML_TYPES: Final = frozenset({YAML, "application/x-yaml", "text/yaml"})
_POLICY: Final = {"schema": {"type": "string"}, "example": examples.POLICY}
YAML_BODY: Final = {"requestBody": {"required": True, "content": {YAML: _POLICY}}}
_KEY: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=VERSION_LIMIT)]])
Version = Annotated[int, Path(ge=1, le=VERSION_LIMIT)]


class PolicyView(BaseModel):
    """A version of the policy. author: who added it; changed_by: who activated or replaced it last."""

    version: int
    state: State
    author: str
    note: str
    added_at: datetime
    changed_at: datetime
    changed_by: str


def add_policies(api: Api, followed: Policies, tokens: StaffTokens) -> None:
    """The versions of the policy: staff read them, leads and administrators change what decides."""
    _add_reading(api, followed, tokens)
    _add_changes(api, followed, tokens)


def _add_reading(api: Api, followed: Policies, tokens: StaffTokens) -> None:
    staff = tokens.allow(STAFF)

    @api.get("/policies", allow=staff)
    async def list_policies(limit: Limit = 50, after: Cursor = None) -> Page[PolicyView]:
        """Every version, newest first."""
        before = key_in(after, _KEY)[0] if after else VERSION_LIMIT + 1
        async with followed.db.transaction() as tx:
            rows = await policy_store.page(tx, before=before, limit=limit + 1)
        more = cursor_of([rows[limit - 1].version]) if len(rows) > limit else None
        return Page(items=[_view(row) for row in rows[:limit]], next=more)

    @api.get("/policies/{version}", allow=staff, response_class=Response, responses=_IN_YAML)
    async def show_policy(version: Version) -> Response:
        """A version as it was written, in YAML."""
        async with followed.db.transaction() as tx:
            content = await policy_store.content(tx, version)
        if content is None:
            raise not_found()
        return Response(content, media_type=YAML)


_IN_YAML: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {YAML: _POLICY}}}


def _add_changes(api: Api, followed: Policies, tokens: StaffTokens) -> None:
    editors = tokens.allow(EDITORS)

    @api.post(
        "/policies",
        allow=editors,
        status_code=status.HTTP_201_CREATED,
        response_model=PolicyView,
        openapi_extra=YAML_BODY,
    )
    async def add_policy(request: Request, command: Command) -> Response:
        """Keep a policy, to be tried and activated; a wrong one is refused with its line. Its version must be new."""
        answer = await once(followed.db, command.key, lambda tx: _added(tx, request, command))
        return answer.response()

    @api.post("/policies/{version}/activate", allow=editors, response_model=PolicyView, responses={428: {}})
    async def activate_policy(version: Version, command: Command) -> Response:
        """Let a version decide from now on, the older one included: that is the way back.

        If-Match says which version is believed to be active.
        """
        answer = await once(followed.db, command.key, lambda tx: _activated(tx, version, command))
        await followed.refresh()
        return answer.response()


def _check_type(request: Request) -> None:
    """Raises Problem 415 when the body is not announced as YAML."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in YAML_TYPES:
        raise Problem(415, "unsupported-media-type", f"Send {YAML}.")


async def _added(tx: Transaction, request: Request, command: CommandHeaders) -> Answer:
    """The stored answer comes first, then the type, then what the policy says."""
    _check_type(request)
    policy, content = await asyncio.to_thread(proven, await request.body())
    try:
        kept, new = await policies.register(tx, policy, content, command.caller.name)
    except Taken as taken:
        raise conflict("version-taken", str(taken), newest=taken.newest) from taken
    return Answer(201 if new else 200, _view(kept).model_dump_json().encode())


def proven(body: bytes) -> tuple[Policy, str]:
    """The policy in a body, with its text. Raises Problem 422."""
    try:
        content = body.decode("utf-8-sig")
        return policies.read(content, "sent")[0], content
    except UnicodeDecodeError as error:
        raise invalid("The policy is not UTF-8.") from error
    except PolicyError as error:
        raise invalid(str(error), line=error.line) from error


async def _activated(tx: Transaction, version: int, command: CommandHeaders) -> Answer:
    try:
        await policies.found(tx, version)
        if command.expected is None:
            raise Problem(428, "version-missing", "Say in If-Match which version you believe to be active.")
        await _fits(tx, version)
        kept = await policies.activate(tx, version, command.caller.name, expected=command.expected)
    except Unknown as unknown:
        raise not_found() from unknown
    except Unfit as refused:
        raise conflict("model-unfit", str(refused)) from refused
    except Stale as other:
        raise stale(other.active) from other
    return Answer(200, _view(kept).model_dump_json().encode(), (etag(kept.version),))


async def _fits(tx: Transaction, version: int) -> None:
    """Raises Unfit when the active model could not decide by this policy, Problem 422 when it cannot be read."""
    content = await policy_store.content(tx, version)
    assert content is not None
    policy, _ = await asyncio.to_thread(proven, content.encode())
    await fit_active(tx, policy)


def _view(kept: Kept) -> PolicyView:
    return PolicyView.model_validate(kept, from_attributes=True)
