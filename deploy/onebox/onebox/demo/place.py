"""Where the demo plays: on the instance that runs here, on one it starts and stops, or on one that runs elsewhere."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from onebox.instance import State
from onebox.places import places
from onebox.ports import LOOPBACK, any_free
from onebox.running import NotStarted, running_instance
from onebox.seed import Credentials

ADMIN: Final = "admin"
PREFIX: Final = "TIERDESK_DEMO_"


class NoPlace(Exception):
    """There is nothing to play on. The message says what is missing."""


@dataclass(frozen=True)
class Place:
    """An instance and what the demo may do there.

    vendor_url: where vendor-bridge reaches the demo's vendor; vendor_port: where that listens on this machine.
    database_url: PostgreSQL's administrator; without it that half of the audit is not done. mail_url: ends in a slash.
    """

    url: str
    api_key: str
    admin: str
    admin_password: str
    vendor_url: str
    vendor_port: int
    mail_url: str | None = None
    database_url: str | None = None
    namespace: str = ""


def elsewhere(url: str, environment: Mapping[str, str] = os.environ) -> Place:
    """An instance at an address; everything else comes from the environment. Raises NoPlace."""
    missing = [PREFIX + name for name in ("API_KEY", "ADMIN_PASSWORD") if not environment.get(PREFIX + name)]
    if missing:
        raise NoPlace(f"With --url the demo needs {' and '.join(missing)} in the environment.")
    vendor_url = environment.get(PREFIX + "VENDOR_URL") or f"http://{LOOPBACK}:{any_free(set())}"
    port = environment.get(PREFIX + "VENDOR_PORT") or urlsplit(vendor_url).port
    if port is None:
        raise NoPlace(f"{PREFIX}VENDOR_URL needs a port, or {PREFIX}VENDOR_PORT says where the vendor listens.")
    return Place(
        url=url.rstrip("/"),
        api_key=environment[PREFIX + "API_KEY"],
        admin=environment.get(PREFIX + "ADMIN") or ADMIN,
        admin_password=environment[PREFIX + "ADMIN_PASSWORD"],
        vendor_url=vendor_url.rstrip("/"),
        vendor_port=int(port),
        mail_url=environment.get(PREFIX + "MAIL_URL"),
        database_url=environment.get("DATABASE_URL"),
        namespace=environment.get("TIERDESK_NAMESPACE", ""),
    )


@contextmanager
def here() -> Iterator[Place]:
    """The instance that runs here; when none does, one that is started now and stopped afterwards. Raises NoPlace."""
    try:
        with running_instance() as state:
            yield of_instance(places().home, state)
    except NotStarted as failure:
        raise NoPlace(str(failure)) from failure


def of_instance(home: Path, state: State) -> Place:
    """The instance of a TIERDESK_HOME that is up. Raises NoPlace when it was not installed from here."""
    credentials = Credentials(home)
    if credentials.api_key is None or ADMIN not in credentials.staff:
        raise NoPlace(f"{home} holds no sign-ins: use --url and the environment.")
    return Place(
        url=state.url.replace("localhost", LOOPBACK),
        api_key=credentials.api_key,
        admin=ADMIN,
        admin_password=credentials.staff[ADMIN],
        vendor_url=f"http://{LOOPBACK}:{state.vendor_port}",
        vendor_port=state.vendor_port,
        mail_url=state.mail_url.replace("localhost", LOOPBACK),
        database_url=state.database_url,
        namespace=os.environ.get("TIERDESK_NAMESPACE", ""),
    )
