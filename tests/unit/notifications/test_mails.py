"""Mails: what they say, how they are threaded, and that nothing written by anybody becomes a header or markup."""

import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.addresses import Addresses
from notifications.mails import Letterhead, Recipient, Unsendable, mail, one_line
from notifications.notices import MAILED, About, Notice
from shared.customer_state import CustomerState
from shared.ids import new_id

ISSUE, FIRST, CAUSE = new_id(), new_id(), new_id()
LETTERHEAD = Letterhead("Help <help@example.com>", Addresses("example.com", b"k" * 32), replies_read=False)
EXPECTED_HEADERS = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]
HOSTILE = [
    "Hello\r\nBcc: all@example.com",
    "Hello\nBcc: all@example.com",
    "Hello\r\n\r\n<script>alert(1)</script>",
    "=?utf-8?q?Hello=0D=0ABcc:_all@example.com?=",
    "=?utf-8?b?SGVsbG8NCkJjYzogYWxsQGV4YW1wbGUuY29t?=",
    "==??utf-8?q?=0D=0ABcc:_all@example.com?=",
    "Hello\u2028Bcc: all@example.com",
    "Hello\x85Bcc: all@example.com",
    "Hello\x0bBcc: all@example.com\x1f\x7f",
    "{{ 7 * 7 }} {% for x in ().__class__.__mro__ %}{% endfor %}",
    "Grüße 🦆 " * 37,
    "x" * 300,
    '"><img src=x onerror=alert(1)>',
]


def recipient(**changes: Any) -> Recipient:
    values: dict[str, Any] = {
        "issue": ISSUE,
        "number": 1001,
        "title": "I forgot my password",
        "name": "Grace Hopper",
        "address": "grace@example.org",
        "language": "en",
        "first": FIRST,
    }
    return Recipient(**values | changes)


def notice(about: About = About.REPLIED, **changes: Any) -> Notice:
    values: dict[str, Any] = {
        "at": datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        "state": CustomerState.IN_PROGRESS,
        "author": "Ada",
        "text": "Please try again.",
    }
    return Notice(about=about, **values | changes)


def sent(
    what: Notice | None = None, to: Recipient | None = None, cause: UUID = CAUSE, letterhead: Letterhead = LETTERHEAD
) -> EmailMessage:
    """The mail as its receiver reads it."""
    content = mail(what or notice(), to or recipient(), cause, letterhead)
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(content)
    assert not message.defects
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_an_announcement_is_a_mail_of_its_own_that_answers_no_request() -> None:
    message = sent(notice(About.ANNOUNCED))
    assert message["Subject"] == "I forgot my password"
    assert (message["Reply-To"], message["In-Reply-To"]) == (None, None)
    for kind in ("plain", "html"):
        words = body(message, kind)
        assert "I forgot my password" in words
        assert "Please try again." in words
        assert "#" not in words


@pytest.mark.parametrize("about", sorted(MAILED - {About.ANNOUNCED}))
def test_every_mail_names_the_request_and_can_be_read_as_text_and_as_html(about: About) -> None:
    message = sent(notice(about))
    for kind in ("plain", "html"):
        words = body(message, kind)
        assert "I forgot my password" in words
        assert "#1001" in words
        assert "Grace Hopper" in words
        assert not any(word in words.lower() for word in ("tier", "vendor", "queue", "ticket"))


def test_a_reply_holds_what_the_agent_wrote() -> None:
    message = sent(notice(text="First line.\nSecond line."))
    assert "Ada wrote" in body(message, "plain")
    assert body(message, "plain").splitlines()[4:6] == ["First line.", "Second line."]
    assert "First line.<br>" in body(message, "html")


def test_a_solution_says_how_to_reopen() -> None:
    assert "we take it up again" in body(sent(notice(About.SOLVED)), "plain")


def test_mails_invite_to_answer_only_where_answers_are_read() -> None:
    reading = Letterhead(LETTERHEAD.sender, LETTERHEAD.addresses, replies_read=True)
    assert "answers to this mail are not read" in body(sent(), "plain")
    assert "Answer this mail" in body(sent(letterhead=reading), "plain")


def test_all_mails_of_an_issue_hang_on_the_first() -> None:
    first = sent(notice(About.RECEIVED), cause=FIRST)
    later = sent(notice(About.SOLVED))
    assert first["In-Reply-To"] is None
    assert later["In-Reply-To"] == later["References"] == first["Message-ID"]
    assert later["Subject"] == f"Re: {first['Subject']}"
    assert later["Message-ID"] != first["Message-ID"]


def test_a_repeated_mail_has_the_same_id_and_date() -> None:
    one, other = sent(), sent()
    assert (one["Message-ID"], one["Date"]) == (other["Message-ID"], other["Date"])


def test_ids_stay_whole_under_a_long_domain() -> None:
    long = Letterhead(LETTERHEAD.sender, Addresses("customer-care.support.example-company.com", b"k" * 32), False)
    raw = mail(notice(), recipient(), CAUSE, long)
    assert long.addresses.message_id(ISSUE, FIRST).encode() in raw.split(b"In-Reply-To: ")[1].splitlines()[0]


def test_automatic_mail_says_so() -> None:
    assert sent()["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_title_adds_no_header_and_no_markup(text: str) -> None:
    message = sent(to=recipient(title=text))
    assert list(message.keys()) == EXPECTED_HEADERS
    assert len(message["Subject"].splitlines()) == 1
    assert not any(tag in body(message, "html") for tag in ("<script", "<img", "49"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_adds_no_header_and_no_receiver(text: str) -> None:
    message = sent(to=recipient(name=text[:100]))
    assert list(message.keys()) == EXPECTED_HEADERS
    assert [address.addr_spec for address in message["To"].addresses] == ["grace@example.org"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_was_written_stays_text(text: str) -> None:
    message = sent(notice(text=text, author=text, files=(text,)))
    assert list(message.keys()) == EXPECTED_HEADERS
    assert not any(tag in body(message, "html") for tag in ("<script", "<img"))


WORDS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('=?utf-8qb_@<>,;:"()[]\\\r\n.'), max_size=120
)


@settings(deadline=None)
@given(WORDS, WORDS, WORDS)
def test_a_mail_can_be_made_of_whatever_people_write(title: str, name: str, text: str) -> None:
    content = mail(notice(text=text), recipient(title=title, name=name), CAUSE, LETTERHEAD)
    message = BytesParser(EmailMessage, policy=email.policy.compat32).parsebytes(content)
    assert list(message.keys()) == EXPECTED_HEADERS


@pytest.mark.parametrize(
    "address",
    [
        "",
        "grace",
        "grace@",
        "@example.org",
        "grace@example.org, eve@example.org",
        "grace@example.org\r\nBcc: eve@example.org",
        "grace@example.org>\r\nRCPT TO:<eve@example.org",
        "Grace <grace@example.org>",
        "grace hopper@example.org",
        "=?utf-8?q?grace?=@example.org",
        "grace@exa mple.org",
        "grace@-example.org",
        "grace..hopper@example.org",
        "grâce@example.org",
        "g" * 65 + "@example.org",
    ],
)
def test_what_is_no_plain_address_gets_no_mail(address: str) -> None:
    with pytest.raises(Unsendable):
        mail(notice(), recipient(address=address), CAUSE, LETTERHEAD)


@pytest.mark.parametrize("language", ["de", "en-GB", "../../etc", "", "x" * 100, "en\n"])
def test_a_language_without_templates_is_answered_in_english(language: str) -> None:
    assert "Hello Grace" in body(sent(to=recipient(language=language)), "plain")


def test_one_line_cannot_be_read_backwards() -> None:
    assert one_line("abc\u202egpj.exe") == "abcgpj.exe"


def test_names_and_titles_in_any_script_are_read_as_they_were_written() -> None:
    message = sent(to=recipient(name="山田 太郎", title="Paßwort vergessen 🦆"))
    assert message["To"].addresses[0].display_name == "山田 太郎"
    assert message["Subject"] == "Re: [#1001] Paßwort vergessen 🦆"
    assert "Hello 山田 太郎," in body(message, "plain")
    assert "Paßwort vergessen 🦆" in body(message, "html")


def test_a_sender_may_have_any_name() -> None:
    message = sent(letterhead=Letterhead('"Grüße, Inc." <help@example.com>', LETTERHEAD.addresses, False))
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Grüße, Inc.", "help@example.com")
