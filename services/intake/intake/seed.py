"""Who may write to intake, and for whom: client applications with their keys, and the organisation's customers."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from intake.accepting import SOURCE
from intake.applications import pepper
from intake.keys import ApiKey, new_key
from intake.settings import Settings
from intake.submission import UNKNOWN_ACCOUNT, UNKNOWN_PLAN, Address
from shared import outbox
from shared.db import Database, Transaction
from shared.events.directory import ClientApplicationListed
from shared.ids import new_id
from shared.outbox import Outgoing
from shared.vocabulary import Word

CUSTOMERS_AT_ONCE: Final = 1000
PRODUCTS_LIMIT: Final = 100
"""Products of one customer."""


class Exists(Exception):
    """There is such a client application already; ask for a new key if the old one is lost."""


class Malformed(ValueError):
    """A line of the file is no customer."""


class ClientApplication(BaseModel):
    """A program that posts issues. id: a slug that stays; vouches: what it says of its customers is believed."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    name: Word
    vouches: bool = False
    active: bool = True


def _separate(products: object) -> object:
    """Products as a file has them in one column, separated by semicolons."""
    if isinstance(products, str):
        return [product for product in products.split(";") if product.strip()]
    return products


class SeededCustomer(BaseModel):
    """A customer of the organisation, with what routing and clocks need. account_manager: an agent's sign-in name.

    products: what they have, of which announcements may tell them.
    """

    model_config = ConfigDict(frozen=True)

    email: Address
    name: Word
    account: Word = UNKNOWN_ACCOUNT
    plan: Word = UNKNOWN_PLAN
    account_manager: Word | None = None
    products: Annotated[tuple[Word, ...], BeforeValidator(_separate), Field(max_length=PRODUCTS_LIMIT)] = ()


async def add_client_application(
    db: Database, settings: Settings, application: ClientApplication, *, rotate: bool = False
) -> ApiKey:
    """Add a client application and return its key, which is kept nowhere in clear.

    rotate: give an existing one a new key, name and rights; the old key stops within `key_cache`. Raises Exists.
    """
    key = new_key()
    async with db.transaction() as tx:
        rows = await tx.fetch(
            _REPLACE_APPLICATION if rotate else _ADD_APPLICATION,
            application.id,
            application.name,
            application.active,
            application.vouches,
            key.id,
            key.digest(pepper(settings)),
        )
        if not rows:
            raise Exists(application.id)
        await _list(tx, application, version=rows[0][0])
    return key


async def _list(tx: Transaction, application: ClientApplication, *, version: int) -> None:
    fact = ClientApplicationListed(
        entity=application.id, version=version, name=application.name, active=application.active
    )
    await outbox.publish(tx, [Outgoing(fact.key, fact)], source=SOURCE)


_INSERT_APPLICATION: Final = """
INSERT INTO client_application AS kept (id, name, active, vouches, key_id, key_hash, version)
VALUES ($1, $2, $3, $4, $5, $6, 1)
"""
_ADD_APPLICATION: Final = f"{_INSERT_APPLICATION} ON CONFLICT (id) DO NOTHING RETURNING version"
_REPLACE_APPLICATION: Final = f"""{_INSERT_APPLICATION}
ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active, vouches = excluded.vouches,
    key_id = excluded.key_id, key_hash = excluded.key_hash, version = kept.version + 1
RETURNING version
"""


async def add_customers(db: Database, customers: Iterable[SeededCustomer]) -> int:
    """Add or overwrite customers of the organisation, by e-mail. Returns how many were given."""
    remaining, count = iter(customers), 0
    while batch := list(islice(remaining, CUSTOMERS_AT_ONCE)):
        async with db.transaction() as tx:
            await _keep(tx, list({customer.email: customer for customer in batch}.values()))
        count += len(batch)
    return count


_KEEP: Final = """
INSERT INTO customer AS kept (id, application, email, name, account, plan, account_manager, products)
SELECT id, '', email, name, account, plan, manager, products
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
    AS given (id, email, name, account, plan, manager, products)
ON CONFLICT (email, application) DO UPDATE SET name = excluded.name, account = excluded.account,
    plan = excluded.plan, account_manager = excluded.account_manager, products = excluded.products,
    version = kept.version + 1
"""


async def _keep(tx: Transaction, customers: Sequence[SeededCustomer]) -> None:
    await tx.fetch(
        _KEEP,
        [new_id() for _ in customers],
        [customer.email for customer in customers],
        [customer.name for customer in customers],
        [customer.account for customer in customers],
        [customer.plan for customer in customers],
        [customer.account_manager for customer in customers],
        [json.dumps(customer.products) for customer in customers],
    )


def customers_in(file: Path) -> Iterator[SeededCustomer]:
    """Customers of a CSV file with a head line that names email, name, account, plan, account_manager and products.

    Raises Malformed with the line's number.
    """
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            try:
                yield SeededCustomer.model_validate({column: value for column, value in row.items() if value})
            except ValidationError as error:
                raise Malformed(f"line {reader.line_num}: {error.errors()[0]['msg']}") from error
