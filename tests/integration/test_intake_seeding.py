"""The schema, and who is let in: client applications with their keys, customers with their contracts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from intake.tables import MESSAGE
from shared.events.directory import ClientApplicationListed
from support.intake import ISSUE, Intake, Shop
from support.kafka import published
from support.running import rows, wait_until
from support.waiting import DEADLINE


def run(intake: Intake, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m intake …` against the running intake's database."""
    settings = intake.settings
    environment = {
        "DATABASE_URL": settings.server_url.get_secret_value(),
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "TIERDESK_NAMESPACE": settings.namespace,
        "TIERDESK_SECRET": settings.secret.get_secret_value(),
    }
    return subprocess.run(
        [sys.executable, "-m", "intake", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer_of(intake: Intake, *arguments: str) -> dict[str, Any]:
    done = run(intake, *arguments)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


async def test_the_newest_revision_is_what_the_code_expects(intake: Intake) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, MESSAGE.metadata))

    async with intake.service.db.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_key_is_shown_once_and_replaced_on_demand(intake: Intake) -> None:
    first = answer_of(intake, "add-client-application", "kiosk", "--name", "Kiosk")
    again = run(intake, "add-client-application", "kiosk", "--name", "Kiosk")
    assert (again.returncode != 0, "--rotate" in again.stderr) == (True, True)
    second = answer_of(intake, "add-client-application", "kiosk", "--name", "Kiosk 2", "--rotate")
    old, new = (Shop("kiosk", each["api_key"], intake.running.client) for each in (first, second))
    assert (await old.post("/issues", ISSUE)).status_code == 401
    assert (await new.post("/issues", ISSUE)).status_code == 202
    kept = await rows(intake.service.db, "SELECT * FROM client_application WHERE id = 'kiosk'")
    assert second["api_key"].split("_")[2] not in str(kept)


async def test_other_services_hear_of_client_applications_without_their_keys(intake: Intake) -> None:
    shop = await intake.application("listed")

    async def listed() -> list[ClientApplicationListed]:
        found = await published(intake.settings, "intake.directory")
        return [event.data for event in found if event.data.entity == shop.id]

    facts = await wait_until(listed, DEADLINE, "the application is in the directory")
    assert facts == [ClientApplicationListed(entity=shop.id, version=1, name="Listed", active=True)]


async def test_customers_come_from_a_file_or_one_by_one(intake: Intake, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(
        "email,name,account,plan,account_manager,products\n"
        "Ken@example.com,Ken,bell,gold,ada,\nrob@example.com,Rob,,,,go; plan 9\n",
        encoding="utf-8",
    )
    assert answer_of(intake, "import-customers", str(file)) == {"customers": 2}
    answer_of(
        intake,
        "add-customer",
        "--email",
        "ken@example.com",
        "--name",
        "Ken T.",
        "--account",
        "labs",
        "--product",
        "unix",
    )
    found = await rows(
        intake.service.db,
        "SELECT email, name, account, plan, account_manager, products, version FROM customer "
        "WHERE email IN ('ken@example.com', 'rob@example.com') ORDER BY email",
    )
    assert [tuple(row) for row in found] == [
        ("ken@example.com", "Ken T.", "labs", "standard", None, ["unix"], 2),
        ("rob@example.com", "Rob", "individual", "standard", None, ["go", "plan 9"], 1),
    ]


async def test_a_file_with_a_faulty_line_names_it(intake: Intake, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("email,name\nnobody,Nobody\n", encoding="utf-8")
    refused = run(intake, "import-customers", str(file))
    assert refused.returncode != 0
    assert "line 2" in refused.stderr
