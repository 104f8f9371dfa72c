"""Settings of notifications: `TIERDESK_NOTIFICATIONS_<NAME>`, besides those of every service."""

from datetime import timedelta
from email.utils import parseaddr
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

SMTP_SCHEMES: Final = frozenset({"smtp", "smtp+starttls", "smtps"})


class Settings(ServiceSettings):
    """Where mail goes out, how much is sent at once, and how long things are kept."""

    model_config = SettingsConfigDict(
        env_prefix="TIERDESK_NOTIFICATIONS_", frozen=True, populate_by_name=True, extra="ignore"
    )

    SERVICE: ClassVar[str] = "notifications"

    smtp_url: SecretStr = SecretStr("smtp://localhost:25")
    """`scheme://user:password@host:port`; smtp uses TLS when offered, smtp+starttls insists, smtps begins with it."""
    mail_from: str = "Support <support@localhost>"
    """Sender of every mail; its domain is that of reply addresses and Message-IDs."""
    mail_replies_read: bool = False
    """Whether answers to mails reach the issue; until they do, mails say to write where the issue was opened."""
    smtp_connect_timeout: timedelta = timedelta(seconds=10)
    mail_timeout: timedelta = timedelta(seconds=20)
    """One mail in all, from MAIL FROM to the server's acceptance."""
    mail_batch: int = 20
    """Mails sent over one connection and settled in one transaction: at most so many repeat after a crash."""
    webhook_batch: int = 8
    """Webhooks sent to one application at the same time."""
    mails_per_second: float = 200
    """Of one process: what the mail server allows, and what leaves time for everybody else in the process."""
    send_every: timedelta = timedelta(milliseconds=500)
    """How often due deliveries are looked for."""
    lease: timedelta = timedelta(seconds=90)
    """A batch taken by a process that then died is due again after this."""
    secret_overlap: timedelta = timedelta(hours=24)
    """How long webhooks carry the old secret's signature too."""
    deliveries_kept: timedelta = timedelta(days=90)
    """How long settled deliveries can be read."""
    housekeeping_limit: int = 5000
    """Rows deleted at once."""
    alarm_failed_within: timedelta = timedelta(hours=1)
    """Deliveries that failed for good within this raise an alarm."""
    alarm_waiting_longer: timedelta = timedelta(minutes=15)
    """Deliveries that wait longer raise an alarm."""

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in SMTP_SCHEMES or not parts.hostname:
            raise ValueError(f"must be {', '.join(sorted(SMTP_SCHEMES))} with a host")
        return url

    @field_validator("mail_from")
    @classmethod
    def _is_address(cls, sender: str) -> str:
        local, _, domain = parseaddr(sender)[1].rpartition("@")
        if not local or not domain or not sender.isprintable():
            raise ValueError("must be an address, as in `Support <support@example.com>`")
        return sender

    @property
    def mail_domain(self) -> str:
        """The domain of the sender's address."""
        return parseaddr(self.mail_from)[1].rpartition("@")[2]
