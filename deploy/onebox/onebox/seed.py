"""The first sign-ins of an instance: made once, kept in a file that only its owner reads, shown by `up`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from onebox.files import write_json

APPLICATION = "demo"
CUSTOMER = {
    "email": "casey@customer.example",
    "name": "Casey Customer",
    "account": "Example Ltd",
    "plan": "standard",
    "account_manager": "lead",
}


class Credentials:
    """TIERDESK_HOME/credentials.json: passwords of staff by sign-in name, and the API key of one client application."""

    def __init__(self, home: Path) -> None:
        self._file = home / "credentials.json"
        self._values: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}

    @property
    def staff(self) -> Mapping[str, str]:
        """Passwords by sign-in name; empty when the staff was not made here."""
        staff: dict[str, str] = self._values.get("staff", {})
        return staff

    @property
    def api_key(self) -> str | None:
        """The key of the client application `demo`."""
        return self._values.get("api_key")

    def lines(self) -> list[str]:
        """What to show a person, one line each."""
        signs = [f"{'sign in as ' + name:20} {password}" for name, password in self.staff.items()]
        return [*signs, *([f"{'API key (' + APPLICATION + ')':20} {self.api_key}"] if self.api_key else [])]

    def keep(self, name: str, value: object) -> None:
        """Add to the file, so that it is there after a crash."""
        self._values[name] = value
        write_json(self._file, self._values)


async def seed(home: Path) -> None:
    """Make the first staff, client application and customer, when there is nobody yet.

    Secrets are kept before they are used, so a crash in between is finished by the next run with the same ones.
    """
    credentials = Credentials(home)
    await _seed_staff(credentials)
    if credentials.staff and not credentials.api_key:
        await _seed_application(credentials)


async def _seed_staff(credentials: Credentials) -> None:
    from shared.db import Database
    from tier_queues import roster
    from tier_queues.passwords import new_password
    from tier_queues.seed import FIRST_AGENTS, add_agents
    from tier_queues.settings import Settings

    settings = Settings()
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            if await roster.page(tx, after=None, limit=1):
                return
    finally:
        await db.close()
    if not credentials.staff:
        credentials.keep("staff", {agent.id: new_password() for agent in FIRST_AGENTS})
    first = [
        replace(agent, password=credentials.staff[agent.id], address=f"{agent.id}@example.com")
        for agent in FIRST_AGENTS
    ]
    await add_agents(settings, first)


async def _seed_application(credentials: Credentials) -> None:
    from intake.seed import ClientApplication, SeededCustomer, add_client_application, add_customers
    from intake.settings import Settings
    from shared.db import Database

    settings = Settings()
    db = Database(settings)
    try:
        await add_customers(db, [SeededCustomer.model_validate(CUSTOMER)])
        # rotate: a run that was killed after this line made the application, and nobody knows its key.
        application = ClientApplication(id=APPLICATION, name="Demonstration")
        key = await add_client_application(db, settings, application, rotate=True)
    finally:
        await db.close()
    credentials.keep("api_key", str(key))
