"""What agents reach for again and again: guides, forms, canned replies, macros, saved filters; on shelves in rows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter

from shared.auth import Caller
from shared.db import NOW, Transaction
from shared.events.form_parts import FormField
from shared.problems import stale
from shared.vocabulary import Role
from tier_queues.companions import Form
from tier_queues.policies import Policies

ALL: Final = "all"
"""The shelf that is everybody's."""


class Kind(StrEnum):
    """What something on a shelf is."""

    GUIDE = "guide"
    CANNED_REPLY = "canned-reply"
    MACRO = "macro"
    SAVED_FILTER = "saved-filter"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something on a shelf. shelf: `all`, `team:` with a name, `agent:` with a sign-in name. body: as JSON values."""

    kind: Kind
    shelf: str
    name: str
    version: int
    category: str | None
    title: str
    body: dict[str, Any]
    updated_by: str
    updated_at: datetime


_FIELDS: Final = TypeAdapter(tuple[FormField, ...])
_COLUMNS: Final = "kind, shelf, name, version, category, title, body, updated_by, updated_at"


def shelf_of(scope: str, *, team: str | None, caller: Caller) -> str:
    """The shelf that a scope (personal, team, all) means for a caller."""
    if scope == "personal":
        return f"agent:{caller.id}"
    return f"team:{team}" if scope == "team" else ALL


def shelves_of(caller: Caller, policies: Policies) -> list[str]:
    """The shelves that a caller may take from, their own first, everybody's last."""
    teams = sorted(caller.teams | _led(caller, policies))
    return [f"agent:{caller.id}", *(f"team:{team}" for team in teams), ALL]


def may_fill(shelf: str, caller: Caller, policies: Policies) -> bool:
    """Whether a caller may change what lies on a shelf: their own, those of teams they lead, and everybody's as lead.

    An admin may change every shelf but the agents' own.
    """
    if shelf == f"agent:{caller.id}":
        return True
    if shelf.startswith("agent:"):
        return False
    if caller.role is Role.ADMIN:
        return True
    return caller.role is Role.LEAD and (shelf == ALL or shelf.removeprefix("team:") in _led(caller, policies))


def _led(caller: Caller, policies: Policies) -> frozenset[str]:
    return policies.led_by(caller.id, caller.teams) if caller.role is Role.LEAD else frozenset()


def page(
    kind: Kind, shelves: Sequence[str], *, category: str | None, after: tuple[str, str] | None, limit: int
) -> tuple[str, list[Any]]:
    """The statement for a page of what lies on shelves, by name, one row longer, and its parameters."""
    parameters: list[Any] = [str(kind), list(shelves)]
    terms = ["kind = $1", "shelf = ANY($2)"]
    if category is not None:
        parameters.append(category)
        terms.append(f"category = ${len(parameters)}")
    if after is not None:
        parameters += after
        terms.append(f"(name, shelf) > (${len(parameters) - 1}, ${len(parameters)})")
    return (
        f"SELECT {_COLUMNS} FROM catalogue WHERE {' AND '.join(terms)} ORDER BY name, shelf LIMIT {limit + 1}",  # noqa: S608
        parameters,
    )


async def read(tx: Transaction, statement: tuple[str, list[Any]]) -> list[Kept]:
    """What a statement made here finds."""
    sql, parameters = statement
    return [_kept(row) for row in await tx.fetch(sql, *parameters)]


async def find(tx: Transaction, kind: Kind, name: str, shelves: Sequence[str]) -> Kept | None:
    """What lies under a name on the first of these shelves that has it."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM catalogue WHERE kind = $1 AND name = $2 AND shelf = ANY($3) "  # noqa: S608
        "ORDER BY array_position($3, shelf) LIMIT 1",
        str(kind),
        name,
        list(shelves),
    )
    return _kept(rows[0]) if rows else None


_KEEP: Final = f"""
INSERT INTO catalogue ({_COLUMNS}) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, {NOW})
ON CONFLICT (kind, name, shelf) DO UPDATE SET version = catalogue.version + 1, category = excluded.category,
    title = excluded.title, body = excluded.body, updated_by = excluded.updated_by, updated_at = excluded.updated_at
WHERE catalogue.version = $8
RETURNING {_COLUMNS}
"""  # noqa: S608


async def keep(
    tx: Transaction,
    kind: Kind,
    shelf: str,
    name: str,
    *,
    category: str | None,
    title: str,
    body: dict[str, Any],
    by: str,
    expected: int,
) -> Kept | None:
    """Put something on a shelf. expected: the version that it replaces, 0 for something new. Raises Problem 412.

    None when what it would replace is not there.
    """
    before = await _locked(tx, kind, shelf, name)
    if expected and not before:
        return None
    if before != expected:
        raise stale(before)
    rows = await tx.fetch(_KEEP, str(kind), shelf, name, category, title, json.dumps(body), by, expected)
    if not rows:
        # Two made it at once: the row that was not there could not be locked.
        raise stale(await _locked(tx, kind, shelf, name))
    return _kept(rows[0])


async def remove(tx: Transaction, kind: Kind, shelf: str, name: str, *, expected: int | None) -> bool:
    """Take something off a shelf; False when it is not there. Raises Problem 412 for another version than expected."""
    before = await _locked(tx, kind, shelf, name)
    if not before:
        return False
    if expected is not None and expected != before:
        raise stale(before)
    await tx.fetch("DELETE FROM catalogue WHERE kind = $1 AND shelf = $2 AND name = $3", str(kind), shelf, name)
    return True


async def steps(tx: Transaction, guides: Sequence[str]) -> dict[str, frozenset[str]]:
    """The names of the steps of these guides."""
    rows = await tx.fetch(
        "SELECT name, body FROM catalogue WHERE kind = $1 AND shelf = $2 AND name = ANY($3)",
        str(Kind.GUIDE),
        ALL,
        sorted(set(guides)),
    )
    return {row[0]: frozenset(step["name"] for step in row[1]["steps"]) for row in rows}


async def forms(tx: Transaction, names: Sequence[str]) -> dict[str, Form]:
    """The forms of these names."""
    rows = await tx.fetch(
        "SELECT name, title, body FROM catalogue WHERE kind = $1 AND shelf = $2 AND name = ANY($3)",
        str(Kind.FORM),
        ALL,
        sorted(set(names)),
    )
    return {row[0]: Form(row[0], row[1], _FIELDS.validate_python(row[2]["fields"])) for row in rows}


async def _locked(tx: Transaction, kind: Kind, shelf: str, name: str) -> int:
    """The version of something that cannot change now; 0 when it is not there."""
    rows = await tx.fetch(
        "SELECT version FROM catalogue WHERE kind = $1 AND shelf = $2 AND name = $3 FOR UPDATE", str(kind), shelf, name
    )
    return int(rows[0][0]) if rows else 0


def _kept(row: Any) -> Kept:
    return Kept(Kind(row[0]), *row[1:])
