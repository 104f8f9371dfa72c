"""HTTP in and out: what all documents with versions have in common."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Final, TypeVar

from fastapi import Path
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter

from shared.api import CommandHeaders
from shared.auth import Caller
from shared.db import Transaction
from shared.located import Fault, WrongFile, located
from shared.paging import Page, cursor_of, key_in
from shared.problems import Problem, invalid
from tier_queues.versions import Author, Versions

YAML_LIMIT: Final = 200_000
"""Characters of an imported file."""
YamlText = Annotated[str, StringConstraints(min_length=1, max_length=YAML_LIMIT)]
VERSION_LIMIT: Final = 2**31 - 1
_KEY: Final = TypeAdapter(tuple[Annotated[int, Field(ge=0, le=VERSION_LIMIT)]])
VersionNumber = Annotated[int, Path(ge=0, le=VERSION_LIMIT)]


class MadeView(BaseModel):
    """A version of a document; nobody made version 0."""

    version: int
    author: str | None
    author_name: str | None
    note: str
    made_at: datetime | None


Shown = TypeVar("Shown", bound=BaseModel)
Document = TypeVar("Document", bound=BaseModel)


async def page_of(
    tx: Transaction, versions: Versions, shown: type[Shown], limit: int, after: str | None
) -> Page[Shown]:
    """A page of versions, newest first. Raises Problem 422."""
    before = key_in(after, _KEY)[0] if after else VERSION_LIMIT
    rows = await versions.below(tx, before, limit + 1)
    more = cursor_of([rows[limit - 1].version]) if len(rows) > limit else None
    return Page(items=[shown(**dict(row)) for row in rows[:limit]], next=more)


def replaced(command: CommandHeaders) -> int:
    """The version that a command replaces. Raises Problem 428."""
    if command.expected is None:
        raise Problem(428, "version-missing", 'Say in If-Match which version you mean to replace; "0" for none yet.')
    return command.expected


def author_of(caller: Caller, note: str) -> Author:
    """Who makes a version."""
    return Author(caller.id, caller.name, note)


def read_file(text: str, file: str, kind: type[Document], faults_of: Callable[[Document], Iterable[Fault]]) -> Document:
    """The document in a YAML text. file: its name, for the message. Raises Problem 422 with line and reason."""
    try:
        return located(text, file, kind, faults_of)
    except WrongFile as error:
        raise invalid(str(error), line=error.line) from error


def told(faults: Iterable[Fault], *above: str) -> list[dict[str, object]]:
    """Faults with their places in the request. above: where in its body the document is."""
    return [{"where": ["body", *above, *fault.path], "what": fault.what} for fault in faults]
