"""PURE: header fields and bodies as mail wants them (RFC 5322, 2045 to 2047), in ASCII only.

Written directly, because the standard library's EmailMessage takes many times the processor time to make the same mail,
and all services of a process wait for it.
"""

import base64
import binascii
import re
import secrets
import textwrap
from collections.abc import Iterator
from email.utils import formataddr
from typing import Final

LINE_LIMIT: Final = 76
"""Characters in a line, those of an encoded word and of an encoded body included."""
_WORD_LIMIT_BYTES: Final = 39
"""Of text in one encoded word: 64 characters with its frame, which fit in a line after `Subject: `."""
_NAME_LIMIT: Final = 200
"""A longer name is encoded, so that no line is longer than mail allows, even when all of it must be escaped."""
_BASE64_BETTER: Final = 1.4
"""Quoted-printable that is so many times as long as the text is longer than base64, and nobody can read it anyway."""
_FIELD: Final = re.compile(r"[ -~]{1,900}(?:\r\n [!-~][ -~]{0,900})*")
_PLAIN: Final = re.compile(rb"(?:[\t -~]{0,%d}\r\n)*" % LINE_LIMIT)


def field(name: str, value: str) -> bytes:
    """A header field. value: ASCII on one line, or folded by `text` or `mailbox`.

    Raises ValueError when it would end before its end, and so begin another field.
    """
    if not _FIELD.fullmatch(value):
        raise ValueError(f"{name} is no value of a header field")
    return f"{name}: {value}\r\n".encode("ascii")


def text(value: str) -> str:
    """A value for people to read, e.g. a subject. value: one line with single spaces, without `=?`."""
    if not value.isascii():
        return _encoded(value)
    if len(value) < LINE_LIMIT - len("Subject: "):
        return value
    lines = _wrapped(value)
    return "\r\n ".join(lines) if max(map(len, lines)) < LINE_LIMIT else _encoded(value)


def mailbox(name: str, address: str) -> str:
    """A name with its address. name: as in `text`, or empty; address: one plain ASCII address."""
    if not name.isascii() or len(name) > _NAME_LIMIT:
        return f"{_encoded(name)}\r\n <{address}>"
    line = formataddr((name, address))
    return line if len(line) < LINE_LIMIT - len("To: ") else "\r\n ".join(line.rsplit(" ", 1))


def alternatives(plain: str, html: str) -> bytes:
    """Fields and body of a mail that says the same as text and as HTML; each line ends as mail's lines do."""
    # Nobody can foresee it, and so nobody can write it to end a part.
    boundary = secrets.token_hex(16)
    kind = f'multipart/alternative;\r\n boundary="{boundary}"'
    head = field("MIME-Version", "1.0") + field("Content-Type", kind)
    line = b"\r\n--%b" % boundary.encode()
    return b"".join((head, line, b"\r\n", _part("plain", plain), line, b"\r\n", _part("html", html), line, b"--\r\n"))


def _part(kind: str, words: str) -> bytes:
    encoding, body = _body(words)
    head = field("Content-Type", f'text/{kind}; charset="utf-8"') + field("Content-Transfer-Encoding", encoding)
    return head + b"\r\n" + body


def _body(words: str) -> tuple[str, bytes]:
    """The shortest encoding that every server takes; 8bit is none, as servers need not offer it."""
    content = b"\r\n".join([*words.encode().splitlines(), b""])
    if _PLAIN.fullmatch(content):
        return "7bit", content
    readable = binascii.b2a_qp(content)
    if len(readable) <= _BASE64_BETTER * len(content):
        return "quoted-printable", readable
    return "base64", base64.encodebytes(content).replace(b"\n", b"\r\n")


def _wrapped(value: str) -> list[str]:
    width = LINE_LIMIT - len("Subject: ")
    return textwrap.wrap(value, width, break_long_words=False, break_on_hyphens=False)


def _encoded(value: str) -> str:
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in _words(value.encode()))


def _words(content: bytes) -> Iterator[bytes]:
    """Pieces of at most `_WORD_LIMIT_BYTES`, cut between letters: some mail programs decode each by itself."""
    start = 0
    while start < len(content):
        end = start + _WORD_LIMIT_BYTES
        while end < len(content) and content[end] & 0xC0 == 0x80:
            end -= 1
        yield content[start:end]
        start = end
