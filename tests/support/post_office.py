"""A real SMTP server for tests, which can be closed, opened again, and told to refuse."""

import asyncio
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from onebox.ports import any_free

HOST: Final = "127.0.0.1"


class PostOffice:
    """taken: (receiver, mail) in the order of arrival. refusals: what is answered to RCPT TO, by receiver."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[tuple[str, EmailMessage]] = []
        self.refusals: dict[str, str] = {}
        self.connections = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    async def open(self) -> None:
        """Take mail, on the same port as ever."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, HOST, self.port)

    async def close(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def subjects(self, receiver: str) -> list[str]:
        """Subjects of what a receiver got, oldest first."""
        return [str(mail["Subject"]) for to, mail in self.taken if to == receiver]

    def texts(self, receiver: str) -> list[str]:
        """Plain texts of what a receiver got, oldest first."""
        return [_text(mail) for to, mail in self.taken if to == receiver]

    def ids(self, receiver: str) -> list[str]:
        """Message-IDs of what a receiver got, oldest first."""
        return [str(mail["Message-ID"]) for to, mail in self.taken if to == receiver]

    def _session(self) -> SMTP:
        self.connections += 1
        return SMTP(self, hostname="mail.localhost", enable_SMTPUTF8=True)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """What aiosmtpd asks for each receiver."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """What aiosmtpd asks for each mail."""
        mail = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(envelope.original_content or b"")
        self.taken.extend((receiver, mail) for receiver in envelope.rcpt_tos)
        return "250 taken"


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return "" if part is None else str(part.get_content())


@asynccontextmanager
async def post_office() -> AsyncIterator[PostOffice]:
    """An open post office."""
    office = PostOffice(any_free(set()))
    await office.open()
    try:
        yield office
    finally:
        await office.close()
