"""Which models decide: kept in the database, followed by every process, never in the way of a decision."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final

from router import model_store
from router.artefact import Artefact, ArtefactDamaged, describe, unpack
from router.handlers import Desk
from router.model_life import State, Step, after
from router.model_store import Kept
from router.policy import Policy
from router.trained import Model, TrainedClassifier
from router.words import name_of
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
    fit(TrainedClassifier(model).categories, desk.policy)
    return model


def fit(categories: Sequence[str], policy: Policy) -> None:
    """Whether a policy has any of a model's categories, without which nothing could be routed. Raises Unfit."""
    if not any(name in policy.categories for name in categories):
        named = ", ".join(categories[:UNKNOWN_SHOWN])
        raise Unfit(f"Policy {policy.version} has none of the model's categories ({named}, …).")


async def fit_active(tx: Transaction, policy: Policy) -> None:
    """Whether the active model, if there is one, could go on deciding by a policy. Raises Unfit."""
    manifest = await model_store.active_manifest(tx)
    if manifest is None:
        return
    try:
        described = describe(Artefact(manifest, b""))
    except ArtefactDamaged:
        return  # It decides nothing, and there is an alarm for it: nobody is kept from changing the policy.
    fit([name_of(label) for label in described.labels if label != described.out_of_scope], policy)


@dataclass(eq=False)
class Models(Follower):
    """Keeps a desk at what the database says: at once where `refresh` follows a change, elsewhere within `look`."""

    WHAT: ClassVar[str] = "models"

    db: Database
    desk: Desk
    look: timedelta
    _alone: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    """What was read earlier must not be followed later."""
    _refused: dict[State, str] = field(init=False, default_factory=dict)
    """Versions that stand and are damaged: what is kept of a version never changes, so it is read once."""

    @property
    def alarms(self) -> Sequence[str]:
        """Which models stand in the database and do not decide."""
        return [
            f"Model {version} is {state} and damaged: it does not decide." for state, version in self._refused.items()
        ]

    async def prove(self, version: str) -> None:
        """Whether a kept model could decide here; an unknown one is not judged. Raises ArtefactDamaged, Unfit."""
        async with self.db.transaction() as tx:
            artefact = await model_store.content(tx, version) if await model_store.find(tx, version) else None
        if artefact is not None:
            await asyncio.to_thread(prove, artefact, self.desk)

    async def refresh(self) -> None:
        """Follow the models that stand now. Raises Unavailable."""
        async with self._alone:
            async with self.db.transaction() as tx:
                standing = await model_store.standing(tx)
            for state, held in ((State.ACTIVE, self.desk.active), (State.SHADOW, self.desk.shadow)):
                wanted = standing.get(state)
                if self._refused.get(state) not in (None, wanted):
                    del self._refused[state]
                if state not in self._refused and wanted != (held.model_version if held else None):
                    await self._follow(state, wanted)

    async def _follow(self, state: State, version: str | None) -> None:
        """A damaged artefact is refused, and what decided before goes on deciding."""
        try:
            classifier = None if version is None else await self._made(version)
        except ArtefactDamaged as error:
            log().error("model refused", version=version, cause=str(error))
            self._refused[state] = str(version)
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
