"""What support says to customers."""

import pytest

from intake.visible import SUPPORT, message_in, promised_after
from shared.events import work
from shared.events.forms import FormAsked
from shared.events.work import Actor
from shared.ids import new_id
from support.events import ACCEPTED_AT, envelope, forwarded, worked


def test_a_form_is_asked_under_its_own_id_and_keeps_the_promise_to_write() -> None:
    form = new_id()
    fact = worked(FormAsked, form=form, name="printer", title="Your printer", fields=(), text="Your printer")
    message = message_in(envelope(fact))
    assert message is not None
    assert (message.id, message.text, message.author_name) == (form, "Your printer", "Ada")
    assert promised_after(ACCEPTED_AT, fact) is None


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
