"""PURE: reply addresses and Message-IDs that only this installation can make."""

import base64
import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

MAC_BYTES: Final = 10
"""80 bits: short enough for a local part of 64 characters, long enough not to be guessed by mail."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """key: `settings.common_key("mail-reply")`, which intake holds too, to know its own addresses again."""

    domain: str
    key: bytes = field(repr=False)

    def reply_to(self, issue: UUID) -> str:
        """Where answers about an issue go; guessing it for another issue means guessing a MAC."""
        return f"reply+{issue}.{self._mac('reply', issue)}@{self.domain}"

    def message_id(self, issue: UUID, cause: UUID) -> str:
        """The id of the mail about one fact, with its angle brackets: the same at every attempt."""
        return f"<{cause}.{self._mac('message', issue, cause)}@{self.domain}>"

    def _mac(self, purpose: str, *ids: UUID) -> str:
        """Lower case only, because some servers fold the case of addresses."""
        spoken = purpose.encode() + b"".join(part.bytes for part in ids)
        return base64.b32encode(hmac.digest(self.key, spoken, sha256)[:MAC_BYTES]).decode().lower()
