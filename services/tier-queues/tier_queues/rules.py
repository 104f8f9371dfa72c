"""The rules of work as of now: what the settings say, and over it what the database holds."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from shared.db import Database, Transaction
from shared.follower import Follower
from tier_queues.policies import Policies

Layer = Callable[[Transaction, Policies], Awaitable[Policies]]
"""Gives the policies with what one part of the database changes of them; keeps what it read while that is true."""


@dataclass(eq=False)
class Rules(Follower):
    """What is in force. A change is seen at once where `refresh` follows it, elsewhere within `look`.

    usual: what the settings say. layers: applied one after the other, each on what the one before left.
    """

    WHAT: ClassVar[str] = "rules"

    db: Database
    usual: Policies
    layers: Sequence[Layer]
    look: timedelta
    policies: Policies = field(init=False)

    def __post_init__(self) -> None:
        self.policies = self.usual

    async def refresh(self) -> Policies:
        """Read what is in force now. Raises Unavailable."""
        async with self.db.transaction() as tx:
            policies = self.usual
            for layer in self.layers:
                policies = await layer(tx, policies)
        self.policies = policies
        return policies
