"""Pages as a real browser shows them: mail is text, whatever it holds."""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.async_api import Page, Request, expect

from onebox.ports import LOOPBACK, any_free
from support.mail_sink import mail_sink

HOSTILE = """<!doctype html><html><head><base href="http://evil.example/"><title>Gotcha</title>
<meta http-equiv="refresh" content="0;url=http://evil.example/"></head><body>
</pre></body><script>document.title='stolen';alert('script')</script>
<img id="planted" src="http://evil.example/pixel.png" onerror="alert('image')">
<svg id="planted-svg" onload="alert('svg')"></svg>
<iframe id="planted-frame" src="javascript:alert('frame')"></iframe>
<a id="planted-link" href="javascript:alert('link')">click</a>
<form id="planted-form" action="http://evil.example/"><input autofocus onfocus="alert('focus')"></form>
<style>body{display:none}</style></body></html>"""
HOSTILE_SUBJECT = "</title><script>alert('subject')</script><img src=x onerror=alert('subject')>"


@dataclass
class Seen:
    """What a page tried: dialogs it opened and addresses it asked for."""

    dialogs: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sink:
    """A running mail sink."""

    url: str
    smtp_port: int

    def receive(self, *, subject: str, text: str, html: str | None = None) -> None:
        """Let a mail arrive."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "support@example.com", "casey@customer.example", subject
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        with smtplib.SMTP(LOOPBACK, self.smtp_port) as connection:
            connection.send_message(message)


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    smtp_port, port = any_free(set()), any_free(set())
    with mail_sink(tmp_path_factory.mktemp("mail"), smtp_port, port):
        yield Sink(f"http://{LOOPBACK}:{port}", smtp_port)


def watched(page: Page) -> Seen:
    """Note from now on what the page tries."""
    seen = Seen()

    async def dismiss(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        await dialog.dismiss()

    def asked(request: Request) -> None:
        seen.asked.append(request.url)

    page.on("dialog", dismiss)
    page.on("request", asked)
    return seen


async def test_a_mail_that_was_received_is_listed_and_shown_as_text(page: Page, sink: Sink) -> None:
    sink.receive(subject="Ihre Anfrage № 1001", text="Grüße aus dem Support\n1 < 2 & 3 > 2")
    await page.goto(f"{sink.url}/mail/")
    await page.get_by_role("link", name="Ihre Anfrage № 1001").click()
    await expect(page.get_by_role("heading", name="Ihre Anfrage № 1001")).to_be_visible()
    await expect(page.get_by_text("1 < 2 & 3 > 2")).to_be_visible()
    await expect(page.get_by_text("casey@customer.example")).to_be_visible()
    await page.get_by_role("link", name="All mail").click()
    await expect(page.get_by_role("link", name="Ihre Anfrage № 1001")).to_be_visible()


async def test_hostile_html_in_a_mail_is_shown_and_never_run(page: Page, sink: Sink) -> None:
    seen = watched(page)
    sink.receive(subject=HOSTILE_SUBJECT, text=HOSTILE, html=HOSTILE)
    await page.goto(f"{sink.url}/mail/")
    await page.get_by_role("link", name=HOSTILE_SUBJECT).click()
    await expect(page.get_by_role("heading", name=HOSTILE_SUBJECT)).to_be_visible()
    await expect(page.get_by_text("document.title='stolen'").first).to_be_visible()
    await page.wait_for_load_state("networkidle")
    assert await page.locator("script, img, svg, iframe, form, base, [id^=planted]").count() == 0
    assert await page.title() == HOSTILE_SUBJECT
    assert seen.dialogs == []
    assert [address for address in seen.asked if not address.startswith(sink.url)] == []


async def test_what_slipped_into_a_page_would_still_not_run(page: Page, sink: Sink) -> None:
    """The second line of defence: the page's own policy refuses scripts, images, frames and requests."""
    seen = watched(page)
    await page.goto(f"{sink.url}/mail/")
    refused = await page.evaluate(_SLIP_IN)
    assert sorted(set(refused)) == ["connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem"]
    assert seen.dialogs == []


_SLIP_IN = """() => new Promise(done => {
    const refused = [];
    document.addEventListener('securitypolicyviolation', event => {
        refused.push(event.effectiveDirective);
        if (new Set(refused).size === 5) done(refused);
    });
    const script = document.createElement('script');
    script.textContent = "alert('script')";
    const frame = document.createElement('iframe');
    frame.src = '/mail/';
    document.body.append(script, frame);
    document.body.insertAdjacentHTML('beforeend', '<img src="/pixel.png"><svg onload="alert(1)"></svg>');
    fetch('/mail/messages.json').catch(() => {});
})"""
