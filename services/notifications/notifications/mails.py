"""PURE: a notice as a mail. Whatever customers and agents wrote stays text: no header, no markup comes from it."""

import re
from dataclasses import dataclass
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifications import mime
from notifications.addresses import Addresses
from notifications.notices import About, Notice
from notifications.staff_notices import StaffNotice

TEMPLATES: Final = Path(__file__).parent / "templates"
FALLBACK_LANGUAGE: Final = "en"
STAFF_TEMPLATE: Final = "staff"
"""Of every mail to a member of staff."""
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE | re.DOTALL)
_ADDRESS: Final = re.compile(
    r"(?!\.|.*\.[.@])"
    r"[A-Za-z0-9!#$%&'*+/=^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
"""What is sent to: ASCII, with single dots inside, without `?`, with which an encoded word could begin."""
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Controls, line and paragraph separators, halves of characters."""
_DIRECTIONS: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of writing and so make a line read as another."""
ALONE: Final = frozenset({About.RECEIVED, About.ANNOUNCED})
"""What begins a thread, or belongs to none."""
_TEMPLATES_KEPT: Final = 256
"""All templates in many languages, and bounded, as customers name the language."""


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


_TEMPLATES: Final = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=lambda name: name is not None and name.endswith(".html"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
)


def mail(notice: Notice | StaffNotice, recipient: Recipient, cause: UUID, letterhead: Letterhead) -> bytes:
    """The mail about one fact, ready to be sent; the same bytes but for MIME boundaries at every attempt.

    Raises Unsendable when the address is not one, or when no mail can be made.
    """
    check_address(recipient.address)
    try:
        return _headers(notice, recipient, cause, letterhead) + _content(notice, recipient, letterhead)
    except (ValueError, LookupError, TemplateError) as error:
        raise Unsendable(f"{type(error).__name__}: {error}"[:300]) from error


def _headers(notice: Notice | StaffNotice, recipient: Recipient, cause: UUID, letterhead: Letterhead) -> bytes:
    addresses = letterhead.addresses
    # What staff answers to a notice must never count as the customer's words: it goes to the sender.
    internal = isinstance(notice, StaffNotice)
    fields = {
        "To": mime.mailbox(one_line(recipient.name), recipient.address),
        **({} if internal else {"Reply-To": addresses.reply_to(recipient.issue)}),
        "Subject": mime.text(_subject(notice, recipient)),
        "Date": format_datetime(notice.at),
        "Message-ID": addresses.message_id(recipient.issue, cause),
    }
    if notice.about is About.ANNOUNCED:
        del fields["Reply-To"]  # There is no issue that an answer could reach.
    if notice.about not in ALONE and not internal:
        first = addresses.message_id(recipient.issue, recipient.first)
        fields |= {"In-Reply-To": first, "References": first}
    fields["Auto-Submitted"] = "auto-generated"
    return _sender(letterhead.sender) + b"".join(mime.field(*field) for field in fields.items())


@lru_cache(maxsize=8)
def _sender(sender: str) -> bytes:
    """The header field, made by the standard library: operators may write any form of mailbox that it reads."""
    return SMTP.fold_binary(*SMTP.header_store_parse("From", sender))


def _content(notice: Notice | StaffNotice, recipient: Recipient, letterhead: Letterhead) -> bytes:
    words = {"notice": notice, "number": recipient.number, "title": one_line(recipient.title)}
    words |= {"name": one_line(recipient.name), "replies_read": letterhead.replies_read}
    template = STAFF_TEMPLATE if isinstance(notice, StaffNotice) else str(notice.about)
    plain, html = (_template(recipient.language, template, kind).render(words) for kind in ("txt", "html"))
    return mime.alternatives(plain, html)


def check_address(address: str) -> None:
    """Raises Unsendable unless this is one plain address."""
    if not _ADDRESS.fullmatch(address):
        raise Unsendable("The address is not one that mail can be sent to.")


def one_line(text: str) -> str:
    """Text as it may stand in a header: one line, read in the order in which it is written.

    Mail programs decode encoded words in header values, line ends included: they are broken here.
    """
    kept = _DIRECTIONS.sub("", _BREAKS.sub(" ", text))
    return " ".join(kept.split()).replace("=?", "= ?")


def _subject(notice: Notice | StaffNotice, recipient: Recipient) -> str:
    """The same in all mails of an issue, because some mail programs join threads by it."""
    if notice.about is About.ANNOUNCED:
        return one_line(recipient.title)
    reply = "" if notice.about is About.RECEIVED or isinstance(notice, StaffNotice) else "Re: "
    return f"{reply}[#{recipient.number}] {one_line(recipient.title)}"


@lru_cache(maxsize=_TEMPLATES_KEPT)
def _template(language: str, name: str, kind: str) -> Template:
    match = _LANGUAGE.fullmatch(language)
    wanted = [match[1].lower()] if match else []
    return _TEMPLATES.select_template([f"{folder}/{name}.{kind}" for folder in (*wanted, FALLBACK_LANGUAGE)])
