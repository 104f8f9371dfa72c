"""What operators see and do in every service: lag, outbox age, alarms, and dead letters with replay and discard."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared import dead_letters, members
from shared.api import Api, Body, Command
from shared.auth import OPERATORS, StaffTokens
from shared.bus import Consumer
from shared.db import Database, Transaction
from shared.idempotency import Answer, Key, store, stored
from shared.paging import Limit
from shared.problems import Problem, not_found
from shared.vocabulary import Text

Alarms = Callable[[Transaction], Awaitable[Sequence[str]]]


class Operations(BaseModel):
    """How a service fares. Ages in seconds; lag in records, of all workers together."""

    service: str
    lag: int | None
    halted: str | None
    dead: int
    parked: int
    outbox_rows: int
    outbox_age_seconds: float
    alarms: list[str]


class DeadLetter(BaseModel):
    """An event that could not be handled (dead) or waits behind one (parked)."""

    id: UUID
    key: str
    topic: str
    partition: int
    offset: int
    type: str
    cause: str
    state: str
    created_at: datetime
    body: str


class Reason(Body):
    """Why an operator acts."""

    reason: Text


def add_operations(
    api: Api, db: Database, tokens: StaffTokens, consumer: Consumer | None, alarms: Alarms | None = None
) -> None:
    """Give a service `GET /<service>/operations` and its dead letters' endpoints, for operators."""
    operators = tokens.allow(OPERATORS)

    @api.get("/operations", allow=operators)
    async def operations() -> Operations:
        async with db.transaction() as tx:
            found = list(await alarms(tx)) if alarms else []
            return Operations(service=api.service, **await _figures(tx), alarms=found)

    @api.get("/operations/dead-letters", allow=operators)
    async def list_dead_letters(limit: Limit = 50) -> list[DeadLetter]:
        async with db.transaction() as tx:
            rows = await tx.fetch(_OPEN_LETTERS, limit)
        return [_letter(row) for row in rows]

    if consumer is None:
        return

    async def settle(letter: UUID, how: dead_letters.Settled, command: Command, reason: str) -> Answer:
        before = await _stored(db, command.key)
        if before is not None:
            return before
        try:
            settled = await dead_letters.settle(
                db, letter, how, apply=consumer.replay, by=command.caller.id, reason=reason
            )
        except dead_letters.NoSuchLetter as error:
            raise not_found() from error
        answer = Answer(200, Settled(settled=settled).model_dump_json().encode())
        async with db.transaction() as tx:
            await store(tx, [(command.key, answer)])
        return answer

    @api.post("/operations/dead-letters/{letter}/replay", allow=operators)
    async def replay(letter: UUID, body: Reason, command: Command) -> Any:
        return (await settle(letter, "replayed", command, body.reason)).response()

    @api.post("/operations/dead-letters/{letter}/discard", allow=operators)
    async def discard(letter: UUID, body: Reason, command: Command) -> Any:
        return (await settle(letter, "discarded", command, body.reason)).response()


class Settled(BaseModel):
    """The letters that were settled, in order; the last one missing is dead again."""

    settled: list[UUID]


async def _stored(db: Database, key: Key) -> Answer | None:
    """What was answered before; settling takes several transactions, each of which happens once by itself."""
    async with db.transaction() as tx:
        before = (await stored(tx, [key])).get((key.caller, key.key))
    if isinstance(before, Problem):
        raise before
    return before


_OPEN_LETTERS = """
SELECT id, key, topic, partition, "offset", type, cause, state, created_at, body FROM dead_letter
WHERE state IN ('dead', 'parked') ORDER BY position LIMIT $1
"""
_FIGURES = """
SELECT (SELECT count(*) FROM dead_letter WHERE state = 'dead'),
       (SELECT count(*) FROM dead_letter WHERE state = 'parked'),
       (SELECT count(*) FROM outbox),
       coalesce(extract(epoch FROM clock_timestamp() - (SELECT min(created_at) FROM outbox)), 0)::float
"""


async def _figures(tx: Transaction) -> dict[str, Any]:
    dead, parked, rows, age = (await tx.fetch(_FIGURES))[0]
    group = await members.group(tx)
    return {
        "lag": group.lag,
        "halted": group.halted,
        "dead": dead,
        "parked": parked,
        "outbox_rows": rows,
        "outbox_age_seconds": max(0.0, age),
    }


def _letter(row: Any) -> DeadLetter:
    return DeadLetter(
        id=row[0],
        key=row[1],
        topic=row[2],
        partition=row[3],
        offset=row[4],
        type=row[5],
        cause=row[6],
        state=row[7],
        created_at=row[8],
        body=bytes(row[9]).decode("utf-8", "backslashreplace"),
    )
