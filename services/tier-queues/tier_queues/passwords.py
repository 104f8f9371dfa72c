"""Passwords: argon2id, verified in threads and only a few at a time, so that sign-ins cannot starve everybody else."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LENGTH_MINIMUM: Final = 12
LENGTH_LIMIT: Final = 1000
MEMORY_KIBIBYTES: Final = 19 * 1024
PASSES: Final = 2

_HASHER: Final = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIBIBYTES, parallelism=1)
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$7sRKuGeqRSb37TiLofAUlg$Lnojc6ElQ7t07fNO/TlW3HzTSWOnpt6DtPLJCJZ/7oc"
"""Verified when there is no such agent, so that the time taken does not tell."""


@dataclass(eq=False)
class Passwords:
    """Hashes and verifies. at_once: how many at the same time."""

    at_once: int
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    async def hashed(self, password: str) -> str:
        """The hash to store."""
        async with self._turns:
            return await asyncio.to_thread(hash_of, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether the password belongs to the hash; without a hash False, after the same time."""
        async with self._turns:
            return await asyncio.to_thread(_fits, password, password_hash or _NOBODY) and password_hash is not None


def hash_of(password: str) -> str:
    """argon2id; takes some 20 ms on purpose."""
    return _HASHER.hash(password)


def new_password() -> str:
    """A password that nobody guesses: 120 random bits."""
    return secrets.token_urlsafe(15)


def _fits(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
