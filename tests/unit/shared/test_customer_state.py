"""Where an issue stands, in the customer's words."""

from itertools import product

import pytest

from shared.customer_state import CustomerState, state_after
from shared.vocabulary import IssueState, WaitingFor
from support.events import standing

WAITS: list[str | None] = [*WaitingFor, "a word of a later release", None]
STANDINGS = list(product(IssueState, WAITS))


@pytest.mark.parametrize(("state", "waiting_for"), STANDINGS)
@pytest.mark.parametrize("before", CustomerState)
def test_every_standing_has_a_word_for_the_customer(
    before: CustomerState, state: IssueState, waiting_for: str | None
) -> None:
    after = state_after(before, standing(state=state, waiting_for=waiting_for))
    assert after in CustomerState
    assert (after is CustomerState.SOLVED) == (state is IssueState.RESOLVED)
    assert (after is CustomerState.CLOSED) == (state is IssueState.CLOSED)
    assert (after is CustomerState.WAITING_FOR_YOU) == (
        (state, waiting_for) == (IssueState.WAITING, WaitingFor.CUSTOMER)
    )


def test_on_hold_is_said_of_what_somebody_works_on_and_never_hides_that_the_customer_is_asked() -> None:
    held = standing(state=IssueState.ASSIGNED, on_hold=True)
    assert state_after(CustomerState.IN_PROGRESS, held) is CustomerState.ON_HOLD
    asked = standing(state=IssueState.WAITING, waiting_for=WaitingFor.CUSTOMER, on_hold=True)
    assert state_after(CustomerState.ON_HOLD, asked) is CustomerState.WAITING_FOR_YOU


def test_an_issue_is_received_until_somebody_began_with_it() -> None:
    queued = standing(state=IssueState.QUEUED)
    assert state_after(CustomerState.RECEIVED, queued) is CustomerState.RECEIVED
    for begun in (CustomerState.IN_PROGRESS, CustomerState.SOLVED, CustomerState.CLOSED):
        assert state_after(begun, queued) is CustomerState.IN_PROGRESS
