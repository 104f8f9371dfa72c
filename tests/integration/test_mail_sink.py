"""The mail sink as a mail server: what it has answered for is there to be read."""

import smtplib
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from onebox.ports import LOOPBACK, any_free
from support.mail_sink import mail_sink


@pytest.mark.parametrize("to", ["casey@customer.example", "jürgen@kunde.example"])
def test_an_accepted_message_survives_a_crash_of_the_sink(tmp_path: Path, to: str) -> None:
    smtp_port, port = any_free(set()), any_free(set())
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "support@example.com", to, "Ihre Anfrage № 1001"
    message.set_content("Grüße")
    with mail_sink(tmp_path, smtp_port, port) as process:
        with smtplib.SMTP(LOOPBACK, smtp_port) as connection:
            connection.send_message(message)
        process.kill()
    with mail_sink(tmp_path, smtp_port, port):
        listing = httpx.get(f"http://{LOOPBACK}:{port}/mail/messages.json", params={"to": to}).json()
        (kept,) = listing["messages"]
        assert kept["to"] == [to]
        assert kept["subject"] == "Ihre Anfrage № 1001"
        assert kept["text"] == "Grüße\n"
        page = httpx.get(f"http://{LOOPBACK}:{port}/mail/messages/{kept['id']}")
        assert "Grüße" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
