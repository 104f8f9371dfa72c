"""Writers who commit in another order than they began, and a relay that publishes meanwhile; run as a process.

`python -m support.race` prints one JSON object: how many events were committed, and which of them are missing on the
broker, there although never committed, or applied in another order than they were written.
"""

import asyncio
import json
import random
import sys
from dataclasses import asdict, dataclass
from typing import Final

from shared import outbox
from shared.db import Database
from shared.ids import new_id
from shared.outbox import Outgoing, Relay
from shared.topics import create_topics
from support.events import customer_replied
from support.kafka import published
from support.ledger import LedgerSettings, ledger
from support.scale import scaled

WRITERS: Final = 24
COMMITS_EACH: Final = scaled(300, least=20)
LONGEST_SECONDS: Final = 0.05
ROLLED_BACK_SHARE: Final = 0.1
ISSUES: Final = 48


@dataclass(frozen=True)
class Ledger:
    """What became of the events of a race."""

    committed: int
    missing: int
    invented: int
    disordered: int


class RolledBack(Exception):
    """The writer changed its mind."""


async def race(db: Database) -> Ledger:
    """Let the writers race, the relay finish, and compare what was committed with what is on the broker."""
    dice, source = random.Random(7), f"race-{new_id()}"
    keys = [str(new_id()) for _ in range(ISSUES)]
    done = asyncio.Event()
    relay = asyncio.create_task(Relay(db).run(done))
    written = await asyncio.gather(*(_write(db, keys, source, dice) for _ in range(WRITERS)))
    done.set()
    await relay
    committed = {event for events in written for event in events}
    found = [event for event in await published(db.settings, "support.issues") if event.source == source]
    there = {str(event.id) for event in found}
    last: dict[str, int] = {}
    disordered = 0
    for event in found:
        disordered += event.seq < last.get(event.subject, 0)
        last[event.subject] = event.seq
    return Ledger(len(committed), len(committed - there), len(there - committed), disordered)


async def _write(db: Database, keys: list[str], source: str, dice: random.Random) -> list[str]:
    """Commit events for random issues, each after a while, now and then not at all. Returns the committed ones' ids."""
    committed = []
    for _ in range(COMMITS_EACH):
        event = Outgoing(dice.choice(keys), customer_replied())
        try:
            async with db.transaction() as tx:
                await outbox.publish(tx, [event], source=source)
                await tx.fetch("SELECT pg_sleep($1)", dice.random() * LONGEST_SECONDS)
                if dice.random() < ROLLED_BACK_SHARE:
                    raise RolledBack
            committed.append(str(event.id))
        except RolledBack:
            continue
    return committed


async def main() -> None:
    """Race on the servers and in the namespace of the environment."""
    settings = LedgerSettings(pool_size=WRITERS)
    await create_topics(settings.kafka_bootstrap, settings.namespace)
    async with ledger(settings) as db:
        sys.stdout.write(json.dumps(asdict(await race(db))))


if __name__ == "__main__":
    asyncio.run(main())
