"""Mail's bytes: what was put in is what a mail program reads, and every server on the way may carry it."""

import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications import mime
from notifications.mails import one_line

NAMES = [
    "Grace Hopper",
    "Hopper, Grace (Navy)",
    'Grace "Amazing" Hopper',
    "back\\slash",
    "Jürgen Groß",
    "Zoë, the 2nd",
    "山田 太郎",
    "Анна Каренина",
    "דוד",
    "🦆",
    "Grace " * 20 + "Hopper",
]
SUBJECTS = [
    "[#1] I forgot my password",
    "Re: [#1] Ich habe mein Paßwort vergessen und weiß nicht, wie es weitergehen soll: können Sie mir bitte helfen?",
    "Re: [#1] パスワードを忘れました。どうすればよいですか、教えてください。よろしくお願いします。",
    "Re: [#1] 🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆🦆",
    "Re: [#1] " + "I forgot my password " * 10 + "again",
    "Re: [#1] " + "x" * 300,
]
WRITTEN = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=. \t\r\n-\x00"), max_size=400)


def read(*fields: bytes, plain: str = "Hello", html: str = "<p>Hello") -> EmailMessage:
    head, content = b"".join(fields), mime.alternatives(plain, html)
    assert (head + content).isascii()
    assert (max(map(len, head.split(b"\r\n"))) <= 998, max(map(len, content.split(b"\r\n"))) <= 78) == (True, True)
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(head + content)
    assert not any(part.defects for part in message.walk())
    return message


def words(message: EmailMessage, kind: str) -> bytes:
    part = message.get_body((kind,))
    assert part is not None
    assert part.get_content_charset() == "utf-8"
    return bytes(part.get_payload(decode=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_was_given(name: str) -> None:
    message = read(mime.field("To", mime.mailbox(name, "grace@example.org")))
    (address,) = message["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, "grace@example.org")


def test_a_name_in_several_encoded_words_is_one_name() -> None:
    value = mime.mailbox("Ж" * 50, "grace@example.org")
    name, address = value.rsplit(" ", 1)
    assert str(make_header(decode_header(name.strip()))) == "Ж" * 50
    assert address == "<grace@example.org>"
    assert [one.addr_spec for one in read(mime.field("To", value))["To"].addresses] == ["grace@example.org"]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_read_as_it_was_given(subject: str) -> None:
    assert read(mime.field("Subject", mime.text(subject)))["Subject"] == subject


def test_each_encoded_word_can_be_read_by_itself() -> None:
    pieces = mime.text("a🦆ß" * 60).split("\r\n ")
    assert "".join(str(make_header(decode_header(piece))) for piece in pieces) == "a🦆ß" * 60


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_people_write_stays_in_its_field(title: str, name: str) -> None:
    subject = f"[#1] {one_line(title)}"
    fields = mime.field("Subject", mime.text(subject)), mime.field("To", mime.mailbox(one_line(name), "g@example.org"))
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(b"".join(fields))
    assert message.keys() == ["Subject", "To"]
    assert str(message["Subject"]).strip() == subject.strip()
    assert [address.addr_spec for address in message["To"].addresses] == ["g@example.org"]


@pytest.mark.parametrize("value", ["", "a\r\nBcc: b", "a\nBcc: b", "a\r\n\r\nb", "a\r\n \r\nb", "a\r", "ä", "a\x00"])
def test_a_value_that_would_leave_its_field_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="Subject"):
        mime.field("Subject", value)


@settings(deadline=None)
@given(WRITTEN, WRITTEN)
def test_a_text_is_read_line_by_line_as_it_was_written(plain: str, html: str) -> None:
    message = read(plain=plain, html=html)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert words(message, "plain").splitlines() == plain.encode().splitlines()
    assert words(message, "html").splitlines() == html.encode().splitlines()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello.\n", "7bit"),
        ("Viele Grüße aus Bremen.\n", "quoted-printable"),
        ("x" * 2000, "quoted-printable"),
        ("Hello\x00", "quoted-printable"),
        ("パスワード", "base64"),
    ],
)
def test_a_text_is_encoded_only_as_far_as_it_must_be(text: str, encoding: str) -> None:
    part = read(plain=text).get_body(("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == encoding
