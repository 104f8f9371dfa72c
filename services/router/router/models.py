"""Which models decide: kept in the database, followed by every process, never in the way of a decision."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

from router import model_store
from router.artefact import Artefact, ArtefactDamaged, describe, unpack
from router.handlers import Desk
from router.model_life import State, Step, after
from router.model_store import Kept
from router.trained import Model, TrainedClassifier
from shared.db import Database, Transaction
from shared.follower import Follower
from shared.telemetry import log

UNKNOWN_SHOWN: Final = 5


class Unknown(Exception):
    """There is no such model."""


class Unfit(Exception):
    """A model cannot be used with what stands here. The message says why."""


async def register(tx: Transaction, artefact: Artefact, by: str) -> tuple[Kept, bool]:
    """Keep a proven artefact as a candidate; with True when it is new. Prove it with `unpack` before."""
    manifest = describe(artefact)
    new = await model_store.add(
        tx, manifest.version, manifest.model_dump_json(include={"metrics", "rows"}), artefact, by
    )
    kept = await model_store.find(tx, manifest.version)
    assert kept is not None
    return kept, new


async def take_step(tx: Transaction, version: str, step: Step, by: str) -> Kept:
    """Bring a model one step further. Raises Unknown, NotAllowed."""
    await model_store.lock(tx)
    kept = await model_store.find(tx, version)
    if kept is None:
        raise Unknown
    await model_store.put(tx, version, after(kept.state, step), by)
    return await _found(tx, version)


async def roll_back(tx: Transaction, by: str) -> Kept:
    """Take the active model back; the one before it is followed again, else keywords. Raises Unknown without one."""
    await model_store.lock(tx)
    version = (await model_store.standing(tx)).get(State.ACTIVE)
    if version is None:
        raise Unknown
    before = await model_store.before(tx)
    await model_store.put(tx, version, State.ROLLED_BACK, by)
    if before is not None:
        await model_store.put(tx, before, State.ACTIVE, by)
    return await _found(tx, version)


async def _found(tx: Transaction, version: str) -> Kept:
    kept = await model_store.find(tx, version)
    assert kept is not None
    return kept


def prove(artefact: Artefact, desk: Desk) -> Model:
    """The model of an artefact that could decide here. Raises ArtefactDamaged, Unfit."""
    model = unpack(artefact)
    categories = TrainedClassifier(model).categories
    if not any(name in desk.policy.categories for name in categories):
        named = ", ".join(categories[:UNKNOWN_SHOWN])
        raise Unfit(f"Policy {desk.policy.version} has none of the model's categories ({named}, …).")
    return model


@dataclass(eq=False)
class Models(Follower):
    """Keeps a desk at what the database says: at once where `refresh` follows a change, elsewhere within `look`."""

    WHAT: ClassVar[str] = "models"

    db: Database
    desk: Desk
    look: timedelta
    _alone: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    """What was read earlier must not be followed later."""

    async def refresh(self) -> None:
        """Follow the models that stand now, and note how the one in the shadow fared. Raises Unavailable."""
        async with self._alone:
            await self._note()
            async with self.db.transaction() as tx:
                standing = await model_store.standing(tx)
            for state, held in ((State.ACTIVE, self.desk.active), (State.SHADOW, self.desk.shadow)):
                wanted = standing.get(state)
                if wanted != (held.model_version if held else None):
                    await self._follow(state, wanted)

    async def _follow(self, state: State, version: str | None) -> None:
        """A damaged artefact is refused, and what decided before goes on deciding."""
        try:
            classifier = None if version is None else await self._made(version)
        except ArtefactDamaged as error:
            log().error("model refused", version=version, cause=str(error))
            return
        if state is State.ACTIVE:
            self.desk.active = classifier
        else:
            self.desk.shadow = classifier
        log().info("model followed", state=state.value, version=version)

    async def _made(self, version: str) -> TrainedClassifier:
        async with self.db.transaction() as tx:
            artefact = await model_store.content(tx, version)
        return await asyncio.to_thread(lambda: TrainedClassifier(unpack(artefact)))

    async def _note(self) -> None:
        """A comparison that cannot be noted is lost: it is a statistic, not a fact."""
        shadow, comparison = self.desk.shadow, self.desk.take_comparison()
        if shadow is not None and shadow.model_version is not None and comparison.compared:
            async with self.db.transaction() as tx:
                await model_store.note(tx, shadow.model_version, comparison)
