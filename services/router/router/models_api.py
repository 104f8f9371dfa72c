"""HTTP: the models that decide, or could."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import Path as PathParameter
from fastapi import Response, status
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter

from router import model_store, models
from router.artefact import VERSION_DIGITS, ArtefactDamaged, read_artefact
from router.model_life import NotAllowed, State, Step
from router.model_store import Kept
from router.models import Models, Unfit, Unknown, prove
from shared.api import Api, Body, Command, CommandHeaders
from shared.auth import ADMINS, OPERATORS, StaffTokens
from shared.db import Transaction
from shared.idempotency import Answer, once
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import Problem, conflict, invalid, not_found, stale

NUMBER_LIMIT: Final = 2**31 - 1
_KEY: TypeAdapter[tuple[int]] = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=NUMBER_LIMIT)]])
Folder = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Version = Annotated[str, PathParameter(pattern=rf"^[0-9a-f]{{{VERSION_DIGITS}}}$")]


class Candidate(Body):
    """A trained model to add. folder: its name inside the folder of models that the settings name."""

    folder: Folder


class ModelView(BaseModel):
    """A model. compared: issues decided in the shadow; of those: as was followed, or abstained (left to a person)."""

    number: int
    version: str
    state: State
    metrics: dict[str, Any]
    added_at: datetime
    added_by: str
    changed_at: datetime
    changed_by: str
    compared: int
    same_category: int
    same_tier: int
    abstained: int


def add_models(api: Api, followed: Models, tokens: StaffTokens, folder: Path | None) -> None:
    """The registry of models: operators read it, administrators change it. folder: where candidates are found."""
    _add_reading(api, followed, tokens)
    _add_changes(api, followed, tokens, folder)


def _add_reading(api: Api, followed: Models, tokens: StaffTokens) -> None:
    @api.get("/models", allow=tokens.allow(OPERATORS))
    async def list_models(limit: Limit = 50, after: Cursor = None) -> Page[ModelView]:
        """Every model, newest first."""
        before = key_in(after, _KEY)[0] if after else NUMBER_LIMIT
        async with followed.db.transaction() as tx:
            rows = await model_store.page(tx, before=before, limit=limit + 1)
        more = cursor_of([rows[limit - 1].number]) if len(rows) > limit else None
        return Page(items=[_view(row) for row in rows[:limit]], next=more)


def _add_changes(api: Api, followed: Models, tokens: StaffTokens, folder: Path | None) -> None:
    admins = tokens.allow(ADMINS)

    @api.post("/models", allow=admins, status_code=status.HTTP_201_CREATED, response_model=ModelView)
    async def add_model(body: Candidate, command: Command) -> Response:
        """Add a trained model as a candidate; 200 when it is known already. A damaged one is refused."""
        answer = await once(followed.db, command.key, lambda tx: _added(tx, followed, folder, body, command))
        return answer.response()

    @api.post("/models/{version}/compare", allow=admins, response_model=ModelView)
    async def compare_model(version: Version, command: Command) -> Response:
        """Let a model decide in the shadow: it is compared with what is followed, and not followed."""
        return await _step_further(followed, version, Step.COMPARE, command)

    @api.post("/models/{version}/activate", allow=admins, response_model=ModelView)
    async def activate_model(version: Version, command: Command) -> Response:
        """Follow the model in the shadow from now on."""
        return await _step_further(followed, version, Step.ACTIVATE, command)

    @api.post("/models/roll-back", allow=admins, response_model=ModelView, responses={428: {}})
    async def roll_back_model(command: Command) -> Response:
        """Take the active model back; the one before it decides again, else keywords. 409 without an active one.

        If-Match says the number of the model that is believed to be active.
        """
        return await _changed(followed, command, lambda tx: _rolled_back(tx, command))


async def _added(
    tx: Transaction, followed: Models, folder: Path | None, body: Candidate, command: CommandHeaders
) -> Answer:
    if folder is None:
        raise conflict("no-folder", "No folder of models is set (TIERDESK_ROUTER_MODELS_FOLDER).")
    try:
        artefact = await asyncio.to_thread(read_artefact, folder / body.folder)
        await asyncio.to_thread(prove, artefact, followed.desk)
    except (ArtefactDamaged, Unfit) as refused:
        raise invalid(str(refused)) from refused
    kept, new = await models.register(tx, artefact, command.caller.name)
    return _answer(kept, status.HTTP_201_CREATED if new else status.HTTP_200_OK)


async def _changed(
    followed: Models, command: CommandHeaders, act: Callable[[Transaction], Awaitable[Answer]]
) -> Response:
    answer = await once(followed.db, command.key, act)
    await followed.refresh()
    return answer.response()


async def _step_further(followed: Models, version: str, step: Step, command: CommandHeaders) -> Response:
    try:
        # What is told to stand must be able to decide: its bytes, and the policy, may have changed since it was added.
        await followed.prove(version)
    except (ArtefactDamaged, Unfit) as refused:
        raise invalid(str(refused)) from refused
    return await _changed(followed, command, lambda tx: _stepped(tx, version, step, command))


async def _stepped(tx: Transaction, version: str, step: Step, command: CommandHeaders) -> Answer:
    try:
        return _answer(await models.take_step(tx, version, step, command.caller.name))
    except Unknown as unknown:
        raise not_found() from unknown
    except NotAllowed as refused:
        raise conflict("wrong-state", str(refused), state=refused.state.value) from refused


async def _rolled_back(tx: Transaction, command: CommandHeaders) -> Answer:
    await model_store.lock(tx)
    version = (await model_store.standing(tx)).get(State.ACTIVE)
    active = None if version is None else await model_store.find(tx, version)
    if active is None:
        raise conflict("no-active-model", "No model is active: keywords decide.")
    if command.expected is None:
        raise Problem(428, "version-missing", "Say in If-Match the number of the model you believe to be active.")
    if command.expected != active.number:
        raise stale(active.number)
    return _answer(await models.roll_back(tx, command.caller.name))


def _answer(kept: Kept, code: int = status.HTTP_200_OK) -> Answer:
    return Answer(code, _view(kept).model_dump_json().encode())


def _view(kept: Kept) -> ModelView:
    return ModelView.model_validate(kept, from_attributes=True)
