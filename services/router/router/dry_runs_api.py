"""HTTP: what a policy would change, before it is active."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query, Request
from pydantic import BaseModel

from router import dry_runs
from router.comparing import Change, Place
from router.dry_run_files import EXAMPLES_OF, READERS, FileRefused
from router.dry_runs import Candidate, Tried
from router.policies import Policies, Unknown
from router.policies_api import EDITORS, Version
from router.policy_file import PolicyError
from router.policy_parts import Weights
from shared.api import Api, too_large
from shared.auth import StaffTokens
from shared.db import Database
from shared.paging import LAST_ID
from shared.problems import Problem, conflict, invalid, not_found

FILE_LIMIT_BYTES: Final = 4 * 1024 * 1024
LAST_LIMIT: Final = 5_000
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": False,
        "content": {kind: {"schema": {"type": "string"}, "example": EXAMPLES_OF[kind]} for kind in READERS},
    }
}
Last = Annotated[int, Query(ge=1, le=LAST_LIMIT, description="Issues of the database, newest first.")]
Against = Annotated[
    Literal["active", "history"],
    Query(description="Compare past issues with what decides now, or with what was decided when they came."),
]
Older = Annotated[UUID | None, Query(description="`next` of the page before.")]


class PlaceView(BaseModel):
    """Where an issue goes."""

    tier: int
    team: str
    category: str | None
    vendor: str | None
    impact: str
    urgency: str
    triage: bool
    redirect: str | None


class ChangeView(BaseModel):
    """An issue that would go elsewhere. issue: its id, or its place in the file from 1."""

    issue: str
    title: str
    before: PlaceView
    after: PlaceView
    why: str


class Confused(BaseModel):
    """How many issues went to one place and would go to the other: Tier n, triage or redirect."""

    before: str
    after: str
    issues: int


class Cost(BaseModel):
    """Tiers between where issues went and where they belonged, by the policy's weights.

    judged: issues whose confirmed category says where they belonged; only those count.
    """

    judged: int
    before: float
    after: float
    weights: Weights


class DryRunView(BaseModel):
    """What a policy would change. lower, higher: issues that would go to a lower or a higher tier.

    next: to go on with older issues; None when all were tried. untried: issues at the end of a file that the time did
    not reach; send them alone.
    """

    policy: int
    compared_with: str
    issues: int
    changed: int
    lower: int
    higher: int
    confusion: list[Confused]
    cost: Cost
    changes: list[ChangeView]
    next: UUID | None
    untried: int


def add_dry_runs(api: Api, followed: Policies, tokens: StaffTokens) -> None:
    """Trying a policy on past issues or on a file: for leads and administrators, one at a time."""
    alone = asyncio.Lock()

    @api.post(
        "/policies/{version}/dry-run",
        allow=tokens.allow(EDITORS),
        limit_bytes=FILE_LIMIT_BYTES,
        openapi_extra=_FILE,
        responses={409: {}},
    )
    async def try_policy(
        request: Request, version: Version, last: Last = 1_000, older_than: Older = None, against: Against = "active"
    ) -> DryRunView:
        """What a policy would change, on the last issues or on a file (CSV or JSON lines) sent as the body.

        A file has a column or key text, and may have title, product, plan, …, and confirmed (the right category).
        """
        beside = followed.desk if against == "active" else None
        past = partial(dry_runs.on_past_issues, last=last, before=older_than or LAST_ID, beside=beside)
        content = await _content(request)
        if alone.locked():
            raise conflict("dry-run-running", "Another dry run is at work; they go one by one.")
        async with alone:
            return _view(version, await _tried(followed, version, request, content, past))


OnPastIssues = Callable[[Database, Candidate], Awaitable[Tried]]


async def _tried(followed: Policies, version: int, request: Request, content: bytes, past: OnPastIssues) -> Tried:
    try:
        tried = await dry_runs.candidate(followed.db, followed.desk, version)
        if not content:
            return await past(followed.db, tried)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in READERS:
            raise Problem(415, "unsupported-media-type", f"Send {' or '.join(READERS)}.")
        return await dry_runs.on_file(followed.desk, tried, content.decode("utf-8-sig"), READERS[kind])
    except Unknown as unknown:
        raise not_found() from unknown
    except UnicodeDecodeError as error:
        raise invalid("The file is not UTF-8.") from error
    except FileRefused as refused:
        raise invalid(str(refused), line=refused.line) from refused
    except PolicyError as error:
        raise conflict("policy-unreadable", str(error)) from error


async def _content(request: Request) -> bytes:
    """The whole body. Raises Problem 413 before more than the limit is kept."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > FILE_LIMIT_BYTES:
            raise too_large(FILE_LIMIT_BYTES)
    return bytes(content)


def _view(version: int, tried: Tried) -> DryRunView:
    found = tried.found
    confusion = sorted(found.confusion.items())
    return DryRunView(
        policy=version,
        compared_with=tried.compared_with,
        issues=found.issues,
        changed=len(found.changes),
        lower=found.lower,
        higher=found.higher,
        confusion=[Confused(before=one, after=other, issues=count) for (one, other), count in confusion],
        cost=Cost(judged=found.judged, before=found.cost_before, after=found.cost_after, weights=found.weights),
        changes=[_change(change) for change in found.changes],
        next=tried.next,
        untried=tried.untried,
    )


def _change(change: Change) -> ChangeView:
    before, after = _place(change.before), _place(change.after)
    return ChangeView(issue=change.issue, title=change.title, before=before, after=after, why=change.why)


def _place(place: Place) -> PlaceView:
    return PlaceView.model_validate(place, from_attributes=True)
