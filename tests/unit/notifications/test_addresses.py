"""Reply addresses and Message-IDs: the same every time, and only from who holds the key."""

from email.headerregistry import Address

from notifications.addresses import Addresses
from shared.ids import new_id

OURS = Addresses("example.com", b"k" * 32)
FOREIGN = Addresses("example.com", b"x" * 32)


def test_an_issue_has_one_reply_address() -> None:
    issue = new_id()
    assert OURS.reply_to(issue) == OURS.reply_to(issue)
    assert OURS.reply_to(issue).startswith(f"reply+{issue}.")


def test_another_issue_or_another_key_gives_another_mac() -> None:
    issue = new_id()
    macs = {addresses.reply_to(one).partition(".")[2] for addresses in (OURS, FOREIGN) for one in (issue, new_id())}
    assert len(macs) == 4


def test_each_fact_has_its_own_message_id() -> None:
    issue, fact = new_id(), new_id()
    ids = {OURS.message_id(issue, fact), OURS.message_id(issue, new_id()), OURS.message_id(new_id(), fact)}
    assert len(ids) == 3
    assert OURS.message_id(issue, fact) in ids


def test_a_reply_address_is_short_enough_and_survives_folding_of_case() -> None:
    address = OURS.reply_to(new_id())
    assert len(Address(addr_spec=address).username) <= 64
    assert address == address.lower()
