"""PURE: a notice as a mail. Whatever customers and agents wrote stays text: no header, no markup comes from it."""

import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifications.addresses import Addresses
from notifications.notices import About, Notice

TEMPLATES: Final = Path(__file__).parent / "templates"
FALLBACK_LANGUAGE: Final = "en"
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE | re.DOTALL)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""What is sent to: ASCII, without `?`, with which an encoded word could begin."""
_SPACES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing and so make a line read as another."""


class Unsendable(ValueError):
    """No mail can be made of this, at no time: the message says why."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to write to about an issue. first: id of the IssueSubmitted, whose mail begins the thread."""

    issue: UUID
    number: int
    title: str
    name: str
    address: str
    language: str
    first: UUID


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all mails have in common. replies_read: whether an answer to a mail reaches the issue."""

    sender: str
    addresses: Addresses
    replies_read: bool

    @property
    def envelope_sender(self) -> str:
        """The address that bounces go to."""
        return parseaddr(self.sender)[1]


class _WithWholeIds(EmailPolicy):
    """The standard library splits a long id into encoded words, which no mail program joins to a thread."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in ("message-id", "in-reply-to", "references"):
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY: Final = _WithWholeIds(**{name: getattr(SMTP, name) for name in ("linesep", "max_line_length")})

_TEMPLATES: Final = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=lambda name: name is not None and name.endswith(".html"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def mail(notice: Notice, recipient: Recipient, cause: UUID, letterhead: Letterhead) -> bytes:
    """The mail about one fact, ready to be sent; the same bytes but for MIME boundaries at every attempt.

    Raises Unsendable when the address is not one, or when no mail can be made.
    """
    check_address(recipient.address)
    try:
        message = _message(notice, recipient, cause, letterhead)
        return message.as_bytes(policy=_POLICY)
    except (ValueError, LookupError, TemplateError) as error:
        raise Unsendable(f"{type(error).__name__}: {error}"[:300]) from error


def _message(notice: Notice, recipient: Recipient, cause: UUID, letterhead: Letterhead) -> EmailMessage:
    addresses = letterhead.addresses
    message = EmailMessage(policy=_POLICY)
    message["From"] = letterhead.sender
    message["To"] = Address(one_line(recipient.name), addr_spec=recipient.address)
    message["Reply-To"] = Address(addr_spec=addresses.reply_to(recipient.issue))
    message["Subject"] = _subject(notice, recipient)
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = addresses.message_id(recipient.issue, cause)
    if notice.about is not About.RECEIVED:
        first = addresses.message_id(recipient.issue, recipient.first)
        message["In-Reply-To"] = first
        message["References"] = first
    message["Auto-Submitted"] = "auto-generated"
    words = {"notice": notice, "number": recipient.number, "title": one_line(recipient.title)}
    words |= {"name": one_line(recipient.name), "replies_read": letterhead.replies_read}
    message.set_content(_rendered(notice, recipient, "txt", words))
    message.add_alternative(_rendered(notice, recipient, "html", words), subtype="html")
    return message


def check_address(address: str) -> None:
    """Raises Unsendable unless this is one plain address."""
    if not _ADDRESS.fullmatch(address):
        raise Unsendable("The customer's address is not one that mail can be sent to.")


def one_line(text: str) -> str:
    """Text as it may stand in a header: one line, read in the order in which it is written.

    The standard library decodes encoded words in header values, line ends included: they are broken here.
    """
    kept = "".join(" " if unicodedata.category(letter) in _SPACES else letter for letter in text)
    kept = "".join(letter for letter in kept if letter not in _DIRECTIONS)
    return " ".join(kept.split()).replace("=?", "= ?")


def _subject(notice: Notice, recipient: Recipient) -> str:
    """The same in all mails of an issue, because some mail programs join threads by it."""
    reply = "" if notice.about is About.RECEIVED else "Re: "
    return f"{reply}[#{recipient.number}] {one_line(recipient.title)}"


def _rendered(notice: Notice, recipient: Recipient, kind: str, words: dict[str, Any]) -> str:
    language = _LANGUAGE.fullmatch(recipient.language)
    wanted = [language[1].lower()] if language else []
    names = [f"{folder}/{notice.about}.{kind}" for folder in (*wanted, FALLBACK_LANGUAGE)]
    return _TEMPLATES.select_template(names).render(words)
