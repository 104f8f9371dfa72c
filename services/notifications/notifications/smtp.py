"""OUT: one connection to the mail server, and what its answers mean."""

import asyncio
import contextlib
from types import TracebackType
from typing import Final, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from notifications.settings import Settings

DEFAULT_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
QUIT_TIMEOUT_SECONDS: Final = 2.0
PERMANENT: Final = range(500, 600)
CLOSING: Final = 421


class Refused(Exception):
    """The server will never take this mail for this recipient."""


class NotTaken(Exception):
    """The server is away, busy or wrongly set up; the same mail may be taken later."""


class MailServer:
    """Connects when the first mail is sent and keeps the connection for those that follow; `async with` ends it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is None:
            return
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            async with asyncio.timeout(QUIT_TIMEOUT_SECONDS):
                await self._client.quit()
        self._drop()

    async def send(self, sender: str, recipient: str, content: bytes) -> None:
        """Returns once the server has taken the mail. Raises Refused or NotTaken."""
        client = await self._connected()
        try:
            async with asyncio.timeout(self._settings.mail_timeout.total_seconds()):
                # Without a limit of its own for each command: the one above ends the whole mail.
                await client.sendmail(sender, [recipient], content, timeout=None)
        except aiosmtplib.SMTPSenderRefused as error:
            # This speaks about us and not about the customer: our set-up can be put right.
            raise NotTaken(_answer(error.code, error.message)) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._verdict(error.recipients[0]) from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._verdict(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._drop()
            raise NotTaken(_fault(error)) from error

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        self._drop()
        client = _client(self._settings)
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise NotTaken(_fault(error)) from error
        self._client = client
        return client

    def _verdict(self, error: aiosmtplib.SMTPResponseException) -> Refused | NotTaken:
        if error.code == CLOSING:
            self._drop()
        answer = _answer(error.code, error.message)
        return Refused(answer) if error.code in PERMANENT else NotTaken(answer)

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _client(settings: Settings) -> aiosmtplib.SMTP:
    url = urlsplit(settings.smtp_url.get_secret_value())
    return aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port or DEFAULT_PORTS[url.scheme],
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        # Looking up our own name may take many seconds on a machine without a name server.
        local_hostname=settings.mail_domain,
        use_tls=url.scheme == "smtps",
        start_tls={"smtps": False, "smtp+starttls": True}.get(url.scheme),
        timeout=settings.smtp_connect_timeout.total_seconds(),
    )


def _answer(code: int, message: str) -> str:
    return f"The mail server said {code} {message}"[:500]


def _fault(error: Exception) -> str:
    return f"The mail server was not reached: {type(error).__name__}: {error}"[:500]
