"""What customers see of an issue."""

from itertools import product

import pytest

from intake.visible import SUPPORT, message_in
from shared.customer_state import CustomerState, state_after
from shared.events import work
from shared.events.work import Actor
from shared.ids import new_id
from shared.vocabulary import IssueState, WaitingFor
from support.events import envelope, forwarded, standing, worked

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


def test_an_issue_is_received_until_somebody_began_with_it() -> None:
    queued = standing(state=IssueState.QUEUED)
    assert state_after(CustomerState.RECEIVED, queued) is CustomerState.RECEIVED
    for begun in (CustomerState.IN_PROGRESS, CustomerState.SOLVED, CustomerState.CLOSED):
        assert state_after(begun, queued) is CustomerState.IN_PROGRESS


def test_only_replies_and_resolutions_speak_to_the_customer() -> None:
    reply = envelope(worked(work.IssueReplied, message=new_id(), text="Hello."))
    resolution = envelope(worked(work.IssueResolved, resolution="solved", text="Done."))
    silent = (
        worked(work.IssueNoted, note=new_id()),
        worked(work.IssueReleased, reason="a break"),
        worked(work.IssueWaiting, reason="rest"),
        forwarded(),
    )
    said = [message_in(event) for event in (reply, resolution)]
    assert [(message.id, message.text) for message in said if message is not None] == [
        (reply.data.message, "Hello."),
        (resolution.id, "Done."),
    ]
    assert [message_in(envelope(fact)) for fact in silent] == [None] * len(silent)


@pytest.mark.parametrize(("kind", "name"), [("agent", "Ada"), ("vendor", SUPPORT), ("system", SUPPORT)])
def test_only_agents_are_named(kind: str, name: str) -> None:
    fact = worked(
        work.IssueResolved, resolution="solved", text="Done.", actor=Actor(kind=kind, id="ada-4711", name="Ada")
    )
    message = message_in(envelope(fact))
    assert message is not None
    assert (message.author, message.author_name) == ("support", name)
