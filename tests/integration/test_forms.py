"""Forms and splits on their way through intake, router and tier-queues, over real topics and databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from intake import app as intake_app
from intake import seed
from router import app as router_app
from router.settings import Settings as RouterSettings
from shared.events import Envelope, tidying
from shared.ids import new_id
from shared.vocabulary import Role
from support.infrastructure import Infrastructure
from support.intake import ADA, Intake, Shop, intake_settings
from support.kafka import published
from support.queue_service import QueueService, Staff, own_namespace, queue_settings
from support.router import settings_of
from support.running import prepare, rows, running, wait_until
from tier_queues import app as queues_app
from tierdesk_client import Application, connected

SOON = timedelta(seconds=20)
FORM: dict[str, Any] = {
    "title": "About your printer",
    "category": "hardware",
    "fields": [
        {"name": "model", "label": "Which model is it?"},
        {"name": "paper", "label": "Is there paper?", "type": "yes-no", "required": False},
    ],
}
ANSWERS: dict[str, Any] = {"answers": {"model": "LX-300", "paper": True}}


@dataclass(frozen=True)
class Desk:
    """The three services that an issue passes, and who works there. ada: an agent who owns what is queued."""

    intake: Intake
    queues: QueueService
    shop: Shop
    ada: Staff
    admin: Staff

    async def issue(self) -> str:
        """A new issue of the shop's, claimed by Ada."""
        issue = await self.shop.submit()
        await self.queued(issue)
        assert (await self.ada.give("claim", issue)).status_code == 200
        return issue

    async def queued(self, issue: str) -> None:
        """Wait until an issue came to its queue."""

        async def there() -> bool:
            return (await self.ada.get(f"/issues/{issue}")).status_code == 200

        await wait_until(there, SOON, "the issue is queued")

    async def decisions(self, issue: str) -> list[dict[str, Any]]:
        """What the router says about an issue, newest decision first."""
        answer = await self.queues.running.client.get(f"/router/decisions/{issue}", headers=self.ada.headers)
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    async def shown(self, issue: str, number: int = 1) -> list[dict[str, Any]]:
        """The forms that the customer sees, once there are so many."""

        async def there() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = (await self.shop.issue(issue))["forms"]
            return found if len(found) == number else None

        found: list[dict[str, Any]] = await wait_until(there, SOON, "the customer sees the form")
        return found


@pytest.fixture(scope="module")
async def desk(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with own_namespace(infrastructure) as own:
        settings = intake_settings(own, tmp_path_factory.mktemp("files"))
        routing: RouterSettings = settings_of(own)
        working = queue_settings(own)
        await prepare(settings, routing, working)
        accepting, deciding, queueing = intake_app.build(settings), router_app.build(routing), queues_app.build(working)
        await seed.add_customers(accepting.db, [ADA])
        async with running(accepting, deciding, queueing) as started:
            intake = Intake(settings, accepting, started)
            queues = QueueService(working, queueing, started)
            admin = await queues.staff("admin", role=Role.ADMIN)
            ada = await queues.staff("ada", tiers=(1, 2, 3), teams=["frontline"])
            assert (await admin.send("PUT", "/forms/printer", FORM)).status_code == 200
            yield Desk(intake, queues, await intake.application("shop"), ada, admin)


async def test_a_form_is_asked_answered_and_shown_to_everybody_whom_it_concerns(desk: Desk) -> None:
    issue = await desk.issue()
    asked = await desk.ada.give("ask-form", issue, form="printer", wait=True)
    assert (asked.status_code, asked.json()["state"]) == (200, "waiting")
    (form,) = await desk.shown(issue)

    async def found() -> bool:
        return issue in [row["id"] for row in (await desk.ada.get("/search", q="paper")).json()["items"]]

    await wait_until(found, SOON, "what the form asks is found")
    assert (form["title"], form["answered_at"], form["answers"]) == (FORM["title"], None, [])
    assert [field["name"] for field in form["fields"]] == ["model", "paper"]
    path = f"/issues/{issue}/forms/{form['id']}"
    first = await desk.shop.post(path, ANSWERS, key="answers")
    assert first.status_code == 202
    again = await desk.shop.post(path, ANSWERS, key="answers")
    assert (again.status_code, again.content) == (202, first.content)

    async def resumed() -> dict[str, Any] | None:
        view = await desk.ada.issue(issue)
        return view if view["state"] == "assigned" else None

    view = await wait_until(resumed, SOON, "the wait is over")
    assert [(one["label"], one["answer"]) for one in view["forms"][0]["answers"]] == [
        ("Which model is it?", "LX-300"),
        ("Is there paper?", "yes"),
    ]
    assert (view["unseen"], view["newest_message"]) == (True, first.json()["message"])
    prefilled = (await desk.ada.get(f"/issues/{issue}/briefing")).json()
    assert "Which model is it?: LX-300" in prefilled["briefing"]["symptoms"]
    assert "Which model is it?: LX-300" in prefilled["handover"]["findings"]
    seen = await desk.shop.issue(issue)
    assert seen["forms"][0]["answers"][0]["answer"] == "LX-300"
    said = [(message["author"], message["text"].partition("\n")[0]) for message in seen["messages"]["items"]]
    assert said == [("customer", "Which model is it?: LX-300"), ("support", "About your printer")]

    async def beside_the_decision() -> dict[str, Any] | None:
        decision = (await desk.decisions(issue))[0]
        return decision if decision["answers_since"] else None

    decision = await wait_until(beside_the_decision, SOON, "the answers stand beside the decision")
    assert [(one["question"], one["answer"]) for one in decision["answers_since"]] == [
        ("Which model is it?", "LX-300"),
        ("Is there paper?", "yes"),
    ]
    told = decision["routing"]["record"]["sentences"][-1]
    assert told == "The customer answered 2 questions after this decision; what they said was not used."
    assert (await desk.ada.give("reclassify", issue, category="hardware", reason="It is.")).status_code == 200

    async def decided_again() -> list[dict[str, Any]] | None:
        found = await desk.decisions(issue)
        return found if len(found) == 2 else None

    again_decided = await wait_until(decided_again, SOON, "the router has decided again")
    assert [[one["before"] for one in decision["answers_since"]] for decision in again_decided] == [
        [True] * 2,
        [False] * 2,
    ]
    told = again_decided[0]["routing"]["record"]["sentences"][-1]
    assert told == "The customer answered 2 questions before this decision; what they said was not used."


async def test_a_form_is_answered_once_by_whom_it_was_asked_and_in_full(desk: Desk) -> None:
    issue, rival = await desk.issue(), await desk.intake.application("rival")
    assert (await desk.ada.give("ask-form", issue, form="printer")).status_code == 200
    (form,) = await desk.shown(issue)
    path = f"/issues/{issue}/forms/{form['id']}"
    wrong = await desk.shop.post(path, {"answers": {"paper": "maybe", "colour": "red"}})
    assert (wrong.status_code, set(wrong.json()["fields"])) == (422, {"model", "paper", "colour"})
    unreadable: tuple[dict[str, Any], ...] = ({"answers": {"model": ["LX"]}}, {"answers": []}, {})
    for bad in unreadable:
        assert (await desk.shop.post(path, bad)).status_code == 422
    assert (await rival.post(path, ANSWERS)).status_code == 404
    other = await desk.shop.submit()
    for unasked in (f"/issues/{issue}/forms/{new_id()}", f"/issues/{other}/forms/{form['id']}"):
        assert (await desk.shop.post(unasked, ANSWERS)).status_code == 404
    assert (await desk.shop.post(path, ANSWERS, version=99)).status_code == 412
    async with connected(desk.queues.running.url) as connection:
        application = Application(connection, desk.shop.key)
        await application.answer_form(UUID(issue), UUID(form["id"]), ANSWERS["answers"])
    twice = await desk.shop.post(path, ANSWERS)
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:tierdesk:problem:already-answered")

    async def heard() -> bool:
        return bool((await desk.ada.issue(issue))["unseen"])

    # Answers that come to a solved issue bring it back.
    await wait_until(heard, SOON, "the answers reached the owner")
    assert (await desk.ada.give("resolve", issue, resolution="solved", text="Done.", confirm=True)).status_code == 200
    assert (await desk.ada.give("close", issue, reason="Done.")).status_code == 200

    async def closed() -> bool:
        return bool((await desk.shop.issue(issue))["state"] == "closed")

    await wait_until(closed, SOON, "the customer sees that it is closed")
    assert (await desk.shop.post(path, ANSWERS)).json()["new_issue"] == "/intake/issues"


async def test_forms_lie_on_the_shelf_and_are_asked_as_they_are_then(desk: Desk) -> None:
    assert (await desk.ada.send("PUT", "/forms/disk", FORM)).status_code == 403
    assert (await desk.admin.send("PUT", "/forms/disk", FORM | {"fields": []})).status_code == 422
    assert (await desk.admin.send("PUT", "/forms/disk", FORM)).json()["version"] == 1
    assert (await desk.admin.send("PUT", "/forms/disk", FORM)).status_code == 412
    names = [one["name"] for one in (await desk.ada.get("/forms", category="hardware")).json()["items"]]
    assert names == ["disk", "printer"]
    issue = await desk.issue()
    macro = {"title": "Ask", "scope": "personal", "steps": [{"command": "ask-form", "content": {"form": "disk"}}]}
    assert (await desk.ada.send("PUT", "/macros/ask-for-the-disk", macro)).status_code == 200
    assert (await desk.ada.send("POST", f"/issues/{issue}/macros/ask-for-the-disk", {})).status_code == 200
    assert (await desk.admin.send("DELETE", "/forms/disk", {}, version=1)).status_code == 204
    refused = await desk.ada.give("ask-form", issue, form="disk")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:tierdesk:problem:unknown-form")
    (form,) = (await desk.ada.issue(issue))["forms"]
    assert [field["label"] for field in form["fields"]] == ["Which model is it?", "Is there paper?"]


async def test_a_part_becomes_an_issue_of_its_own_exactly_once(desk: Desk) -> None:
    issue = await desk.issue()
    part: dict[str, Any] = {
        "title": "The export fails",
        "text": "And the csv export fails with an error.",
        "messages": [1],
    }
    key = str(new_id())
    done = await desk.ada.give("split", issue, key=key, **part)
    assert done.status_code == 200
    assert (await desk.ada.give("split", issue, key=key, **part)).content == done.content
    (split,) = await _work(desk, issue, tidying.IssueSplit)
    new = str(split.data.issue)
    await desk.queued(new)
    view, origin = await desk.ada.issue(new), await desk.ada.issue(issue)
    assert (view["state"], view["title"], view["account"]) == ("queued", part["title"], ADA.account)
    assert [(link["issue"], link["relation"]) for link in view["links"]] == [(issue, "split_from")]
    assert [(link["issue"], link["relation"]) for link in origin["links"]] == [(new, "split_into")]
    assert (origin["links"][0]["number"], view["links"][0]["number"]) == (view["number"], origin["number"])
    assert view["accepted_at"] > origin["accepted_at"]
    seen = await desk.shop.issue(new)
    assert (seen["split_from"], seen["customer"]["email"], seen["text"]) == (issue, ADA.email, part["text"])
    said = (await desk.shop.issue(issue))["messages"]["items"]
    assert [message["text"] for message in said] == [
        f"We treat a part of this as a request of its own, #{view['number']}: The export fails"
    ]
    # What is heard a second time, under whatever number, makes nothing new.
    await desk.intake.handle(split.model_copy(update={"id": new_id(), "seq": split.seq + 100}))
    submitted = await published(desk.intake.settings, "support.issues", new)
    assert [event.type for event in submitted] == ["tierdesk.issue-submitted.v1"]
    assert len((await desk.shop.issue(issue))["messages"]["items"]) == 1
    assert len(await rows(desk.intake.service.db, "SELECT 1 FROM issue WHERE id = $1", UUID(new))) == 1
    assert len((await desk.ada.issue(issue))["links"]) == 1


async def _work(desk: Desk, issue: str, kind: type[Any]) -> list[Envelope[Any]]:
    """The facts of a kind on support.work about an issue, once there are any."""

    async def there() -> list[Envelope[Any]]:
        events = await published(desk.intake.settings, "support.work", issue)
        return [event for event in events if isinstance(event.data, kind)]

    found: list[Envelope[Any]] = await wait_until(there, SOON, f"{kind.__name__} is on the topic")
    return found
