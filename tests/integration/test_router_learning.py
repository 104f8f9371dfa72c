"""From work to a model that decides: agents correct and resolve issues, and `tierdesk train` learns from that."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from router.app import build
from router.settings import Settings
from shared.ids import new_id
from shared.topics import ROUTING
from shared.vocabulary import Role
from support.events import envelope, reclassified, resolved, submitted
from support.infrastructure import Infrastructure
from support.models import labelled_rows
from support.people import as_command, bearer
from support.router import Bench, settings_of
from support.running import prepare, rows, running
from support.waiting import until
from support.wire import wire

ADMIN = bearer(Role.ADMIN, agent="ada")
LOOK = timedelta(milliseconds=50)
WITHIN = timedelta(seconds=30)
TAUGHT = [(text, label) for text, label in labelled_rows() if label != "oos"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the router finds models to add."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
async def router(infrastructure: Infrastructure, folder: Path) -> AsyncIterator[Bench]:
    changes: dict[str, Any] = {"models_folder": folder, "models_look": LOOK}
    settings: Settings = settings_of(infrastructure).model_copy(update=changes)
    await prepare(settings)
    service = build(settings)
    async with wire(settings, ROUTING) as topics, running(service) as served:
        yield Bench(served, topics, service.db)


async def test_a_model_is_learnt_from_what_agents_resolved_and_decides_the_next_issue(
    router: Bench, infrastructure: Infrastructure, folder: Path
) -> None:
    await worked_off(router)
    assert "texts of 5 labels" in await trained(infrastructure, folder / "learnt")

    model = await asked(router, "", {"folder": "learnt"})
    version = model["version"]
    assert (await asked(router, f"/{version}/compare"))["state"] == "shadow"
    assert (await decided(router)).method == "keywords"
    assert (await asked(router, f"/{version}/activate"))["state"] == "active"
    record = await decided(router)
    assert (record.method, record.model_version) == ("model", version)
    assert record.categories[0].category == "import_export"
    await asked(router, "/roll-back", version=model["number"])


async def worked_off(router: Bench) -> None:
    """Issues that agents put into their categories and resolved, and labels that the router made of that."""
    issues = {new_id(): (text, label) for text, label in TAUGHT}
    await router.topics.send(
        *(envelope(submitted(title="A question", text=text), subject=issue) for issue, (text, _) in issues.items())
    )
    await until_kept(router, "decision", issues)
    await router.topics.send(
        *(
            event
            for issue, (_, label) in issues.items()
            for event in (envelope(reclassified(label), subject=issue), envelope(resolved(), subject=issue, seq=2))
        )
    )
    await until_kept(router, "confirmed_label", issues)


async def until_kept(router: Bench, table: str, issues: dict[UUID, tuple[str, str]]) -> None:
    """Wait until a table holds something of each issue."""
    sql = f"SELECT 1 FROM {table} WHERE issue_id = ANY($1) HAVING count(DISTINCT issue_id) = $2"
    await until(lambda: rows(router.db, sql, list(issues), len(issues)), f"{table} holds all issues", within=WITHIN)


async def trained(infrastructure: Infrastructure, folder: Path) -> str:
    """What the command says that makes a model of confirmed labels."""
    arguments = ("-m", "onebox", "train", "--from-confirmed", "--out", str(folder))
    environment = os.environ | infrastructure.environment()
    running = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    assert running.returncode == 0, said.decode()
    return said.decode()


async def asked(router: Bench, path: str, body: Any = None, version: int | None = None) -> Any:
    """The answer to an administrator's step with a model."""
    answer = await router.served.client.post(
        f"/router/models{path}", json=body, headers=as_command(ADMIN, version=version)
    )
    return answer.raise_for_status().json()


async def decided(router: Bench) -> Any:
    """The record of a new issue's decision."""
    issue = new_id()
    said = submitted(title="A question", text="csv export upload columns spreadsheet please")
    await router.topics.send(envelope(said, subject=issue))
    (event,) = await router.topics.heard_of(issue, 1)
    return event.data.routing.record
