"""HTTP in and out: files that go with messages, for client applications and staff."""

from typing import Annotated, Any, Final
from urllib.parse import quote, unquote
from uuid import UUID

from fastapi import Header, Request
from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError
from starlette.responses import Response, StreamingResponse

from intake import attachments
from intake.applications import KIND, Applications
from intake.attachments import Upload
from intake.files import Files, TooLarge, Written
from shared.api import Api, CallerOf, IdempotencyKey, request_digest, too_large
from shared.auth import Caller, StaffTokens
from shared.db import Database, Transaction
from shared.events.issues import Attachment
from shared.idempotency import Answer, Key, once
from shared.ids import new_id
from shared.problems import invalid, not_found

FILE_NAME_LIMIT: Final = 100
"""Characters of a file's name."""
RAW_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "2026-11-02 09:00:00 export stops at row 80,000",
            }
        },
    }
}


def _plain(name: str) -> str:
    if not name.isprintable() or "/" in name or "\\" in name:
        raise ValueError("must be the name of a file, without folders or control characters")
    return name


FileName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=FILE_NAME_LIMIT, strip_whitespace=True),
    AfterValidator(_plain),
]
MediaType = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}$", to_lower=True)
]


def add_uploads(
    api: Api, db: Database, applications: Applications, tokens: StaffTokens, files: Files, limit_bytes: int
) -> None:
    """`POST` and `GET /intake/attachments`. limit_bytes: of one file, counted while it streams."""
    allow = applications.allow_or_staff(tokens)

    @api.post(
        "/attachments",
        allow=allow,
        status_code=201,
        response_model=Attachment,
        limit_bytes=limit_bytes,
        openapi_extra=RAW_BODY,
    )
    async def upload(
        request: Request,
        caller: CallerOf,
        key: IdempotencyKey,
        x_file_name: Annotated[str, Header(description="Percent-encoded UTF-8.")],
        content_type: Annotated[str, Header()] = "application/octet-stream",
    ) -> Response:
        """Store a file, to be named by a message within a day."""
        coming = Upload(new_id(), _name(x_file_name), _media_type(content_type), caller.key, _owner(caller))
        async with db.transaction() as tx:
            await attachments.announce(tx, coming)
        try:
            written = await files.write(coming.id, request.stream(), limit_bytes=limit_bytes)
        except TooLarge as error:
            await _forget(db, coming.id)
            raise too_large(limit_bytes) from error
        content = f"{coming.name}\n{coming.media_type}\n".encode() + written.digest
        asked = Key(caller.key, key, request_digest(request, content))
        answer = await once(db, asked, lambda tx: _completed(tx, coming, written))
        return answer.response()

    @api.get("/attachments/{attachment}", allow=allow, response_class=StreamingResponse)
    async def download(attachment: UUID, caller: CallerOf) -> StreamingResponse:
        """A file: one's own, one of an own issue's, or any for staff. Never shown by a browser, only saved."""
        async with db.transaction() as tx:
            found = await attachments.readable(tx, attachment, _owner(caller))
        if found is None:
            raise not_found()
        try:
            chunks = await files.read(found.id)
        except FileNotFoundError as error:
            raise not_found() from error
        return StreamingResponse(chunks, headers=_headers(found), media_type=found.media_type)


def _owner(caller: Caller) -> str | None:
    """The client application that calls, or None for staff."""
    return caller.id if caller.kind == KIND else None


async def _completed(tx: Transaction, coming: Upload, written: Written) -> Answer:
    file = await attachments.complete(tx, coming, written)
    location = ("location", f"/intake/attachments/{file.id}")
    return Answer(201, file.model_dump_json().encode(), (location,))


async def _forget(db: Database, file: UUID) -> None:
    async with db.transaction() as tx:
        await attachments.forget(tx, [file])


_FILE_NAME: Final = TypeAdapter(FileName)
_MEDIA_TYPE: Final = TypeAdapter(MediaType)


def _name(header: str) -> str:
    """The file's name in a header. Raises Problem 422."""
    try:
        return _FILE_NAME.validate_python(unquote(header, errors="strict"))
    except (ValidationError, ValueError) as error:
        raise invalid("X-File-Name must hold a percent-encoded file name.") from error


def _media_type(header: str) -> str:
    """The media type without its parameters. Raises Problem 422."""
    try:
        return _MEDIA_TYPE.validate_python(header.partition(";")[0].strip())
    except ValidationError as error:
        raise invalid("Content-Type must be a media type.") from error


def _headers(file: Attachment) -> dict[str, Any]:
    return {
        "content-length": str(file.size_bytes),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
    }
