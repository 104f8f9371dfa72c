"""Adds a vendor from the command line, as `./tierdesk add vendor` and the demo do."""

from collections.abc import Sequence
from typing import Any

from shared.db import Database, Transaction
from vendor_bridge import registry, vendors
from vendor_bridge.contract import OUR_WORDS, Field
from vendor_bridge.settings import Settings
from vendor_bridge.vendor_api import VendorBody, VendorView, VendorWithSecrets


async def add(
    settings: Settings,
    vendor_id: str,
    *,
    name: str,
    url: str,
    products: Sequence[str],
    fields: Sequence[str] | None = None,
    rotate: bool = False,
) -> dict[str, Any]:
    """Add a vendor, or give the one that exists this contract; safe to repeat.

    fields: what may leave, everything that a contract can allow unless given. The answer has `outgoing_secret` and
    `callback_secret` when the vendor is new or `rotate` was asked for. Raises ValidationError and TargetRefused.
    """
    body = VendorBody.model_validate(
        {
            "id": vendor_id,
            "name": name,
            "url": url,
            "products": products,
            "fields": list(Field) if fields is None else fields,
            "states": OUR_WORDS,
        }
    )
    await vendors.check(body.contract(), settings)
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            return (await _added(tx, settings, body, rotate=rotate)).model_dump(mode="json")
    finally:
        await db.close()


async def _added(tx: Transaction, settings: Settings, body: VendorBody, *, rotate: bool) -> VendorView:
    before = await registry.lock(tx, body.id)
    if before is None:
        vendor, secrets = await vendors.register(tx, body.id, body.contract(), settings)
        return VendorWithSecrets.told(vendor, secrets, settings)
    if before != body.contract().vendor(body.id, before.version):
        before = await vendors.change(tx, body.id, body.contract(), expected=None)
    if not rotate:
        return VendorView.of(before, settings)
    vendor, secrets = await vendors.renew_secrets(tx, body.id, settings)
    return VendorWithSecrets.told(vendor, secrets, settings)
