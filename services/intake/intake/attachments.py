"""Attachments' metadata: who uploaded a file, where it is used, and who may read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from intake.files import Written
from shared.db import NOW, Transaction
from shared.events.issues import Attachment
from shared.problems import Problem, invalid

CLEANED_AT_ONCE: Final = 100
"""Unused files removed in one round."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way into the store. application: the client application that owns it, None for staff's."""

    id: UUID
    name: str
    media_type: str
    uploader: str
    application: str | None


_ANNOUNCE: Final = f"""
INSERT INTO attachment (id, uploader, application, name, media_type, size_bytes, digest, uploaded_at)
VALUES ($1, $2, $3, $4, $5, 0, '', {NOW})
"""  # noqa: S608


async def announce(tx: Transaction, upload: Upload) -> None:
    """Remember that bytes may appear in the store under this id; whatever becomes of them, they will be found."""
    await tx.fetch(_ANNOUNCE, upload.id, upload.uploader, upload.application, upload.name, upload.media_type)


async def complete(tx: Transaction, upload: Upload, written: Written) -> Attachment:
    """Record that all bytes are there: from now on the file can be read and used."""
    await tx.fetch(
        "UPDATE attachment SET complete = true, size_bytes = $2, digest = $3 WHERE id = $1",
        upload.id,
        written.size_bytes,
        written.digest,
    )
    return Attachment(id=upload.id, name=upload.name, media_type=upload.media_type, size_bytes=written.size_bytes)


_FREE: Final = """
SELECT id, name, media_type, size_bytes, application FROM attachment
WHERE id = ANY($1) AND issue_id IS NULL AND complete ORDER BY id FOR UPDATE
"""


async def lock_unused(tx: Transaction, ids: Sequence[UUID]) -> dict[tuple[str, UUID], Attachment]:
    """The client applications' uploads among `ids` that no message uses yet, locked, by application and id."""
    if not ids:
        return {}
    rows = await tx.fetch(_FREE, sorted(set(ids)))
    return {(row[4], row[0]): _attachment(row) for row in rows if row[4] is not None}


def _attachment(row: Sequence[Any]) -> Attachment:
    return Attachment(id=row[0], name=row[1], media_type=row[2], size_bytes=row[3])


def unknown() -> Problem:
    """422: a message names a file that its application did not upload, or that another message uses."""
    return invalid("`attachments` must name uploads of this application that no other message uses.")


async def use(tx: Transaction, places: Mapping[UUID, UUID]) -> None:
    """Record where files are used: attachment id to issue id. Files that are unknown here or used are left alone."""
    if not places:
        return
    ids = sorted(places)
    await tx.fetch(
        "UPDATE attachment SET issue_id = place.issue FROM unnest($1::uuid[], $2::uuid[]) AS place (id, issue) "
        "WHERE attachment.id = place.id AND attachment.issue_id IS NULL",
        ids,
        [places[file] for file in ids],
    )


_READABLE: Final = """
SELECT file.id, file.name, file.media_type, file.size_bytes FROM attachment AS file
LEFT JOIN issue ON issue.id = file.issue_id
WHERE file.id = $1 AND file.complete
AND ($2::text IS NULL OR file.application = $2 OR issue.application = $2)
"""


async def readable(tx: Transaction, attachment: UUID, application: str | None) -> Attachment | None:
    """A file that the application uploaded or that is used in one of its issues. application None: staff."""
    for row in await tx.fetch(_READABLE, attachment, application):
        return _attachment(row)
    return None


_ABANDON: Final = f"""
UPDATE attachment SET complete = false WHERE id IN (
    SELECT id FROM attachment WHERE issue_id IS NULL AND uploaded_at < {NOW} - $1::interval
    ORDER BY uploaded_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING id
"""  # noqa: S608


async def abandon(tx: Transaction, after: timedelta) -> list[UUID]:
    """Unused files older than `after`, oldest first, at most CLEANED_AT_ONCE; no message can use them from now on."""
    return [row[0] for row in await tx.fetch(_ABANDON, after, CLEANED_AT_ONCE)]


async def forget(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Forget files whose bytes are not in the store."""
    await tx.fetch("DELETE FROM attachment WHERE id = ANY($1) AND NOT complete", ids)
