"""The object store: a folder or a bucket in which a file lies under its attachment's id."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from shared.db import Unavailable

CHUNK_BYTES: Final = 64 * 1024
"""Bytes sent at a time to who downloads."""


class NotSet(ValueError):
    """TIERDESK_OBJECT_STORE is empty; attachments have no place."""


class TooLarge(ValueError):
    """The upload exceeded its limit; nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was stored. digest: SHA-256."""

    size_bytes: int
    digest: bytes


class Files:
    """Attachments' bytes."""

    def __init__(self, url: str) -> None:
        if not url:
            raise NotSet("TIERDESK_OBJECT_STORE must name a folder (file:///…) or a bucket (s3://…).")
        self._store: ObjectStore = _opened(url)

    async def write(self, file: UUID, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> Written:
        """Store a stream; it appears whole or not at all. Raises TooLarge, Unavailable, and what the stream raises."""
        size, digest = 0, hashlib.sha256()
        try:
            async with obstore.open_writer_async(self._store, _path(file)) as writer:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > limit_bytes:
                        raise TooLarge
                    digest.update(chunk)
                    await writer.write(chunk)
        except (BaseError, OSError) as error:
            raise Unavailable(str(error)) from error
        return Written(size, digest.digest())

    async def read(self, file: UUID) -> AsyncIterator[bytes]:
        """The bytes of a stored file, in chunks. Raises FileNotFoundError, Unavailable."""
        try:
            found = await obstore.get_async(self._store, _path(file))
        except BaseError as error:
            raise Unavailable(str(error)) from error
        return found.stream(min_chunk_size=CHUNK_BYTES).__aiter__()

    async def delete(self, files: Iterable[UUID]) -> None:
        """Remove files; those that are gone already are fine. Raises Unavailable."""
        for file in files:
            try:
                await obstore.delete_async(self._store, _path(file))
            except FileNotFoundError:
                continue
            except BaseError as error:
                raise Unavailable(str(error)) from error


def _opened(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalStore(parts.path, mkdir=True)
    return from_url(url)


def _path(file: UUID) -> str:
    return f"attachments/{file}"
