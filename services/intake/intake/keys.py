"""API keys of client applications: `td_<key id>_<secret>`, shown once, kept as a keyed digest."""

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "td_"
_KEY: Final = re.compile(r"td_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The two halves of a key. secret: 256 random bits."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{PREFIX}{self.id}_{self.secret}"

    def digest(self, pepper: bytes) -> bytes:
        """What is stored. pepper: 32 bytes that are not in the database."""
        return hmac.digest(pepper, str(self).encode(), "sha256")


def new_key() -> ApiKey:
    """A key that nobody can guess."""
    return ApiKey(secrets.token_hex(8), secrets.token_urlsafe(32))


def key_in(text: str) -> ApiKey | None:
    """The key in a text, or None when it is not shaped like one."""
    shaped = _KEY.fullmatch(text)
    return None if shaped is None else ApiKey(shaped[1], shaped[2])
