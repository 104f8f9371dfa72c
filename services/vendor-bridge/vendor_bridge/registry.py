"""Vendors, their contracts and their secrets: tables and SQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from shared.db import NOW, Transaction
from shared.events.directory import VendorListed
from shared.ids import new_id
from shared.outbox import Outgoing, publish
from shared.telemetry import log
from shared.webhooks import SecretMalformed, new_secret, seal, unseal
from vendor_bridge.contract import Field, Meaning, Vendor
from vendor_bridge.settings import Settings
from vendor_bridge.tables import VENDOR

Direction = Literal["outgoing", "callback"]
SECRETS_KEPT: Final = 4
"""Secrets per vendor and direction that work at the same time, however often they are replaced."""

_COLUMNS: Final = "id, name, url, products::text, fields::text, states::text, active, version"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is told once: outgoing signs what we send, callback signs what the vendor sends."""

    outgoing: str
    callback: str


def _vendor(row: Any) -> Vendor:
    return Vendor(
        id=row[0],
        name=row[1],
        url=row[2],
        products=tuple(json.loads(row[3])),
        fields=frozenset(map(Field, json.loads(row[4]))),
        states={word: Meaning(meant) for word, meant in json.loads(row[5]).items()},
        active=row[6],
        version=row[7],
    )


def _row(vendor: Vendor) -> dict[str, Any]:
    return {
        "id": vendor.id,
        "name": vendor.name,
        "url": vendor.url,
        "products": json.dumps(vendor.products),
        "fields": json.dumps(sorted(vendor.fields)),
        "states": json.dumps(dict(vendor.states)),
        "active": vendor.active,
        "version": vendor.version,
    }


async def find(tx: Transaction, ids: Sequence[str]) -> dict[str, Vendor]:
    """Those of the vendors that exist, by id."""
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM vendor WHERE id = ANY($1)", ids)  # noqa: S608
    return {row[0]: _vendor(row) for row in rows}


async def lock(tx: Transaction, vendor_id: str) -> Vendor | None:
    """A vendor, locked until the transaction ends, or None."""
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM vendor WHERE id = $1 FOR UPDATE", vendor_id)  # noqa: S608
    return _vendor(rows[0]) if rows else None


async def page(tx: Transaction, after: str, limit: int) -> list[Vendor]:
    """Vendors whose id sorts behind `after`, by id, at most `limit`."""
    sql = f"SELECT {_COLUMNS} FROM vendor WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
    return [_vendor(row) for row in await tx.fetch(sql, after, limit)]


async def add(tx: Transaction, vendor: Vendor) -> bool:
    """Write a new vendor and tell the other services. Returns False when the id is taken."""
    if not await tx.insert_returning(VENDOR, [_row(vendor)], tail="ON CONFLICT (id) DO NOTHING RETURNING id"):
        return False
    await _list(tx, vendor)
    return True


async def save(tx: Transaction, vendor: Vendor) -> None:
    """Write a locked vendor and tell the other services."""
    await tx.update(VENDOR, [_row(vendor)])
    await _list(tx, vendor)


async def _list(tx: Transaction, vendor: Vendor) -> None:
    fact = VendorListed(
        entity=vendor.id, version=vendor.version, name=vendor.name, products=vendor.products, active=vendor.active
    )
    await publish(tx, [Outgoing(fact.key, fact)], source=Settings.SERVICE)


async def renew_secrets(tx: Transaction, vendor_id: str, key: bytes, overlap: timedelta) -> Secrets:
    """New secrets in both directions; the ones before work for `overlap` longer. Lock the vendor before."""
    await tx.fetch(_OUTDATE, vendor_id, overlap)
    secrets = Secrets(new_secret(), new_secret())
    await _keep(tx, vendor_id, "outgoing", secrets.outgoing, key)
    await _keep(tx, vendor_id, "callback", secrets.callback, key)
    await tx.fetch(_FORGET, vendor_id, SECRETS_KEPT)
    return secrets


async def _keep(tx: Transaction, vendor_id: str, direction: Direction, secret: str, key: bytes) -> None:
    sealed = seal(key, secret, owner=_owner(vendor_id, direction))
    await tx.fetch(
        "INSERT INTO secret (id, vendor, direction, sealed) VALUES ($1, $2, $3, $4)",
        new_id(),
        vendor_id,
        direction,
        sealed,
    )


_OUTDATE: Final = f"UPDATE secret SET expires_at = {NOW} + $2 WHERE vendor = $1 AND expires_at IS NULL"  # noqa: S608
_FORGET: Final = """
DELETE FROM secret WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY direction ORDER BY id DESC) AS age FROM secret WHERE vendor = $1
    ) AS aged WHERE age > $2
)
"""


def _owner(vendor_id: str, direction: str) -> str:
    return f"{vendor_id}/{direction}"


async def secrets_of(tx: Transaction, vendors: Sequence[str], direction: Direction, key: bytes) -> dict[str, list[str]]:
    """The secrets that work at present, newest first, by vendor; none for a vendor that does not exist."""
    rows = await tx.fetch(
        "SELECT vendor, sealed FROM secret WHERE vendor = ANY($1) AND direction = $2 "  # noqa: S608
        f"AND (expires_at IS NULL OR expires_at > {NOW}) ORDER BY id DESC",
        vendors,
        direction,
    )
    found: dict[str, list[str]] = {vendor: [] for vendor in vendors}
    for vendor, sealed in rows:
        try:
            found[vendor].append(unseal(key, bytes(sealed), owner=_owner(vendor, direction)))
        except SecretMalformed:
            # The installation's root secret is another one: this vendor needs new secrets, nobody else suffers.
            log().error("secret cannot be unsealed", service=Settings.SERVICE, vendor=vendor, direction=direction)
    return found


async def forget_secrets(tx: Transaction) -> None:
    """Delete secrets whose time is over."""
    await tx.fetch(f"DELETE FROM secret WHERE expires_at <= {NOW}")  # noqa: S608
