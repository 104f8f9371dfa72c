"""HTTP in and out: the rules of automation, their versions, and what they did."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import yaml
from fastapi import Query, Response
from pydantic import BaseModel, Field

from shared import idempotency
from shared.api import Api, Body, Command, CommandHeaders, etag
from shared.auth import ADMINS, STAFF
from shared.db import Transaction
from shared.idempotency import Answer
from shared.paging import Cursor, Limit, Page
from shared.problems import invalid, not_found
from shared.vocabulary import Title, Word
from tier_queues import automation_queue, automation_store
from tier_queues.api import Counter
from tier_queues.automation import RULES_LIMIT, AutomationPlan, Rule
from tier_queues.automation_faults import faults_of
from tier_queues.automation_store import VERSIONS, RulesVersion
from tier_queues.versions_api import MadeView, VersionNumber, YamlText, author_of, page_of, read_file, replaced, told

EXAMPLE: Final = {
    "name": "tag-outages",
    "when": {"fact": "issue-queued"},
    "if": {"priority": [1, 2], "words": ["outage", "not reachable"]},
    "then": [{"command": "tag", "content": {"tags": ["outage"]}}],
}


class AutomationBody(Body):
    """All rules from now on. note: why, for the list of versions."""

    rules: Annotated[tuple[Rule, ...], Field(max_length=RULES_LIMIT, examples=[[EXAMPLE]])]
    note: Title


class AutomationFile(Body):
    """All rules from now on. yaml: the file's text; file: its name, for messages; note: why."""

    yaml: YamlText
    file: Word = "automation.yaml"
    note: Title


class AutomationVersion(MadeView):
    """A version of the rules; 0 is none at all."""


class AutomationView(AutomationVersion):
    """A version with its rules."""

    rules: list[dict[str, Any]]


class RunView(BaseModel):
    """What became of a rule that was set off. fact_version: the entry that did it; chain: rules that led to it.

    problem: why it was refused, or stopped.
    """

    id: int
    issue_id: UUID
    fact_version: int
    rule: str
    version: int
    chain: list[str]
    at: datetime
    outcome: Literal["done", "refused", "stopped"]
    problem: dict[str, Any] | None


def add_automation(api: Api, counter: Counter) -> None:
    """Give the service the administration of its rules of automation."""
    _add_reading(api, counter)
    admins = counter.tokens.allow(ADMINS)

    @api.put("/automation", allow=admins, response_model=AutomationView, responses={428: {}})
    async def change_automation(body: AutomationBody, command: Command) -> Response:
        """Replace all rules. They apply to what comes after; wrong ones are refused with the places of their faults."""
        return (await _change(counter, partial(checked, body.rules), body.note, command)).response()

    @api.put("/automation/import", allow=admins, response_model=AutomationView, responses={428: {}})
    async def import_automation(body: AutomationFile, command: Command) -> Response:
        """Replace all rules by a YAML file. A wrong one is refused with line and reason, and nothing changes."""
        return (await _change(counter, partial(plan_in, body.yaml, body.file), body.note, command)).response()


def _add_reading(api: Api, counter: Counter) -> None:
    staff = counter.tokens.allow(STAFF)

    @api.get("/automation", allow=staff)
    async def show_automation(response: Response) -> AutomationView:
        """The rules in force."""
        async with counter.db.transaction() as tx:
            found = await automation_store.newest(tx)
        response.headers.update(dict([etag(found.version)]))
        return _view(found)

    @api.get("/automation/export", allow=staff, response_class=Response)
    async def export_automation() -> Response:
        """The rules in force as YAML, as `PUT /automation/import` takes it."""
        async with counter.db.transaction() as tx:
            found = await automation_store.newest(tx)
        return Response(as_yaml(found), headers=dict([etag(found.version)]), media_type="application/yaml")

    @api.get("/automation/versions", allow=staff)
    async def list_versions(limit: Limit = 50, after: Cursor = None) -> Page[AutomationVersion]:
        """Who changed the rules, when and why; newest first."""
        async with counter.db.transaction() as tx:
            return await page_of(tx, VERSIONS, AutomationVersion, limit, after)

    @api.get("/automation/versions/{version}", allow=staff)
    async def show_version(version: VersionNumber) -> AutomationView:
        """The rules of a version."""
        async with counter.db.transaction() as tx:
            found = await automation_store.find(tx, version)
        if found is None:
            raise not_found()
        return _view(found)

    @api.get("/automation/runs", allow=staff)
    async def list_runs(
        rule: Annotated[Word | None, Query()] = None,
        issue: Annotated[UUID | None, Query()] = None,
        outcome: Annotated[automation_queue.Outcome | None, Query()] = None,
        limit: Limit = 50,
        after: Cursor = None,
    ) -> Page[RunView]:
        """What rules did, newest first; what they were refused, and where they were stopped, with the reason."""
        sql, parameters = automation_queue.runs(rule=rule, issue=issue, outcome=outcome, after=after, limit=limit)
        async with counter.db.transaction() as tx:
            rows = await tx.fetch(sql, *parameters)
        items = [RunView(**dict(row)) for row in rows[:limit]]
        return Page(items=items, next=automation_queue.more_than(rows, limit))


def plan_in(text: str, file: str) -> AutomationPlan:
    """The rules in a YAML text. Raises Problem 422 with line and reason."""
    return read_file(text, file, AutomationPlan, faults_of)


def checked(rules: Sequence[Rule]) -> AutomationPlan:
    """These rules. Raises Problem 422 with the places of all faults."""
    plan = AutomationPlan(rules=tuple(rules))
    faults = list(faults_of(plan))
    if faults:
        raise invalid("These rules cannot be put in force.", faults=told(faults))
    return plan


async def _change(counter: Counter, read: Callable[[], AutomationPlan], note: str, command: CommandHeaders) -> Answer:
    """The stored answer comes first, then what the rules say, then the version. This process follows at once."""

    async def act(tx: Transaction) -> Answer:
        plan = read()
        expected = replaced(command)
        made = await automation_store.replace(tx, plan, author_of(command.caller, note), expected=expected)
        return Answer(200, _view(made).model_dump_json().encode(), (etag(made.version),))

    answer = await idempotency.once(counter.db, command.key, act)
    await counter.rules.refresh()
    return answer


def as_yaml(version: RulesVersion) -> str:
    """The rules as an import takes them."""
    return str(yaml.safe_dump({"rules": list(version.rules)}, sort_keys=False, allow_unicode=True))


def _view(made: RulesVersion) -> AutomationView:
    return AutomationView.model_validate(made, from_attributes=True)
