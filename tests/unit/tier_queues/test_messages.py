"""What counts as said between customer and staff, and what never does."""

from datetime import UTC, datetime

import pytest

from shared.events import work
from support import events, queues
from tier_queues import commands as c
from tier_queues.issue import Entry
from tier_queues.messages import Said

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def said(*entries: Entry) -> list[tuple[str, str]]:
    return [(message.author, message.text) for entry in entries for message in Said.by(entry).messages()]


def test_the_first_entry_holds_the_customers_own_words() -> None:
    assert said(*queues.opened().entries) == [("customer", events.submission().text)]


def test_an_issue_redirected_at_once_holds_both_sides() -> None:
    assert [author for author, _ in said(*queues.opened(redirect="sales").entries)] == ["customer", "support"]


@pytest.mark.parametrize(
    "kind",
    [work.IssueNoted, work.HandoverOffered, work.HandoverReturned, work.VendorHeard, work.IssueReopened],
)
def test_what_staff_and_vendors_say_among_themselves_is_never_a_message(kind: type[work.WorkFact]) -> None:
    entry = Said(3, kind.TYPE, NOW, "agent", None, "for our eyes only")
    assert list(entry.messages()) == []


def test_a_note_as_the_first_thing_of_a_version_two_is_no_message() -> None:
    assert list(Said(2, work.IssueQueued.TYPE, NOW, "system", None, "private").messages()) == []


def test_a_withdrawal_is_the_customers_word_and_a_resolution_ours() -> None:
    by_customer = Said(2, work.IssueResolved.TYPE, NOW, "customer", "It works.", None)
    by_agent = Said(2, work.IssueResolved.TYPE, NOW, "agent", "Done.", None)
    assert [message.author for entry in (by_customer, by_agent) for message in entry.messages()] == [
        "customer",
        "support",
    ]


def test_every_command_has_a_name() -> None:
    assert all(c.COMMANDS[name] is kind for kind, name in c.NAME_OF.items())
