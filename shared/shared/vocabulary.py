"""The words every service uses. Meanings: an issue is never called a ticket; tiers are 0 to 4 by default."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

IssueId = UUID

FRONTLINE_TIER: Final = 1
TECHNICAL_TIER: Final = 2
EXPERT_TIER: Final = 3
VENDOR_TIER: Final = 4

TITLE_LIMIT: Final = 300
"""Characters of a title."""
TEXT_LIMIT: Final = 20_000
"""Characters of a message, a note or a handover part."""


class IssueState(StrEnum):
    """Where an issue is in its life; written by tier-queues only."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"


class WaitingFor(StrEnum):
    """What a waiting issue waits for."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    FIX = "fix"
    TIME = "time"


class Level(StrEnum):
    """How strongly an issue hits (impact) or presses (urgency)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Resolution(StrEnum):
    """How an issue ended."""

    SOLVED = "solved"
    WORKAROUND = "workaround"
    REDIRECTED = "redirected"
    DUPLICATE = "duplicate"
    NOT_REPRODUCIBLE = "not_reproducible"
    FEATURE_REQUEST = "feature_request"
    WITHDRAWN = "withdrawn"
    SELF_SERVED = "self_served"


class HandoverReason(StrEnum):
    """Why an issue is offered to somebody else."""

    KNOWLEDGE = "knowledge"
    PERMISSION = "permission"
    DEFECT = "defect"
    VENDOR = "vendor"
    WORKLOAD = "workload"
    HIERARCHICAL = "hierarchical"


class HandoverMode(StrEnum):
    """Cold frees the owner at once; warm keeps both present until the introducer leaves."""

    COLD = "cold"
    WARM = "warm"


class Role(StrEnum):
    """What a member of staff may do; see `shared.auth` for who may call what."""

    AGENT = "agent"
    LEAD = "lead"
    OPERATOR = "operator"
    ADMIN = "admin"


class Channel(StrEnum):
    """How an issue came in."""

    API = "api"
    WEB = "web"
    EMAIL = "email"
    CHAT = "chat"
    PHONE = "phone"
    SOCIAL = "social"


PRIORITY_OF: Final = {
    (Level.HIGH, Level.HIGH): 1,
    (Level.HIGH, Level.MEDIUM): 2,
    (Level.MEDIUM, Level.HIGH): 2,
    (Level.HIGH, Level.LOW): 3,
    (Level.MEDIUM, Level.MEDIUM): 3,
    (Level.LOW, Level.HIGH): 3,
    (Level.MEDIUM, Level.LOW): 4,
    (Level.LOW, Level.MEDIUM): 4,
    (Level.LOW, Level.LOW): 5,
}
"""(impact, urgency) to priority, 1 most urgent to 5."""


def without_control_characters(text: str) -> str:
    """The text itself. Raises ValueError when it holds U+0000, which no database column can keep."""
    if "\x00" in text:
        raise ValueError("must not contain U+0000")
    return text


Tier = Annotated[int, Field(ge=0, le=9)]
Priority = Annotated[int, Field(ge=1, le=5)]
Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TITLE_LIMIT, strip_whitespace=True),
    AfterValidator(without_control_characters),
]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TEXT_LIMIT, strip_whitespace=True),
    AfterValidator(without_control_characters),
]
Word = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, strip_whitespace=True),
    AfterValidator(without_control_characters),
]
"""A name, a category, a product, a reference: one short line."""
Moment = AwareDatetime
"""An aware time; UTC everywhere inside."""

FAR_FUTURE: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for *never* where a column must sort."""
