"""What operators do with vendors: register, change, renew secrets; one transaction each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.db import Transaction
from shared.targets import check_target
from vendor_bridge import registry
from vendor_bridge.contract import Field, Meaning, Vendor
from vendor_bridge.refusals import NoSuchVendor, Stale, VendorExists
from vendor_bridge.registry import Secrets
from vendor_bridge.settings import Settings

SECRETS_KEY = "vendor-secrets"
"""Purpose of the key that seals vendors' secrets."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What an operator says about a vendor."""

    name: str
    url: str
    products: tuple[str, ...]
    fields: frozenset[Field]
    states: Mapping[str, Meaning]
    active: bool

    def vendor(self, vendor_id: str, version: int) -> Vendor:
        """The vendor with this contract."""
        return Vendor(vendor_id, self.name, self.url, self.products, self.fields, self.states, self.active, version)


async def check(contract: Contract, settings: Settings) -> None:
    """Raises TargetRefused when deliveries may not go to the contract's URL. Resolves names: outside transactions."""
    await check_target(contract.url, settings.allowed_private_targets)


async def register(tx: Transaction, vendor_id: str, contract: Contract, settings: Settings) -> tuple[Vendor, Secrets]:
    """A new vendor and the secrets it is told once. Raises VendorExists."""
    vendor = contract.vendor(vendor_id, version=1)
    if not await registry.add(tx, vendor):
        raise VendorExists(vendor_id)
    return vendor, await _renewed(tx, vendor_id, settings)


async def change(tx: Transaction, vendor_id: str, contract: Contract, *, expected: int | None) -> Vendor:
    """The vendor with another contract; secrets stay. Raises NoSuchVendor and Stale."""
    before = await _locked(tx, vendor_id, expected)
    vendor = contract.vendor(vendor_id, before.version + 1)
    await registry.save(tx, vendor)
    return vendor


async def renew_secrets(
    tx: Transaction, vendor_id: str, settings: Settings, *, expected: int | None = None
) -> tuple[Vendor, Secrets]:
    """New secrets in both directions; the old ones work for `secret_overlap` longer. Raises NoSuchVendor and Stale."""
    before = await _locked(tx, vendor_id, expected)
    vendor = replace(before, version=before.version + 1)
    await registry.save(tx, vendor)
    return vendor, await _renewed(tx, vendor_id, settings)


async def _locked(tx: Transaction, vendor_id: str, expected: int | None) -> Vendor:
    vendor = await registry.lock(tx, vendor_id)
    if vendor is None:
        raise NoSuchVendor(vendor_id)
    if expected is not None and expected != vendor.version:
        raise Stale(vendor.version)
    return vendor


async def _renewed(tx: Transaction, vendor_id: str, settings: Settings) -> Secrets:
    return await registry.renew_secrets(tx, vendor_id, settings.derived_key(SECRETS_KEY), settings.secret_overlap)
