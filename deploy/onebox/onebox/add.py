"""`add`: the services' own commands, run with the settings of the running instance."""

import os
import sys
from collections.abc import Sequence

from onebox.instance import Instance, State
from onebox.keys import Secrets, root_secret, staff_public_keys, staff_signing_key
from onebox.layout import PRIVATE_TARGETS
from onebox.places import places
from onebox.ports import LOOPBACK

COMMANDS = {
    "agent": ("tier_queues", "add-agent"),
    "customer": ("intake", "add-customer"),
    "customers": ("intake", "import-customers"),
    "client-application": ("intake", "add-client-application"),
    "vendor": ("vendor_bridge", "add-vendor"),
    "model": ("router", "add-model"),
}


class NotRunning(Exception):
    """There is no instance to add anything to."""


def add(kind: str, arguments: Sequence[str]) -> None:
    """Become the service's command. Raises NotRunning."""
    package, command = COMMANDS[kind]
    os.environ.update(running_settings())
    os.execv(sys.executable, [sys.executable, "-m", package, command, *arguments])  # noqa: S606


def running_settings() -> dict[str, str]:
    """What a service's command must be told of the running instance. Raises NotRunning."""
    home = places().home
    state = Instance(home).state()
    if state is None or not state.ready:
        raise NotRunning("Not running. Start it: ./tierdesk up")
    return settings(state, Secrets(home / "secrets.json"))


def settings(state: State, secrets: Secrets) -> dict[str, str]:
    """What a service's command must be told to work on this instance's data as the instance does."""
    vendor = f"http://{LOOPBACK}:{state.vendor_port}"
    return {
        "DATABASE_URL": state.database_url,
        "KAFKA_BOOTSTRAP": state.kafka_bootstrap,
        "TIERDESK_SECRET": secrets.get("root", root_secret),
        "TIERDESK_STAFF_PUBLIC_KEYS": staff_public_keys(secrets.get("staff_signing_key", staff_signing_key)),
        "TIERDESK_PUBLIC_URL": state.url,
        PRIVATE_TARGETS: ",".join(filter(None, (os.environ.get(PRIVATE_TARGETS), vendor))),
    }
