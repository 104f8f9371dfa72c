"""The messages that the mail sink took, one file each, the newest kept."""

import email.policy
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

ENVELOPE_HEADERS = ("X-Sink-To", "X-Sink-From", "X-Sink-Received")
POLICY = email.policy.default.clone(utf8=True)


@dataclass(frozen=True)
class Mail:
    """One message with its envelope."""

    id: int
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message.get("subject", ""))

    @property
    def text(self) -> str:
        """The plain text body, or an empty text."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body as it came: hostile, to be shown escaped only."""
        return self._body("html")

    def summary(self) -> dict[str, object]:
        """The message as JSON values."""
        return {
            "id": self.id,
            "received_at": self.received_at,
            "from": self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
            "message_id": str(self.message.get("message-id", "")),
            "headers": {name.lower(): str(value) for name, value in self.message.items()},
            "text": self.text,
            "html": self.html,
        }

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content()).replace("\r\n", "\n")
        except (LookupError, UnicodeError):  # a character set that nobody knows
            return str(part.get_payload())


class Mailbox:
    """A folder of messages. A message that was taken is in its file; files over the limit go, oldest first."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        folder.mkdir(parents=True, exist_ok=True)
        kept = sorted(int(file.stem) for file in folder.glob("*.eml"))
        self._recipients = {number: _recipients(self._file(number)) for number in kept}

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> int:
        """Keep a message; its number, counting up from 1."""
        number = max(self._recipients, default=0) + 1
        envelope = (json.dumps(list(recipients)), sender, datetime.now(UTC).isoformat())
        head = "".join(f"{name}: {value}\r\n" for name, value in zip(ENVELOPE_HEADERS, envelope, strict=True))
        unfinished = self._folder / f"{number}.unfinished"
        unfinished.write_bytes(head.encode() + content)
        unfinished.rename(self._file(number))
        self._recipients[number] = frozenset(map(str.casefold, recipients))
        while len(self._recipients) > self._limit:
            oldest = next(iter(self._recipients))
            del self._recipients[oldest]
            self._file(oldest).unlink(missing_ok=True)
        return number

    def get(self, number: int) -> Mail | None:
        """One message, or None when it is not (or no longer) kept."""
        if number not in self._recipients:
            return None
        content = self._file(number).read_bytes()
        message = BytesParser(EmailMessage, policy=POLICY).parsebytes(content)
        recipients, sender, received_at = (str(message[name]) for name in ENVELOPE_HEADERS)
        for name in ENVELOPE_HEADERS:
            del message[name]
        return Mail(number, received_at, sender, tuple(json.loads(recipients)), message)

    def newest(self, *, to: str | None = None) -> Iterable[Mail]:
        """Messages, newest first; with `to` only those whose envelope names that address."""
        wanted = None if to is None else to.casefold()
        for number in sorted(self._recipients, reverse=True):
            if wanted is None or wanted in self._recipients[number]:
                mail = self.get(number)
                if mail is not None:
                    yield mail

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.eml"


def _recipients(file: Path) -> frozenset[str]:
    """Whom a kept message was sent to, from its first line."""
    with file.open("rb") as lines:
        addresses: list[str] = json.loads(lines.readline().partition(b": ")[2])
    return frozenset(map(str.casefold, addresses))


def list_page(mails: Iterable[Mail]) -> str:
    """The list as HTML."""
    rows = "".join(
        f"<tr><td>{mail.received_at[:19]}</td><td>{html.escape(', '.join(mail.recipients))}</td>"
        f'<td><a href="/mail/messages/{mail.id}">{html.escape(mail.subject or "(no subject)")}</a></td></tr>'
        for mail in mails
    )
    return _page("Mail", f"<table><tr><th>Received (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>")


def mail_page(mail: Mail) -> str:
    """One message as HTML. Nothing of it is trusted, so all of it is shown as text."""
    headers = "".join(f"{name}: {value}\n" for name, value in mail.message.items())
    parts = "".join(f"<pre>{html.escape(part)}</pre>" for part in (headers, mail.text, mail.html) if part)
    return _page(mail.subject or "(no subject)", f'<p><a href="/mail/">All mail</a></p>{parts}')


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        "<style>body{font:15px system-ui;margin:2rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}"
        "pre{white-space:pre-wrap;background:#f4f4f4;padding:1rem}</style>"
        f"<h1>{html.escape(title)}</h1>{body}</html>"
    )
