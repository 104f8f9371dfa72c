"""The only file that knows the tables of models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from router.artefact import Artefact
from router.model_life import MAKES_ROOM, State
from shared.db import NOW, Transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """A model without its content. number: grows with each one that is added.

    compared: issues that it decided in the shadow; same_category, same_tier: of those, as was followed;
    abstained: of those, left to a person by it.
    """

    number: int
    version: str
    state: State
    metrics: Mapping[str, Any]
    added_at: datetime
    added_by: str
    changed_at: datetime
    changed_by: str
    compared: int
    same_category: int
    same_tier: int
    abstained: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a model in the shadow fared beside what was followed, to be noted."""

    compared: int = 0
    same_category: int = 0
    same_tier: int = 0
    abstained: int = 0


_COLUMNS: Final = (
    "number, version, state, metrics, added_at, added_by, changed_at, changed_by, "
    "compared, same_category, same_tier, abstained"
)
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('model', 0))"
_ADD: Final = f"""
INSERT INTO model (version, state, metrics, manifest, arrays, added_at, added_by, changed_at, changed_by)
VALUES ($1, 'candidate', $2, $3, $4, {NOW}, $5, {NOW}, $5) ON CONFLICT (version) DO NOTHING RETURNING number
"""  # noqa: S608
PAGE: Final = f"SELECT {_COLUMNS} FROM model WHERE number < $1 ORDER BY number DESC LIMIT $2"  # noqa: S608
_FIND: Final = f"SELECT {_COLUMNS} FROM model WHERE version = $1"  # noqa: S608
_STANDING: Final = "SELECT state, version FROM model WHERE state IN ('active', 'shadow')"
_CONTENT: Final = "SELECT manifest, arrays FROM model WHERE version = $1"
_ACTIVE_MANIFEST: Final = "SELECT manifest FROM model WHERE state = 'active'"
_PUT: Final = f"""
UPDATE model SET state = $2, changed_at = {NOW}, changed_by = $3,
    followed_at = CASE $2 WHEN 'active' THEN {NOW} WHEN 'rolled back' THEN NULL ELSE followed_at END
WHERE version = $1
"""  # noqa: S608
_MAKE_ROOM: Final = f"UPDATE model SET state = $2, changed_at = {NOW}, changed_by = $3 WHERE state = $1"  # noqa: S608
_BEFORE: Final = """
SELECT version FROM model WHERE followed_at IS NOT NULL AND state <> 'active' ORDER BY followed_at DESC LIMIT 1
"""
_NOTE: Final = """
model_rows AS (
    UPDATE model SET compared = compared + $2::bigint, same_category = same_category + $3::bigint,
        same_tier = same_tier + $4::bigint, abstained = abstained + $5::bigint
    WHERE version = $1::text
)
"""


async def lock(tx: Transaction) -> None:
    """Let nobody else change a model's state until the transaction ends."""
    await tx.fetch(_LOCK)


async def add(tx: Transaction, version: str, metrics: str, artefact: Artefact, by: str) -> bool:
    """Keep a candidate. metrics: as JSON. False when it is known already, whatever its state is now."""
    return bool(await tx.fetch(_ADD, version, metrics, artefact.manifest, artefact.arrays, by))


async def page(tx: Transaction, *, before: int, limit: int) -> list[Kept]:
    """At most `limit` models with smaller numbers, newest first."""
    return [_kept(row) for row in await tx.fetch(PAGE, before, limit)]


async def find(tx: Transaction, version: str) -> Kept | None:
    """A model by its version."""
    rows = await tx.fetch(_FIND, version)
    return _kept(rows[0]) if rows else None


async def standing(tx: Transaction) -> Mapping[State, str]:
    """The versions of the active model and of that in the shadow, as far as there are any."""
    return {State(row[0]): row[1] for row in await tx.fetch(_STANDING)}


async def content(tx: Transaction, version: str) -> Artefact:
    """What was kept of a model that is known to exist."""
    manifest, arrays = (await tx.fetch(_CONTENT, version))[0]
    return Artefact(manifest, arrays)


async def active_manifest(tx: Transaction) -> bytes | None:
    """What the active model says of itself, if there is one."""
    rows = await tx.fetch(_ACTIVE_MANIFEST)
    return bytes(rows[0][0]) if rows else None


async def put(tx: Transaction, version: str, state: State, by: str) -> None:
    """Bring a model into a state, and the one that stands there out of it."""
    if state in MAKES_ROOM:
        await tx.fetch(_MAKE_ROOM, state, MAKES_ROOM[state], by)
    await tx.fetch(_PUT, version, state, by)


async def before(tx: Transaction) -> str | None:
    """The model that was followed before the active one and was not taken back, wherever it stands now."""
    rows: Sequence[Any] = await tx.fetch(_BEFORE)
    return str(rows[0][0]) if rows else None


async def note(tx: Transaction, version: str, comparison: Comparison) -> None:
    """Add to what is known of a model in the shadow, soon."""
    one = comparison
    await tx.write("model", _NOTE, version, one.compared, one.same_category, one.same_tier, one.abstained)


def _kept(row: Sequence[Any]) -> Kept:
    return Kept(row[0], row[1], State(row[2]), *row[3:])
