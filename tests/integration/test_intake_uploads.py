"""Files that go with messages: streamed in, counted, kept apart, and removed when nobody uses them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from intake.settings import Settings
from shared.events import work
from shared.events.issues import Attachment
from shared.ids import new_id
from shared.vocabulary import IssueState
from support.events import worked
from support.infrastructure import Infrastructure
from support.intake import ISSUE, Intake, Shop, intake_settings, running_intake
from support.people import as_command, bearer
from support.running import rows, wait_until

LIMIT_BYTES = 10 * 1024 * 1024
SOON = timedelta(seconds=20)


@pytest.fixture(scope="module")
def settings(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    quickly = timedelta(milliseconds=100)
    return intake_settings(infrastructure, tmp_path_factory.mktemp("files"), cleaning_every=quickly)


@pytest.fixture(scope="module")
async def intake(settings: Settings) -> AsyncIterator[Intake]:
    async with running_intake(settings) as started:
        yield started


def stored(intake: Intake) -> set[str]:
    """Everything that lies in the object store, half-written files included."""
    folder = Path(intake.settings.object_store.removeprefix("file://"))
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_a_file_comes_back_as_it_was_and_is_never_shown_by_a_browser(shop: Shop) -> None:
    content = bytes(range(256)) * 4000
    uploaded = await shop.upload(content, name="K%C3%A4se%20%22log%22.html", media_type="text/HTML; charset=utf-8")
    assert uploaded.status_code == 201
    assert uploaded.json() == {
        "id": uploaded.json()["id"],
        "name": 'Käse "log".html',
        "media_type": "text/html",
        "size_bytes": len(content),
    }
    found = await shop.client.get(uploaded.headers["location"], headers=shop.headers)
    assert found.content == content
    assert found.headers["content-disposition"] == "attachment; filename*=UTF-8''K%C3%A4se%20%22log%22.html"
    assert "sandbox" in found.headers["content-security-policy"]
    assert found.headers["x-content-type-options"] == "nosniff"


async def test_a_file_belongs_to_its_application_and_to_staff(shop: Shop, bank: Shop) -> None:
    path = (await shop.upload(b"secret")).headers["location"]
    client = shop.client
    assert (await client.get(path, headers=bearer("agent"))).content == b"secret"
    assert (await client.get(path)).status_code == 401
    refused = await client.get(path, headers=bank.headers)
    absent = await client.get(f"/intake/attachments/{new_id()}", headers=bank.headers)
    assert (refused.status_code, refused.content) == (404, absent.content)


async def test_a_file_above_the_limit_leaves_nothing_behind(intake: Intake, shop: Shop) -> None:
    before = stored(intake)
    announced = await shop.upload(b"x" * (LIMIT_BYTES + 1))
    streamed = await shop.client.post("/intake/attachments", content=_chunks(), headers=_headers(shop))
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert stored(intake) == before
    found = await rows(intake.service.db, "SELECT count(*) FROM attachment WHERE application = $1", shop.id)
    assert found[0][0] == 0
    assert (await shop.upload(b"x" * LIMIT_BYTES)).status_code == 201


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(LIMIT_BYTES // 100_000 + 1):
        yield b"x" * 100_000


def _headers(shop: Shop) -> dict[str, str]:
    return as_command(shop.headers) | {"x-file-name": "log.txt"}


async def test_a_client_that_goes_away_leaves_nothing_behind(intake: Intake, shop: Shop) -> None:
    before = stored(intake)
    with pytest.raises(ConnectionResetError):
        await shop.client.post("/intake/attachments", content=_broken(), headers=_headers(shop))

    async def gone() -> bool:
        return stored(intake) == before

    await wait_until(gone, SOON, "the half of a file is gone")


async def _broken() -> AsyncIterator[bytes]:
    yield b"x" * 1_000_000
    raise ConnectionResetError


async def test_one_key_is_one_file(intake: Intake, shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.upload(b"the same", key="file") for _ in range(10)))
    assert len({answer.content for answer in answers}) == 1
    assert (await shop.upload(b"another", key="file")).status_code == 422
    found = await rows(
        intake.service.db, "SELECT count(*) FROM attachment WHERE application = $1 AND complete", shop.id
    )
    assert found[0][0] == 1


@pytest.mark.parametrize("name", ["", "%20", "a%2Fb", "..%5Ca", "a%00b", "%ff", "a%0Ab", "x" * 101])
async def test_a_name_that_is_none_is_refused(shop: Shop, name: str) -> None:
    assert (await shop.upload(b"x", name=name)).status_code == 422


async def test_names_and_types_are_required_to_be_sound(shop: Shop) -> None:
    path, headers = "/intake/attachments", as_command(shop.headers)
    assert (await shop.client.post(path, content=b"x", headers=headers)).status_code == 422
    assert (await shop.upload(b"x", media_type="html")).status_code == 422
    assert (await shop.client.post(path, content=b"x", headers=shop.headers | {"x-file-name": "a"})).status_code == 400


async def test_an_issue_and_its_messages_carry_files(shop: Shop, bank: Shop) -> None:
    first, second = [(await shop.upload(content)).json() for content in (b"one", b"two")]
    issue = await shop.submit(attachments=[first["id"]])
    answer = await shop.post(f"/issues/{issue}/messages", {"text": "And this.", "attachments": [second["id"]]})
    assert answer.status_code == 202
    view = await shop.issue(issue)
    assert view["attachments"] == [first]
    assert view["messages"]["items"][0]["attachments"] == [second]
    for files in ([first["id"]], [str(new_id())]):
        assert (await shop.post("/issues", ISSUE, attachments=files)).status_code == 422
    foreign = (await bank.upload(b"three")).json()
    assert (await shop.post("/issues", ISSUE, attachments=[foreign["id"]])).status_code == 422


async def test_a_repeated_request_with_files_gets_its_first_answer(shop: Shop) -> None:
    file = (await shop.upload(b"one")).json()["id"]
    first = await shop.post("/issues", ISSUE, key="with file", attachments=[file])
    again = await shop.post("/issues", ISSUE, key="with file", attachments=[file])
    assert (first.status_code, again.content) == (202, first.content)


async def test_one_file_goes_to_one_of_two_issues(shop: Shop) -> None:
    file = (await shop.upload(b"one")).json()["id"]
    answers = await asyncio.gather(*(shop.post("/issues", ISSUE, attachments=[file]) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [202] + [422] * 5


async def test_what_support_sends_can_be_read_by_the_customer(intake: Intake, shop: Shop, bank: Shop) -> None:
    headers = as_command(bearer("agent")) | {"x-file-name": "patch.zip", "content-type": "application/zip"}
    uploaded = await shop.client.post("/intake/attachments", content=b"patch", headers=headers)
    path, file = uploaded.headers["location"], Attachment.model_validate(uploaded.json())
    issue = await shop.submit()
    assert (await shop.client.get(path, headers=shop.headers)).status_code == 404
    await intake.hear(
        issue,
        worked(
            work.IssueReplied,
            version=2,
            state=IssueState.ASSIGNED,
            message=new_id(),
            text="Try this.",
            attachments=(file,),
        ),
    )
    assert (await shop.issue(issue))["messages"]["items"][0]["attachments"] == [uploaded.json()]
    assert (await shop.client.get(path, headers=shop.headers)).content == b"patch"
    assert (await shop.client.get(path, headers=bank.headers)).status_code == 404


async def test_files_that_nobody_used_within_a_day_are_removed(intake: Intake, shop: Shop) -> None:
    used, unused = [(await shop.upload(content)).json()["id"] for content in (b"used", b"unused")]
    await shop.submit(attachments=[used])
    await rows(
        intake.service.db,
        "UPDATE attachment SET uploaded_at = uploaded_at - interval '25 hours' WHERE id = ANY($1)",
        [used, unused],
    )

    async def removed() -> bool:
        return f"attachments/{unused}" not in stored(intake)

    await wait_until(removed, SOON, "the unused file is removed")
    assert f"attachments/{used}" in stored(intake)
    assert (await shop.client.get(f"/intake/attachments/{unused}", headers=shop.headers)).status_code == 404
    assert (await shop.client.get(f"/intake/attachments/{used}", headers=shop.headers)).content == b"used"
