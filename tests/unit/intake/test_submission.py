"""What client applications may send."""

from typing import Any

import pytest
from pydantic import ValidationError

from intake.submission import CustomerGiven, Submit, SubmitBody, submission_of
from shared.idempotency import Key
from shared.ids import new_id
from shared.vocabulary import Channel, Level
from support.events import ACCEPTED_AT, customer

BODY: dict[str, Any] = {"customer": {"email": "ada@example.com"}, "title": "Help", "text": "It does not work."}


def body(**changes: Any) -> SubmitBody:
    return SubmitBody.model_validate(BODY | changes)


def test_a_submission_says_everything_that_was_sent() -> None:
    sent: dict[str, Any] = {
        "channel": "chat",
        "language": "de-CH",
        "product": "Printer",
        "category": "bug",
        "impact": "high",
        "urgency": "low",
        "source": "monitoring",
        "form": {"serial": 7},
        "reference": "order 1",
    }
    submit = Submit(Key("application:shop", "k", b""), "shop", vouches=True, body=body(**sent))
    made = submission_of(submit, number=7, accepted_at=ACCEPTED_AT, customer=customer(), attachments=())
    assert {name: getattr(made, name) for name in sent} == sent
    assert (made.channel, made.impact, made.application, made.verified) == (Channel.CHAT, Level.HIGH, "shop", True)
    assert (made.title, made.text) == (BODY["title"], BODY["text"])


@pytest.mark.parametrize("address", ["Ada@Example.COM", " ada@example.com "])
def test_addresses_are_compared_in_lower_case(address: str) -> None:
    assert CustomerGiven(email=address).email == "ada@example.com"


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@example.com", "ada@", "a b@example.com", "a@b@c", "<ada@example.com>", "a\x00@b", "a" * 65 + "@b"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        CustomerGiven(email=address)


def test_a_customer_is_named_in_one_way() -> None:
    for given in ({}, {"id": new_id(), "email": "ada@example.com"}, {"id": new_id(), "name": "Ada"}, {"name": "Ada"}):
        with pytest.raises(ValidationError):
            CustomerGiven.model_validate(given)


def test_only_what_is_said_can_be_news() -> None:
    known = customer(name="Ada", account="acme", plan="gold")
    assert CustomerGiven(email=known.email).says_nothing_new_of(known)
    assert CustomerGiven(email=known.email, name="Ada", plan="gold").says_nothing_new_of(known)
    assert not CustomerGiven(email=known.email, name="Eva").says_nothing_new_of(known)
    assert not CustomerGiven(email=known.email, plan="basic").says_nothing_new_of(known)
