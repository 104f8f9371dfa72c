"""Models in a running router: added, compared in the shadow, followed, taken back; a damaged one changes nothing."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from router.app import build
from router.artefact import ARRAYS
from router.model_store import PAGE
from router.settings import Settings
from shared.ids import new_id
from shared.topics import ROUTING
from shared.vocabulary import Role
from support.events import envelope, submitted
from support.infrastructure import Infrastructure
from support.models import labelled_rows, small_model, trained_in
from support.people import as_command, bearer
from support.policies import policy_of_one_category
from support.router import AGENT, OPERATOR, Bench, settings_of
from support.running import prepare, rows, running
from support.waiting import until
from support.wire import wire

ADMIN = bearer(Role.ADMIN, agent="ada")
LOOK = timedelta(milliseconds=50)
TEXT = "csv export upload columns spreadsheet please"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that are whole, the third of them for a test to damage in the database, and one that is damaged."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(small_model(), folder / "first")
    for name, seed in (("second", 5), ("third", 6)):
        shutil.copytree(trained_in(tmp_path_factory.mktemp(name), labelled_rows(seed)), folder / name)
    shutil.copytree(small_model(), folder / "damaged")
    content = bytearray((folder / "damaged" / ARRAYS).read_bytes())
    content[-100] ^= 1
    (folder / "damaged" / ARRAYS).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
async def router(infrastructure: Infrastructure, folder: Path) -> AsyncIterator[Bench]:
    changes: dict[str, Any] = {"models_folder": folder, "models_look": LOOK}
    settings: Settings = settings_of(infrastructure).model_copy(update=changes)
    await prepare(settings)
    service = build(settings)
    async with wire(settings, ROUTING) as topics, running(service) as served:
        yield Bench(served, topics, service.db)


async def asked(
    router: Bench, path: str, body: Any = None, headers: dict[str, str] = ADMIN, **command: Any
) -> tuple[int, Any]:
    answer = await router.served.client.post(f"/router{path}", json=body, headers=as_command(headers, **command))
    return answer.status_code, answer.json()


async def rolled_back(router: Bench) -> tuple[int, Any]:
    return await asked(router, "/models/roll-back", version=await active(router))


async def active(router: Bench) -> int | None:
    """The number of the model that is followed."""
    models = (await router.get("/models", ADMIN))["items"]
    return next((int(model["number"]) for model in models if model["state"] == "active"), None)


async def added(router: Bench, name: str) -> str:
    status, model = await asked(router, "/models", {"folder": name})
    assert status in (200, 201), model
    return str(model["version"])


async def state_of(router: Bench, version: str) -> str:
    page = await router.get("/models", ADMIN)
    return str(next(model["state"] for model in page["items"] if model["version"] == version))


async def decided_by(router: Bench) -> tuple[str, str | None]:
    """How a new issue is decided: method and version of the model."""
    issue = new_id()
    await router.topics.send(envelope(submitted(title="Hello", text=TEXT), subject=issue))
    (event,) = await router.topics.heard_of(issue, 1)
    record = event.data.routing.record
    return record.method, record.model_version


async def test_a_model_is_added_compared_followed_and_taken_back(router: Bench) -> None:
    assert await decided_by(router) == ("keywords", None)
    first, second = await added(router, "first"), await added(router, "second")
    status, problem = await asked(router, f"/models/{first}/activate")
    assert (status, problem.get("state")) == (409, "candidate"), problem

    await asked(router, f"/models/{first}/compare")
    assert await decided_by(router) == ("keywords", None)
    sql = "SELECT 1 FROM model WHERE version = $1 AND compared > 0 AND same_tier > 0"
    await until(lambda: rows(router.db, sql, first), "the comparison is noted")

    status, model = await asked(router, f"/models/{first}/activate")
    assert (status, model["state"], model["changed_by"]) == (200, "active", "Ada")
    assert await decided_by(router) == ("model", first)

    await asked(router, f"/models/{second}/compare")
    await asked(router, f"/models/{second}/activate")
    assert await decided_by(router) == ("model", second)
    assert await state_of(router, first) == "replaced"

    status, model = await rolled_back(router)
    assert (status, model["version"], model["state"]) == (200, second, "rolled back")
    assert await decided_by(router) == ("model", first)
    await rolled_back(router)
    assert await decided_by(router) == ("keywords", None)
    status, problem = await rolled_back(router)
    assert (status, problem["type"]) == (409, "urn:tierdesk:problem:no-active-model")


async def test_a_repeated_roll_back_takes_one_model_back_and_a_late_one_none(router: Bench) -> None:
    first, second = await added(router, "first"), await added(router, "second")
    for version in (first, second):
        await asked(router, f"/models/{version}/compare")
        await asked(router, f"/models/{version}/activate")
    number = await active(router)
    assert (await asked(router, "/models/roll-back"))[0] == 428
    answers = [await asked(router, "/models/roll-back", key="once", version=number) for _ in range(2)]
    assert answers[0] == answers[1]
    assert await decided_by(router) == ("model", first)
    status, problem = await asked(router, "/models/roll-back", version=number)
    assert (status, problem["version"]) == (412, await active(router))
    assert (await rolled_back(router))[1]["version"] == first
    assert await active(router) is None


async def test_a_repeated_step_answers_the_same(router: Bench) -> None:
    first = await added(router, "first")
    answers = [await asked(router, f"/models/{first}/compare", key="one-step") for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


async def test_a_damaged_model_is_refused_with_the_reason_and_changes_nothing(router: Bench) -> None:
    before = await router.get("/models", ADMIN)
    status, problem = await asked(router, "/models", {"folder": "damaged"})
    assert (status, problem["status"]) == (422, 422)
    assert "digest differs" in problem["detail"]
    assert await router.get("/models", ADMIN) == before


async def test_a_model_that_was_damaged_in_the_database_is_neither_told_to_stand_nor_followed(router: Bench) -> None:
    first, spoilt = await added(router, "first"), await added(router, "third")
    await asked(router, f"/models/{first}/compare")
    await asked(router, f"/models/{first}/activate")
    async with router.db.transaction() as tx:
        await tx.fetch("UPDATE model SET arrays = substring(arrays FROM 1 FOR 1000) WHERE version = $1", spoilt)
    status, problem = await asked(router, f"/models/{spoilt}/compare")
    assert status == 422
    assert "digest differs" in problem["detail"]
    assert await state_of(router, spoilt) == "candidate"
    async with router.db.transaction() as tx:
        await tx.fetch("UPDATE model SET state = 'replaced' WHERE state = 'active'")
        await tx.fetch("UPDATE model SET state = 'active' WHERE version = $1", spoilt)
    await until(lambda: alarmed(router, f"Model {spoilt} is active and damaged"), "there is an alarm")
    assert await decided_by(router) == ("model", first)
    await rolled_back(router)
    assert await decided_by(router) == ("model", first)
    assert not await alarmed(router, "damaged")
    while await active(router) is not None:
        await rolled_back(router)


async def alarmed(router: Bench, words: str) -> bool:
    """Whether an alarm holds these words."""
    return any(words in alarm for alarm in (await router.get("/operations", OPERATOR))["alarms"])


async def test_a_model_that_is_compared_again_is_still_the_one_before(router: Bench) -> None:
    first, second = await added(router, "first"), await added(router, "second")
    for version in (first, second):
        await asked(router, f"/models/{version}/compare")
        await asked(router, f"/models/{version}/activate")
    await asked(router, f"/models/{first}/compare")
    await rolled_back(router)
    assert await decided_by(router) == ("model", first)
    await asked(router, f"/models/{second}/compare")
    await rolled_back(router)
    assert await decided_by(router) == ("keywords", None)


async def test_a_policy_that_fits_nothing_of_the_active_model_is_not_activated(router: Bench) -> None:
    first = await added(router, "first")
    yaml = ADMIN | {"content-type": "application/yaml"}
    content = policy_of_one_category(900, "magic")
    answer = await router.served.client.post("/router/policies", content=content, headers=as_command(yaml))
    assert answer.status_code == 201
    await asked(router, f"/models/{first}/compare")
    await asked(router, f"/models/{first}/activate")
    path = "/router/policies/900/activate"
    answer = await router.served.client.post(path, headers=as_command(ADMIN, version=1))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:tierdesk:problem:model-unfit")
    assert "has none of the model's categories" in answer.json()["detail"]
    await rolled_back(router)
    answer = await router.served.client.post(path, headers=as_command(ADMIN, version=1))
    assert answer.status_code == 200
    status, problem = await asked(router, f"/models/{first}/compare")
    assert (status, "has none of the model's categories" in problem["detail"]) == (422, True)
    answer = await router.served.client.post("/router/policies/1/activate", headers=as_command(ADMIN, version=900))
    assert answer.status_code == 200


async def test_the_same_model_is_known_again(router: Bench) -> None:
    await added(router, "first")
    status, _ = await asked(router, "/models", {"folder": "first"})
    assert status == 200


@pytest.mark.parametrize("name", ["..", "../first", "/etc", "", "First", "unheard-of", "a" * 101])
async def test_only_folders_in_the_folder_of_models_are_read(router: Bench, name: str) -> None:
    status, _ = await asked(router, "/models", {"folder": name})
    assert status == 422


@pytest.mark.parametrize("headers", [AGENT, OPERATOR])
async def test_only_administrators_change_models(router: Bench, headers: dict[str, str]) -> None:
    status, _ = await asked(router, "/models", {"folder": "first"}, headers)
    assert status == 403


async def test_an_unknown_version_is_not_found(router: Bench) -> None:
    status, _ = await asked(router, f"/models/{'0' * 16}/compare")
    assert status == 404


async def test_pages_of_models_come_from_the_index_and_together_are_the_whole(router: Bench) -> None:
    await added(router, "first")
    await added(router, "second")
    whole = (await router.get("/models", OPERATOR))["items"]
    paged = [page := await router.get("/models?limit=1", OPERATOR)]
    while page["next"]:
        paged.append(page := await router.get(f"/models?limit=1&after={page['next']}", OPERATOR))
    assert [page["items"][0]["version"] for page in paged] == [one["version"] for one in whole]
    async with router.db.transaction() as tx:
        for way in ("seqscan", "bitmapscan"):
            await tx.fetch(f"SET LOCAL enable_{way} = off")
        plan = "\n".join(row[0] for row in await tx.fetch(f"EXPLAIN {PAGE}", 100, 50))
    assert "Index Scan Backward using model_pkey" in plan
    assert "Sort" not in plan


async def test_two_models_never_stand_in_one_place(router: Bench) -> None:
    for name in ("first", "second"):
        await asked(router, f"/models/{await added(router, name)}/compare")
    shadows = await rows(router.db, "SELECT version FROM model WHERE state = 'shadow'")
    assert [row[0] for row in shadows] == [await added(router, "second")]


async def test_a_model_of_foreign_categories_is_refused(router: Bench, folder: Path, tmp_path: Path) -> None:
    foreign = [(text, f"foreign {label}") for text, label in labelled_rows()]
    shutil.copytree(trained_in(tmp_path, foreign), folder / "foreign")
    status, problem = await asked(router, "/models", {"folder": "foreign"})
    assert status == 422
    assert "has none of the model's categories" in problem["detail"]
