"""The organisation is data: changed while everything runs, kept as versions, exported and imported whole."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.queue_service import PASSWORD, QueueService, Staff, running_queues
from tier_queues.__main__ import program

FRONTLINE: dict[str, Any] = {"tiers": [1, 2], "push": "round-robin", "accept_within": "PT1M"}


@pytest.fixture
async def queues(infrastructure: Infrastructure) -> AsyncIterator[QueueService]:
    async with running_queues(infrastructure, frozenset({"web"})) as started:
        yield started


@pytest.fixture
async def admin(queues: QueueService) -> Staff:
    return await queues.staff("admin", role=Role.ADMIN, tiers=())


async def exported(admin: Staff) -> tuple[str, int]:
    answer = await admin.get("/organisation/export")
    assert answer.status_code == 200, answer.text
    return answer.text, int(answer.headers["etag"].strip('"'))


async def test_a_team_is_changed_by_who_knows_its_version(queues: QueueService, admin: Staff) -> None:
    team = next(row for row in (await admin.get("/teams")).json()["items"] if row["name"] == "frontline")
    changed = await admin.send("PUT", "/teams/frontline", FRONTLINE, version=team["version"])
    assert changed.status_code == 200, changed.text
    assert (changed.json()["tiers"], changed.json()["push"]) == ([1, 2], "round-robin")
    assert changed.headers["etag"] == f'"{team["version"] + 1}"'
    assert (await admin.send("PUT", "/teams/frontline", FRONTLINE, version=team["version"])).status_code == 412
    assert (await admin.send("PUT", "/teams/frontline", FRONTLINE)).status_code == 428
    assert (await admin.send("PUT", "/teams/frontline", {"tiers": [7]}, version=2)).status_code == 422
    assert (await admin.send("PUT", "/teams/frontline", {"leads": ["nobody"]}, version=2)).status_code == 422


async def test_a_new_tier_with_a_new_team_has_a_queue_at_once(queues: QueueService, admin: Staff) -> None:
    tier: dict[str, Any] = {"name": "Legal", "team": "lawyers"}
    assert (await admin.send("PUT", "/tiers/5", tier, version=0)).status_code == 422, "there is no such team yet"
    assert (await admin.send("PUT", "/teams/lawyers", {"tiers": []}, version=0)).status_code == 200
    assert (await admin.send("PUT", "/tiers/5", tier, version=0)).status_code == 200
    ada = await queues.staff("ada")
    issue = await queues.issue()
    await ada.give("claim", issue)
    offered = await ada.offer(issue, target={"tier": 5})
    assert offered.status_code == 200, offered.text
    rows = (await admin.get("/tiers")).json()
    assert [row["name"] for row in rows if row["tier"] == 5] == ["Legal"]


async def test_who_is_no_administrator_changes_nothing(queues: QueueService) -> None:
    lead = await queues.staff("lea", role=Role.LEAD)
    assert (await lead.send("PUT", "/teams/frontline", FRONTLINE, version=1)).status_code == 403
    assert (await lead.get("/organisation")).status_code == 403
    assert (await lead.get("/teams")).status_code == 200


async def test_every_change_is_a_version_that_says_who_and_why(queues: QueueService, admin: Staff) -> None:
    before = (await admin.get("/organisation")).json()
    await admin.send("PUT", "/teams/frontline", FRONTLINE | {"note": "Two tiers, one group."}, version=1)
    await admin.send("PUT", "/tiers/1", {"name": "First", "team": "frontline"}, version=1)
    versions = (await admin.get("/organisation/versions")).json()["items"]
    assert [row["note"] for row in versions] == ["Tier 1 changed.", "Two tiers, one group."]
    assert {row["by"] for row in versions} == {admin.id}
    first = (await admin.get(f"/organisation/versions/{before['version'] + 1}")).json()["organisation"]
    assert first["teams"]["frontline"]["tiers"] == [1, 2]
    assert first["tiers"]["1"]["name"] == "Frontline", "the second change came later"
    page = (await admin.get("/organisation/versions", limit=1)).json()
    following = (await admin.get("/organisation/versions", limit=1, after=page["next"])).json()
    assert [row["note"] for row in following["items"]] == ["Two tiers, one group."]
    assert (await admin.get("/organisation/versions/99")).status_code == 404


async def test_a_wrong_file_is_refused_with_line_and_reason_and_nothing_changes(
    queues: QueueService, admin: Staff
) -> None:
    text, version = await exported(admin)
    wrong = text.replace("team: frontline", "team: nobody", 1)
    body = {"yaml": wrong, "file": "ours.yaml", "note": "A try."}
    refused = await admin.send("PUT", "/organisation", body, version=version)
    assert refused.status_code == 422
    line = wrong.splitlines().index("    team: nobody") + 1
    assert (refused.json()["line"], refused.json()["detail"]) == (
        line,
        f"ours.yaml:{line}: tiers.1.team: there is no team nobody",
    )
    assert await exported(admin) == (text, version)


async def test_an_imported_file_is_the_organisation_from_then_on(queues: QueueService, admin: Staff) -> None:
    leaver, stayer = await queues.staff("leaver", teams=["frontline"]), await queues.staff("stayer")
    text, version = await exported(admin)
    # A list of agents is a mapping: what stands for the leaver becomes somebody new.
    body = {"yaml": text.replace(f"  {leaver.id}:", "  newcomer:"), "note": "A new colleague."}
    imported = await admin.send("PUT", "/organisation", body, version=version)
    assert imported.status_code == 200, imported.text
    assert imported.json()["version"] == version + 1
    members = {row["id"]: row for row in (await admin.get("/agents", limit=200)).json()["items"]}
    assert members["newcomer"]["active"]
    assert members[stayer.id]["version"] == 1, "nothing changed about this one"
    assert not members[leaver.id]["active"]
    issue = await queues.issue()
    assert (await leaver.give("claim", issue)).status_code == 403
    assert (await stayer.give("claim", issue)).status_code == 200
    signing_in = {"agent": "newcomer", "password": PASSWORD}
    refused = await queues.running.client.post("/tier-queues/session", json=signing_in)
    assert refused.status_code == 401, "somebody must give them a password first"
    again = await admin.send("PUT", "/organisation", body, version=version)
    assert (again.status_code, again.json()["version"]) == (412, version + 1)


async def test_a_tier_with_open_issues_cannot_be_left_out(queues: QueueService, admin: Staff) -> None:
    await queues.issue(tier=3)
    text, version = await exported(admin)
    without = "\n".join(line for line in text.splitlines() if "Experts" not in line and line != "  3:")
    without = without.replace("    team: experts\n", "", 1).replace("    - 3\n", "    - 2\n")
    body = {"yaml": without, "note": "No more experts."}
    refused = await admin.send("PUT", "/organisation", body, version=version)
    assert (refused.status_code, refused.json().get("tier")) == (409, 3), refused.text
    assert await exported(admin) == (text, version)


async def test_a_tier_with_open_issues_is_not_left_by_its_people(queues: QueueService, admin: Staff) -> None:
    issue = await queues.issue(tier=3)
    body: dict[str, Any] = {"name": "Experts", "team": "experts", "staffed": False}
    refused = await admin.send("PUT", "/tiers/3", body, version=1)
    assert (refused.status_code, refused.json().get("tier")) == (409, 3), refused.text
    text, version = await exported(admin)
    imported = {"yaml": text.replace("name: Experts", "name: Experts\n    staffed: false"), "note": "No people."}
    assert (await admin.send("PUT", "/organisation", imported, version=version)).json().get("tier") == 3
    eve = await queues.staff("eve", tiers=[3])
    await eve.give("claim", issue)
    assert (await admin.send("PUT", "/tiers/3", body, version=1)).status_code == 409
    await eve.give("resolve", issue, resolution="solved", text="Done.")
    assert (await admin.send("PUT", "/tiers/3", body, version=1)).status_code == 200


async def test_the_command_line_exports_and_imports_the_same_file(
    queues: QueueService, admin: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = queues.settings
    for name, value in {
        "DATABASE_URL": settings.server_url.get_secret_value(),
        "KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "TIERDESK_SECRET": settings.secret.get_secret_value(),
        "TIERDESK_NAMESPACE": settings.namespace,
    }.items():
        monkeypatch.setenv(name, value)
    command_line = CliRunner()
    shown = await asyncio.to_thread(command_line.invoke, program, ["organisation", "export"])
    assert shown.stdout == (await exported(admin))[0]
    file = tmp_path / "organisation.yaml"
    file.write_text(shown.stdout.replace("name: Experts", "name: Wizards"), encoding="utf-8")
    imported = await asyncio.to_thread(command_line.invoke, program, ["organisation", "import", str(file)])
    assert imported.exit_code == 0, imported.output
    assert "name: Wizards" in (await exported(admin))[0]
    file.write_text("tiers: {}\n", encoding="utf-8")
    refused = await asyncio.to_thread(command_line.invoke, program, ["organisation", "import", str(file)])
    assert refused.exit_code == 1
    assert "organisation.yaml:1: " in refused.output


async def test_an_agent_says_whether_work_may_be_given_to_them(queues: QueueService) -> None:
    ada = await queues.staff("ada")
    assert (await ada.get("/me")).json()["availability"] == "offline"
    said = await ada.send("PUT", "/me/availability", {"availability": "online"})
    assert (said.status_code, said.json()["availability"]) == (200, "online")
    assert (await ada.get("/me")).json()["availability"] == "online"
    assert (await ada.send("PUT", "/me/availability", {"availability": "asleep"})).status_code == 422


async def test_an_agent_has_skills_and_shifts(queues: QueueService, admin: Staff) -> None:
    ada = await queues.staff("ada")
    shifts = {"zone": "Europe/Berlin", "windows": [{"day": "monday", "from": "09:00", "to": "17:00"}]}
    body = {"name": "Ada", "role": "agent", "tiers": [1], "skills": {"german": 3}, "shifts": shifts}
    changed = await admin.send("PUT", f"/agents/{ada.id}", body, version=1)
    assert changed.status_code == 200, changed.text
    assert changed.json()["skills"] == {"german": 3}
    shown = (await ada.get("/me")).json()
    assert shown["shifts"]["zone"] == "Europe/Berlin"
    assert (
        await admin.send("PUT", f"/agents/{ada.id}", body | {"skills": {"german": 9}}, version=2)
    ).status_code == 422
