"""Where an issue stands, in the customer's words: what the portal, mails and client applications all say alike."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.events.work import Standing
from shared.vocabulary import IssueState, WaitingFor


class CustomerState(StrEnum):
    """Words without tiers, teams and vendors."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_YOU = "waiting_for_you"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"


_STATES: Final[Mapping[tuple[str, str | None], CustomerState]] = {
    (IssueState.ASSIGNED, None): CustomerState.IN_PROGRESS,
    (IssueState.WAITING, WaitingFor.CUSTOMER): CustomerState.WAITING_FOR_YOU,
    (IssueState.WAITING, WaitingFor.VENDOR): CustomerState.IN_PROGRESS,
    (IssueState.WAITING, WaitingFor.FIX): CustomerState.ON_HOLD,
    (IssueState.WAITING, WaitingFor.TIME): CustomerState.ON_HOLD,
    (IssueState.RESOLVED, None): CustomerState.SOLVED,
    (IssueState.CLOSED, None): CustomerState.CLOSED,
}


def state_after(before: CustomerState, standing: Standing) -> CustomerState:
    """The customer's word for a standing. A queued issue is *received* until somebody has begun with it.

    A state that this release does not know counts as work in progress.
    """
    if standing.state == IssueState.QUEUED and before is CustomerState.RECEIVED:
        return before
    if standing.on_hold and standing.state == IssueState.ASSIGNED:
        return CustomerState.ON_HOLD
    waiting_for = standing.waiting_for if standing.state == IssueState.WAITING else None
    return _STATES.get((standing.state, waiting_for), CustomerState.IN_PROGRESS)
