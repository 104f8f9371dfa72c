"""What leaves the house, and what a vendor's words mean."""

import json
from itertools import combinations
from typing import Any

import pytest

from shared.events import issues, work
from shared.ids import new_id
from support.events import ACCEPTED_AT, forwarded
from vendor_bridge.case import Signal
from vendor_bridge.contract import OUR_WORDS, Field, Meaning, Vendor, meaning, message, message_id

ALWAYS = {"type", "case", "ask", "callback_url"}
SECRETS = {
    Field.TITLE: "the-title",
    Field.MESSAGES: "the-message",
    Field.PRODUCT: "the-product",
    Field.CATEGORY: "the-category",
    Field.ACCOUNT: "the-account",
    Field.ATTACHMENTS: "the-file",
}


def vendor(**changes: Any) -> Vendor:
    values: dict[str, Any] = {"fields": frozenset(Field), "states": OUR_WORDS, "active": True, "version": 1, **changes}
    return Vendor(id="acme-cloud", name="Acme Cloud", url="https://acme.example/cases", products=(), **values)


def full() -> work.IssueForwarded:
    fact = forwarded(
        title=SECRETS[Field.TITLE],
        messages=(work.PublicMessage(author="customer", at=ACCEPTED_AT, text=SECRETS[Field.MESSAGES]),),
        product=SECRETS[Field.PRODUCT],
        category=SECRETS[Field.CATEGORY],
        account=SECRETS[Field.ACCOUNT],
        attachments=(
            issues.Attachment(id=new_id(), name=SECRETS[Field.ATTACHMENTS], media_type="text/plain", size_bytes=1),
        ),
        owner="agent-of-ours",
        team="team-of-ours",
    )
    assert isinstance(fact, work.IssueForwarded)
    return fact


@pytest.mark.parametrize(
    "allowed", [frozenset(chosen) for size in range(len(Field) + 1) for chosen in combinations(Field, size)]
)
def test_only_what_the_contract_allows_leaves(allowed: frozenset[Field]) -> None:
    body = message(vendor(fields=allowed), full(), callback_url="https://desk.example/callbacks/acme-cloud")

    truncated = {"truncated"} if Field.MESSAGES in allowed else set()
    assert set(json.loads(body)) == ALWAYS | {field.value for field in allowed} | truncated
    for field, secret in SECRETS.items():
        assert (secret.encode() in body) is (field in allowed)
    assert b"of-ours" not in body


def test_the_same_case_has_the_same_bytes_at_every_attempt() -> None:
    fact = full()

    assert message(vendor(), fact, callback_url="x") == message(vendor(), fact, callback_url="x")


@pytest.mark.parametrize("word", sorted(OUR_WORDS))
def test_a_vendor_may_speak_our_words(word: str) -> None:
    assert meaning(vendor(), word, text=None, reference=None).signal.value == word


@pytest.mark.parametrize("word", ["Done", "resolved", "", "In Progress"])
def test_a_word_that_the_contract_does_not_know_asks_a_person_to_look(word: str) -> None:
    heard = meaning(vendor(states={"done": Meaning.RESOLVED}), word, text="Hello.", reference="ACME-1")

    assert (heard.signal, heard.vendor_state, heard.text) == (Signal.QUESTION, word, "Hello.")


def test_a_messages_id_can_be_signed() -> None:
    assert "." not in message_id(new_id())
