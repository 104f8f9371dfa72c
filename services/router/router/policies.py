"""Which policy decides: kept in the database, followed by every process, never in the way of a decision."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from router import policy_store
from router.handlers import Desk
from router.keywords import KeywordClassifier
from router.policy import Policy, parse
from router.policy_file import PolicyError
from router.policy_store import Kept, State
from shared.db import Database, Transaction
from shared.follower import Follower
from shared.telemetry import log


class Unknown(Exception):
    """There is no such version."""


class Taken(Exception):
    """Another policy has this version already. newest: the greatest one."""

    def __init__(self, newest: int) -> None:
        super().__init__(f"This version exists with another content; the next free one is {newest + 1}.")
        self.newest = newest


class Stale(Exception):
    """Another version is active than the caller believed."""

    def __init__(self, active: int) -> None:
        super().__init__(f"Version {active} is active.")
        self.active = active


def read(content: str, version: int | str) -> tuple[Policy, KeywordClassifier]:
    """What decides by a policy's text. Raises PolicyError."""
    policy = parse(content, file=f"policy {version}")
    _ = policy.rule_words  # Made now, not by the first issue that comes.
    return policy, KeywordClassifier(policy)


async def register(tx: Transaction, policy: Policy, content: str, by: str) -> tuple[Kept, bool]:
    """Keep a proven policy; with True when it is new. Raises Taken."""
    new = await policy_store.add(tx, policy, content, by)
    if not new and await policy_store.content(tx, policy.version) != content:
        raise Taken(await policy_store.newest(tx))
    return await found(tx, policy.version), new


async def activate(tx: Transaction, version: int, by: str, *, expected: int | None) -> Kept:
    """Let a version decide; an older one is a roll back. expected: the active one. Raises Unknown, Stale.

    What is active already stays as it is, whatever was expected.
    """
    await policy_store.lock(tx)
    kept = await found(tx, version)
    active = await policy_store.active(tx)
    if kept.state is State.ACTIVE:
        return kept
    if active is not None:
        if expected is not None and expected != active:
            raise Stale(active)
        await policy_store.put(tx, active, State.REPLACED, by)
    await policy_store.put(tx, version, State.ACTIVE, by)
    return await found(tx, version)


async def found(tx: Transaction, version: int) -> Kept:
    """A version. Raises Unknown."""
    kept = await policy_store.find(tx, version)
    if kept is None:
        raise Unknown
    return kept


@dataclass(eq=False)
class Policies(Follower):
    """Keeps a desk at the active policy: at once where `refresh` follows a change, elsewhere within `look`.

    first: the text of the shipped policy, which becomes the first version of a new installation.
    """

    WHAT: ClassVar[str] = "policies"

    db: Database
    desk: Desk
    first: str
    look: timedelta
    _alone: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    """What was read earlier must not be followed later."""
    _refused: int | None = field(init=False, default=None)
    _seen: int | None = field(init=False, default=None)
    """The version that is followed, or that was refused; none before the first look, so that content counts, too."""

    @property
    def alarms(self) -> Sequence[str]:
        """Which policy is active in the database and does not decide."""
        if self._refused is None:
            return ()
        decides = self.desk.policy.version
        return (f"Policy {self._refused} is active and cannot be read here: policy {decides} decides.",)

    async def refresh(self) -> None:
        """Follow the policy that is active now. Raises Unavailable."""
        async with self._alone:
            async with self.db.transaction() as tx:
                wanted = await policy_store.active(tx)
                if wanted is None:
                    await policy_store.add_first(tx, self.desk.policy, self.first)
                    wanted = await policy_store.active(tx)
            if wanted is not None and wanted != self._seen:
                await self._follow(wanted)
                self._seen = wanted

    async def _follow(self, version: int) -> None:
        """A policy that this program cannot read any more is refused, and the one before goes on deciding."""
        async with self.db.transaction() as tx:
            content = await policy_store.content(tx, version)
        assert content is not None
        try:
            policy, classifier = await asyncio.to_thread(read, content, version)
        except PolicyError as error:
            log().error("policy refused", version=version, cause=str(error))
            self._refused = version
            return
        # Together, and between two decisions: nobody decides by the one's rules and the other's keywords.
        self.desk.policy, self.desk.classifier, self._refused = policy, classifier, None
        log().info("policy followed", version=version)
