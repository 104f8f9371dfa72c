"""Keyset pages: a page is asked for by the last row's sort key, so that deep pages cost what the first one costs."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, TypeAdapter, ValidationError

from shared.problems import invalid

PAGE_LIMIT: Final = 200
LAST_ID: Final = UUID(int=2**128 - 1)
"""Behind every id: where a list begins whose newest come first."""

Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="Rows per page.")]
Cursor = Annotated[str | None, Query(alias="after", max_length=1000, description="`next` of the page before.")]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("too far away") from error


KeyMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time in a sort key: what a cursor says, as far as the database can hold it."""

Row = TypeVar("Row")
K = TypeVar("K")


class Page(BaseModel, Generic[Row]):
    """Rows in the list's order; `next` is None on the last page."""

    items: list[Row]
    next: str | None = None


def cursor_of(key: Sequence[Any]) -> str:
    """An opaque cursor for a row's sort key."""
    return base64.urlsafe_b64encode(json.dumps(list(key), default=str).encode()).decode().rstrip("=")


def key_in(cursor: str, shape: TypeAdapter[K]) -> K:
    """The sort key in a cursor. shape: its types, as a tuple. Raises Problem 422 when it is not one of ours."""
    try:
        return shape.validate_json(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, ValidationError) as error:
        raise invalid("`after` is not a cursor of this list.") from error
