"""HTTP: the models that decide, or could."""

import asyncio
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
from shared.api import Api, Body, CallerOf
from shared.auth import ADMINS, OPERATORS, StaffTokens
from shared.paging import Cursor, Limit, Page, cursor_of, key_in
from shared.problems import conflict, invalid, not_found

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

    @api.post("/models", allow=admins, status_code=status.HTTP_201_CREATED)
    async def add_model(body: Candidate, caller: CallerOf, response: Response) -> ModelView:
        """Add a trained model as a candidate; 200 when it is known already. A damaged one is refused."""
        if folder is None:
            raise conflict("no-folder", "No folder of models is set (TIERDESK_ROUTER_MODELS_FOLDER).")
        try:
            artefact = await asyncio.to_thread(read_artefact, folder / body.folder)
            await asyncio.to_thread(prove, artefact, followed.desk)
        except (ArtefactDamaged, Unfit) as refused:
            raise invalid(str(refused)) from refused
        async with followed.db.transaction() as tx:
            kept, new = await models.register(tx, artefact, caller.name)
        response.status_code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
        return _view(kept)

    @api.post("/models/{version}/compare", allow=admins)
    async def compare_model(version: Version, caller: CallerOf) -> ModelView:
        """Let a model decide in the shadow: it is compared with what is followed, and not followed."""
        return await _step(followed, version, Step.COMPARE, caller.name)

    @api.post("/models/{version}/activate", allow=admins)
    async def activate_model(version: Version, caller: CallerOf) -> ModelView:
        """Follow the model in the shadow from now on."""
        return await _step(followed, version, Step.ACTIVATE, caller.name)

    @api.post("/models/roll-back", allow=admins)
    async def roll_back_model(caller: CallerOf) -> ModelView:
        """Take the active model back; the one before it decides again, else keywords. 409 without an active one."""
        try:
            async with followed.db.transaction() as tx:
                kept = await models.roll_back(tx, caller.name)
        except Unknown as nothing:
            raise conflict("no-active-model", "No model is active: keywords decide.") from nothing
        await followed.refresh()
        return _view(kept)


async def _step(followed: Models, version: str, step: Step, by: str) -> ModelView:
    try:
        async with followed.db.transaction() as tx:
            kept = await models.take_step(tx, version, step, by)
    except Unknown as unknown:
        raise not_found() from unknown
    except NotAllowed as refused:
        raise conflict("wrong-state", str(refused), state=refused.state.value) from refused
    await followed.refresh()
    return _view(kept)


def _view(kept: Kept) -> ModelView:
    return ModelView.model_validate(kept, from_attributes=True)
