"""Takes all mail that Tierdesk sends on this machine and shows it on a page: nothing leaves."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from onebox.mailbox import Mailbox, list_page, mail_page
from onebox.ports import LOOPBACK

KEPT_MESSAGES = 2_000
LISTED_MESSAGES = 200
MESSAGE_LIMIT_BYTES = 20 * 1024 * 1024
DRAIN_WITHIN = timedelta(seconds=2)
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Taker:
    """What aiosmtpd calls for each message."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message; the answer is sent after it is kept."""
        content = envelope.original_content or b""
        number = self._mailbox.add(envelope.mail_from or "", envelope.rcpt_tos, content)
        return f"250 kept as {number}"


def build(mailbox: Mailbox, *, host: str, smtp_port: int) -> Starlette:
    """The page, with the SMTP server as long as it is up."""

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        taker = Taker(mailbox)
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(taker, data_size_limit=MESSAGE_LIMIT_BYTES, enable_SMTPUTF8=True, hostname="mail.localhost"),
            host,
            smtp_port,
        )
        async with server:
            yield

    async def listing(request: Request) -> Response:
        mails = islice(mailbox.newest(to=request.query_params.get("to")), LISTED_MESSAGES)
        return HTMLResponse(list_page(mails), headers=PAGE_HEADERS)

    async def listing_json(request: Request) -> Response:
        mails = islice(mailbox.newest(to=request.query_params.get("to")), LISTED_MESSAGES)
        return JSONResponse({"messages": [mail.summary() for mail in mails]}, headers=PAGE_HEADERS)

    async def message(request: Request) -> Response:
        mail = mailbox.get(request.path_params["number"])
        if mail is None:
            return PlainTextResponse("No such message.", 404)
        return HTMLResponse(mail_page(mail), headers=PAGE_HEADERS)

    async def ready(request: Request) -> Response:
        return PlainTextResponse("ready")

    endpoints = [
        Route("/", lambda request: RedirectResponse("/mail/")),
        Route("/mail/", listing),
        Route("/mail/messages.json", listing_json),
        Route("/mail/messages/{number:int}", message),
        Route("/readyz", ready),
    ]
    return Starlette(routes=endpoints, lifespan=lifespan)


def main() -> None:
    """Serve SMTP and the page; on loopback unless told otherwise."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=LOOPBACK)
    options = parser.parse_args()
    uvicorn.run(
        build(Mailbox(options.folder, limit=KEPT_MESSAGES), host=options.host, smtp_port=options.smtp_port),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(DRAIN_WITHIN.total_seconds()),
    )


if __name__ == "__main__":
    main()
