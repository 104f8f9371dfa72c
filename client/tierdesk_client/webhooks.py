"""Webhooks that an application receives: proven to come from its Tierdesk, by Standard Webhooks 1.0."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE: Final = timedelta(minutes=5)
"""How far a webhook's timestamp may be from our clock."""
TIMESTAMP_DIGITS: Final = 12


class NotGenuine(Exception):
    """The webhook is not proven to come from who holds the secret, or it is an old one sent again."""


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime | None = None) -> str:
    """The id of a webhook, the same at every attempt, to be handled once.

    secrets: those shared with Tierdesk, two while they change. body: the raw bytes. now: aware, else the clock's.
    Raises NotGenuine.
    """
    told = {name.lower(): value for name, value in headers.items()}
    message, sent, given = (told.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    written = sent.isascii() and sent.isdecimal() and len(sent) <= TIMESTAMP_DIGITS
    # A full stop separates what is signed.
    if not message or "." in message or not written:
        raise NotGenuine
    if abs(int(sent) - (now or datetime.now(UTC)).timestamp()) > TOLERANCE.total_seconds():
        raise NotGenuine
    signed = f"{message}.{sent}.".encode() + body
    ours = [_signature(secret, signed) for secret in secrets]
    # Every pair is compared, found or not.
    matches = [hmac.compare_digest(one, other.encode()) for one in ours for other in given.split(" ")]
    if not any(matches):
        raise NotGenuine
    return message


def _signature(secret: str, signed: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
