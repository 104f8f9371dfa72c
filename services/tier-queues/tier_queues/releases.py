"""The register of releases; what one fixes are the problems that name it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from shared.db import NOW, Transaction
from shared.ids import new_id
from shared.paging import KeyMoment, Page, cursor_of, key_in
from shared.problems import conflict
from tier_queues.problem import Person

_COLUMNS: Final = "id, product, name, released_at, notes, url, made_by, made_by_name, made_at"
_KEY: Final = TypeAdapter(tuple[KeyMoment, UUID])


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a product."""

    id: UUID
    product: str
    name: str
    released_at: datetime
    notes: str
    url: str | None
    made_by: str
    made_by_name: str
    made_at: datetime


_ADD: Final = f"""
INSERT INTO releases ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {NOW})
ON CONFLICT (product, name) DO NOTHING RETURNING {_COLUMNS}
"""  # noqa: S608


async def register(
    tx: Transaction, *, product: str, name: str, released_at: datetime, notes: str, url: str | None, by: Person
) -> Release:
    """Add a release. Raises Problem 409 when the product has one of this name."""
    rows = await tx.fetch(_ADD, new_id(), product, name, released_at, notes, url, by.id, by.name)
    if not rows:
        raise conflict("release-exists", "This product has a release of this name already.")
    return Release(*rows[0])


async def find(tx: Transaction, release: UUID) -> Release | None:
    """One release."""
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM releases WHERE id = $1", release)  # noqa: S608
    return Release(*rows[0]) if rows else None


def page(*, product: str | None, after: str | None, limit: int) -> tuple[str, list[Any]]:
    """The statement for a page of releases, newest first, one row longer, and its parameters. Raises Problem 422."""
    terms, parameters = ["true"], list[Any]()
    if product is not None:
        parameters.append(product)
        terms = ["product = $1"]
    if after is not None:
        parameters += [*key_in(after, _KEY)]
        terms.append(f"(released_at, id) < (${len(parameters) - 1}, ${len(parameters)})")
    order = "released_at DESC, id DESC"
    return (
        f"SELECT {_COLUMNS} FROM releases WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT {limit + 1}",  # noqa: S608
        parameters,
    )


async def read(tx: Transaction, statement: tuple[str, list[Any]], limit: int) -> Page[Release]:
    """The page of a statement made here."""
    sql, parameters = statement
    found = [Release(*row) for row in await tx.fetch(sql, *parameters)]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=found[:limit], next=cursor_of([last.released_at.isoformat(), last.id]) if last else None)
