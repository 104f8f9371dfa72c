"""Standard Webhooks 1.0: messages signed with a shared secret, by us and to us, and secrets sealed at rest.

Written out here because the reference verifier raises five kinds of errors on hostile input, takes one-byte secrets
and fractional timestamps, and accepts altered base64; the tests check that both understand each other.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_PREFIX: Final = "whsec_"  # noqa: S105
SECRET_BYTES: Final = 32
SECRET_BYTES_MINIMUM: Final = 24
SECRET_BYTES_MAXIMUM: Final = 64
TOLERANCE: Final = timedelta(minutes=5)
"""How far a message's timestamp may be from our clock."""
SIGNATURES_LIMIT: Final = 16
"""Signatures that one message may carry; several mean that its sender changes secrets."""
NONCE_BYTES: Final = 12

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

# A full stop would let id and timestamp change places with the body's beginning: it separates what is signed.
_ID: Final = re.compile(rb"[!-\-/-~]{1,255}")
_TIMESTAMP: Final = re.compile(rb"[1-9][0-9]{0,11}")
_SIGNATURE: Final = re.compile(rb"[A-Za-z0-9]{1,10},[A-Za-z0-9+/=]{1,200}")


class SignatureRefused(Exception):
    """The message is not proven to come from who holds the secret; whatever is wrong, the sender learns no more."""


class SecretMalformed(ValueError):
    """A secret is `whsec_` and 24 to 64 bytes in base64."""


def new_secret() -> str:
    """A fresh secret, to be shown once to whoever shares it."""
    return SECRET_PREFIX + base64.b64encode(random.token_bytes(SECRET_BYTES)).decode()


def sign(secrets: Sequence[str], message_id: str, timestamp: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove a message, one signature per secret.

    message_id: the same at every attempt, without a full stop. timestamp: of this attempt, aware.
    Raises SecretMalformed.
    """
    if not _ID.fullmatch(message_id.encode()):
        raise ValueError(f"not a message id: {message_id!r}")
    seconds = str(int(timestamp.timestamp()))
    signed = _signed(message_id.encode(), seconds.encode(), body)
    signatures = " ".join(_signature(_key(secret), signed).decode() for secret in secrets)
    return {ID_HEADER: message_id, TIMESTAMP_HEADER: seconds, SIGNATURE_HEADER: signatures}


def verify(secrets: Sequence[str], headers: Iterable[tuple[bytes, bytes]], body: bytes, now: datetime) -> str:
    """The id of a message that was signed with one of the secrets within the tolerance around now.

    headers: as they came, repeats included. body: raw bytes. now: aware, of the machine and never of a moved clock.
    Raises SignatureRefused for everything that is wrong, SecretMalformed when a secret of ours is.
    """
    message_id, timestamp, given = _only_values(headers)
    if not _ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(timestamp) or not _is_utf8(body):
        raise SignatureRefused
    if abs(int(timestamp) - now.timestamp()) > TOLERANCE.total_seconds():
        raise SignatureRefused
    signed = _signed(message_id, timestamp, body)
    expected = [_signature(_key(secret), signed) for secret in secrets]
    # Compared as text: several spellings of base64 decode to the same bytes. Every pair is compared, found or not.
    matches = [hmac.compare_digest(ours, theirs) for theirs in _signatures(given) for ours in expected]
    if not any(matches):
        raise SignatureRefused
    return message_id.decode("ascii")


def _only_values(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes, bytes]:
    """Values of the three headers, each of which must be there exactly once."""
    found: dict[str, list[bytes]] = {ID_HEADER: [], TIMESTAMP_HEADER: [], SIGNATURE_HEADER: []}
    for name, value in headers:
        found.get(name.decode("latin-1").lower(), []).append(value)
    if any(len(values) != 1 for values in found.values()):
        raise SignatureRefused
    return found[ID_HEADER][0], found[TIMESTAMP_HEADER][0], found[SIGNATURE_HEADER][0]


def _signatures(given: bytes) -> list[bytes]:
    signatures = given.split(b" ")
    if len(signatures) > SIGNATURES_LIMIT or not all(_SIGNATURE.fullmatch(signature) for signature in signatures):
        raise SignatureRefused
    return signatures


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _signed(message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    return b".".join((message_id, timestamp, body))


def _signature(key: bytes, signed: bytes) -> bytes:
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretMalformed from error
    if not secret.startswith(SECRET_PREFIX) or not SECRET_BYTES_MINIMUM <= len(key) <= SECRET_BYTES_MAXIMUM:
        raise SecretMalformed
    return key


def seal(key: bytes, secret: str, *, owner: str) -> bytes:
    """A secret as it may lie in a database: AES-256-GCM, bound to its owner so that rows cannot be swapped.

    key: 32 bytes, `settings.derived_key(…)`. Each call gives another result.
    """
    nonce = random.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), owner.encode())


def unseal(key: bytes, sealed: bytes, *, owner: str) -> str:
    """The secret that was sealed with this key for this owner. Raises SecretMalformed when it is not that."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise SecretMalformed from error
