"""Why vendor-bridge refuses; `api.py` and `vendor_api.py` alone turn these into answers."""


class NoSuchCase(LookupError):
    """There is no case with this id, or it belongs to another vendor."""


class NoSuchVendor(LookupError):
    """There is no vendor with this id, or none that is active."""


class VendorExists(Exception):
    """There is a vendor with this id already."""


class RepeatedWithOtherBody(Exception):
    """A callback's id came before, with another body."""


class Stale(Exception):
    """It was changed since the caller read it; `version` is the present one."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the present version is {version}")
        self.version = version
