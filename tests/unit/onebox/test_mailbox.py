"""The mail sink keeps what it took, shows it to whoever looks, and trusts nothing of it."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from onebox.mailbox import Mailbox, list_page, mail_page

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path, limit=3)


def mail(subject: str, *, text: str = "Hello", html: str | None = None) -> bytes:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "support@example.com"
    message["To"] = "somebody-else@example.com"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_messages_come_newest_first(mailbox: Mailbox) -> None:
    for subject in ("first", "second"):
        mailbox.add("support@example.com", ["a@example.com"], mail(subject))
    assert [kept.subject for kept in mailbox.newest()] == ["second", "first"]


def test_the_envelope_says_whom_a_message_is_for_whatever_its_headers_say(mailbox: Mailbox) -> None:
    mailbox.add("support@example.com", ["A@Example.com", "b@example.com"], mail("hello"))
    assert [kept.recipients for kept in mailbox.newest(to="a@example.com")] == [("A@Example.com", "b@example.com")]
    assert list(mailbox.newest(to="somebody-else@example.com")) == []


def test_the_oldest_messages_go_when_there_are_too_many(mailbox: Mailbox) -> None:
    for number in range(5):
        mailbox.add("support@example.com", ["a@example.com"], mail(f"number {number}"))
    assert [kept.subject for kept in mailbox.newest()] == ["number 4", "number 3", "number 2"]


def test_a_restart_keeps_messages_and_goes_on_counting(mailbox: Mailbox, tmp_path: Path) -> None:
    before = mailbox.add("support@example.com", ["a@example.com"], mail("kept"))
    restarted = Mailbox(tmp_path, limit=3)
    assert [kept.subject for kept in restarted.newest(to="a@example.com")] == ["kept"]
    assert restarted.add("support@example.com", ["a@example.com"], mail("next")) == before + 1


def test_nothing_of_a_message_reaches_the_page_as_markup(mailbox: Mailbox) -> None:
    number = mailbox.add("support@example.com", ["a@example.com"], mail(HOSTILE, text=HOSTILE, html=HOSTILE))
    kept = mailbox.get(number)
    assert kept is not None
    for page in (list_page([kept]), mail_page(kept)):
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_an_unknown_character_set_is_shown_as_it_came(mailbox: Mailbox) -> None:
    raw = b"Subject: odd\r\nContent-Type: text/plain; charset=nobody-knows\r\n\r\nplain letters\r\n"
    kept = mailbox.get(mailbox.add("support@example.com", ["a@example.com"], raw))
    assert kept is not None
    assert "plain letters" in kept.text


def test_a_message_that_was_never_taken_is_none(mailbox: Mailbox) -> None:
    assert mailbox.get(1) is None
