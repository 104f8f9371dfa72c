"""What a container of `docker-compose.yml` runs: make-secrets, migrate, run SERVICE, mail, sign-ins.

Secrets are made once, into a volume that every service reads; the signing key lies in one that tier-queues alone has.
"""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from onebox.files import write_text
from onebox.keys import root_secret, staff_public_keys, staff_signing_key

HOME: Final = Path("/var/lib/tierdesk")
SECRETS: Final = HOME / "secrets"
SIGNING_KEY: Final = HOME / "keys" / "signing-key.json"
PORT: Final = 8000
MAIL_PORT: Final = 8025
SMTP_PORT: Final = 1025


def main(arguments: list[str]) -> None:
    """Run one command."""
    command, *rest = arguments
    COMMANDS[command](*rest)


def make_secrets() -> None:
    """Make what is missing. Safe to run again: nothing is ever replaced."""
    _kept(SECRETS / "root", root_secret)
    _kept(SECRETS / "postgres-password", root_secret)
    signing_key = _kept(SIGNING_KEY, staff_signing_key)
    _kept(SECRETS / "public-keys.json", lambda: staff_public_keys(signing_key))


def migrate() -> None:
    """Databases, topics and, the first time, sign-ins; then end."""
    _enter(as_administrator=True)
    os.environ["TIERDESK_HOME"] = str(SECRETS)
    from onebox.install import main as install

    install()


def run(service: str) -> None:
    """Run one service in all roles until SIGTERM."""
    _enter(as_administrator=False)
    os.environ.setdefault("TIERDESK_INSTANCE", socket.gethostname())
    from onebox.layout import ALL_ROLES
    from onebox.process import main as serve

    sys.argv[1:] = [f"{service}={ALL_ROLES}", "--port", str(PORT), "--host", "0.0.0.0"]  # noqa: S104
    serve()


def mail() -> None:
    """The mail sink."""
    from onebox.mailsink import main as sink

    sys.argv[1:] = ["--folder", str(HOME / "mail"), "--smtp-port", str(SMTP_PORT), "--port", str(MAIL_PORT)]
    sys.argv += ["--host", "0.0.0.0"]  # noqa: S104
    sink()


def sign_ins() -> None:
    """Print the first sign-ins."""
    from onebox.seed import Credentials

    print("\n".join(Credentials(SECRETS).lines()))


def _enter(*, as_administrator: bool) -> None:
    """Put the secrets where settings look for them."""
    os.environ["TIERDESK_SECRET"] = (SECRETS / "root").read_text()
    os.environ["TIERDESK_STAFF_PUBLIC_KEYS"] = (SECRETS / "public-keys.json").read_text()
    if SIGNING_KEY.exists():
        os.environ["TIERDESK_TIER_QUEUES_SIGNING_KEY"] = SIGNING_KEY.read_text()
    if as_administrator:
        server = urlsplit(os.environ["DATABASE_URL"])
        password = quote((SECRETS / "postgres-password").read_text())
        signed_in = server._replace(netloc=f"postgres:{password}@{server.netloc.rpartition('@')[2]}")
        os.environ["DATABASE_URL"] = urlunsplit(signed_in)


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        write_text(file, make())
    return file.read_text()


COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "make-secrets": make_secrets,
    "migrate": migrate,
    "run": run,
    "mail": mail,
    "sign-ins": sign_ins,
}

if __name__ == "__main__":
    main(sys.argv[1:])
