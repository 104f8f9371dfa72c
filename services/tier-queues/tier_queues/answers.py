"""How the domain's outcomes are told: a refusal as a problem, a changed issue as its short form."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel

from shared.api import etag
from shared.events import work
from shared.idempotency import Answer
from shared.problems import Problem
from shared.vocabulary import IssueState
from tier_queues.issue import Issue, Refused, Unacceptable, WrongTier

_STATUS: Final = {WrongTier: 403, Unacceptable: 422}
"""What is not illegal in the present state (409)."""


class IssueShort(BaseModel):
    """An issue after a command: enough to go on working with it."""

    id: UUID
    number: int
    version: int
    state: IssueState
    tier: int
    team: str
    owner: str | None
    owner_name: str | None
    priority: int
    offer: work.Offer | None


def answer_of(issue: Issue) -> Answer:
    """200 with the issue's short form and its version."""
    short = IssueShort.model_construct(
        id=issue.id,
        number=issue.number,
        version=issue.version,
        state=issue.state,
        tier=issue.tier,
        team=issue.team,
        owner=issue.owner,
        owner_name=issue.owner_name,
        priority=issue.priority,
        offer=issue.offer.offer if issue.offer else None,
    )
    return Answer(200, short.model_dump_json().encode(), (etag(issue.version),))


def problem_of(refused: Refused) -> Problem:
    """403, 409 or 422, with what the caller can do about it."""
    return Problem(_STATUS.get(type(refused), 409), refused.kind, refused.detail, **refused.more)
