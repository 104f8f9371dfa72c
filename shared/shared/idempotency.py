"""One request, one effect: an answer is stored under its caller's key in the transaction of the effect."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg
from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from starlette.responses import Response

from shared.db import Database, Transaction
from shared.inbox import Overtaken
from shared.problems import Problem, conflict

KEY_LIMIT: Final = 255
"""Characters of an idempotency key."""
_ATTEMPTS: Final = 3


def idempotency_table(schema: MetaData) -> Table:
    """Answers below 400 by caller and key; rows older than the window are deleted by `forget`."""
    table = Table(
        "idempotency",
        schema,
        Column("caller", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("digest", LargeBinary, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )
    # Rows lie in the order of their birth, so the smallest of indexes finds the old ones.
    Index("idempotency_created_at", table.c.created_at, postgresql_using="brin")
    return table


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's idempotency key. digest: SHA-256 of method, path and body."""

    caller: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, to the byte."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """The answer as it is sent, now and at every repeat."""
        return Response(self.body, self.status, dict(self.headers), "application/json")


Answers = Mapping[tuple[str, str], Answer]

_STORED: Final = """
SELECT caller, key, digest, status, headers, body FROM idempotency
WHERE (caller, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
_STORE: Final = """
INSERT INTO idempotency (caller, key, digest, status, headers, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::smallint[], $5::jsonb[], $6::bytea[])
ON CONFLICT (caller, key) DO NOTHING RETURNING caller, key
"""


async def stored(tx: Transaction, keys: Sequence[Key]) -> dict[tuple[str, str], Answer | Problem]:
    """Answers given before, by (caller, key); a Problem 422 where the key was used for another request.

    Ask after the lock of what the requests act on, so that a twin in flight has committed or not begun.
    """
    rows = await tx.fetch(_STORED, [key.caller for key in keys], [key.key for key in keys])
    digests = {(key.caller, key.key): key.digest for key in keys}
    return {
        (caller, key): Answer(status, bytes(body), tuple(map(tuple, headers)))
        if bytes(digest) == digests[caller, key]
        else reused()
        for caller, key, digest, status, headers, body in rows
    }


async def claim(tx: Transaction, answers: Sequence[tuple[Key, Answer]]) -> dict[tuple[str, str], Answer | Problem]:
    """Keep answers, each unless its key has one already. Returns those given before, as `stored` does.

    Waits for a twin in flight; raises Problem 409 when that takes too long. All answers are below 400.
    """
    if not answers:
        return {}
    kept = sorted(answers, key=lambda pair: (pair[0].caller, pair[0].key))
    try:
        rows = await tx.carry(
            _STORE,
            [key.caller for key, _ in kept],
            [key.key for key, _ in kept],
            [key.digest for key, _ in kept],
            [answer.status for _, answer in kept],
            [json.dumps(answer.headers) for _, answer in kept],
            [answer.body for _, answer in kept],
        )
    except asyncpg.LockNotAvailableError as error:
        raise conflict("request-in-flight", "A request with this Idempotency-Key is still in work.") from error
    if len(rows) == len(kept):
        return {}
    new = {(caller, key) for caller, key in rows}
    return await stored(tx, [key for key, _ in kept if (key.caller, key.key) not in new])


async def store(tx: Transaction, answers: Sequence[tuple[Key, Answer]]) -> None:
    """Keep answers below 400. Raises Overtaken when a twin stored one meanwhile, Problem 409 as `claim` does."""
    if await claim(tx, [pair for pair in answers if pair[1].status < 400]):
        raise Overtaken("a twin of this request was answered meanwhile")


def reused() -> Problem:
    """422: the key belongs to another request."""
    return Problem(422, "idempotency-key-reused", "This Idempotency-Key was used for another request.")


async def once(db: Database, key: Key, act: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
    """Do `act` in a transaction unless it was done under this key; the stored answer otherwise.

    act runs again when a twin was faster; it must have no effect outside its transaction. Raises Problem.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with db.transaction() as tx:
                before = await _before(tx, key)
                if before is not None:
                    return before
                answer = await act(tx)
                await store(tx, [(key, answer)])
                return answer
        except Overtaken:
            if attempt == _ATTEMPTS - 1:
                raise
        except Problem:
            # A twin may have acted while we waited for its locks: then its answer counts, not the state it left.
            async with db.transaction() as tx:
                before = await _before(tx, key)
            if before is None:
                raise
            return before
    raise AssertionError("unreachable")


async def _before(tx: Transaction, key: Key) -> Answer | None:
    """The answer given under this key, or None. Raises Problem 422 when the key was used for another request."""
    before = (await stored(tx, [key])).get((key.caller, key.key))
    if isinstance(before, Problem):
        raise before
    return before


async def forget(tx: Transaction, window: timedelta, *, limit: int) -> int:
    """Delete answers older than the window. Returns how many, at most `limit`."""
    rows = await tx.fetch(
        "DELETE FROM idempotency WHERE (caller, key) IN (SELECT caller, key FROM idempotency "
        "WHERE created_at < now() - $1::interval LIMIT $2) RETURNING 1",
        window,
        limit,
    )
    return len(rows)
