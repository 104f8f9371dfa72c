"""HTTP in and out: what rules would have done to past issues."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, model_validator

from shared.api import Api, Body
from shared.db import Transaction
from shared.events import FACTS, work
from shared.paging import cursor_of, key_in
from shared.vocabulary import Role, Word
from tier_queues import automation_trial
from tier_queues.api import Counter
from tier_queues.automation import RULES_LIMIT, AutomationPlan, Rule
from tier_queues.automation_api import EXAMPLE, checked, plan_in
from tier_queues.automation_trial import Touch
from tier_queues.issue import Issue
from tier_queues.rows import issue_of
from tier_queues.versions_api import YamlText

TRIERS: Final = frozenset({Role.LEAD, Role.ADMIN})
LAST_LIMIT: Final = 1_000
"""Issues of one dry run."""
PAGE: Final = 100
"""Issues of one answer."""
ENTRIES_LIMIT: Final = 200
"""Entries of each timeline that are looked at, the oldest ones."""
INT64_LIMIT: Final = 2**63 - 1
_KEY: Final = TypeAdapter(
    tuple[Annotated[int, Field(ge=0, le=INT64_LIMIT)], Annotated[int, Field(ge=0, le=LAST_LIMIT)]]
)
PAST: Final = "SELECT body::text FROM issues WHERE number < $1 ORDER BY number DESC LIMIT $2"
_TIMELINES: Final = """
SELECT issue_id, type, fact::text FROM timeline WHERE issue_id = ANY($1) AND version <= $2 ORDER BY issue_id, version
"""

Past = list[tuple[Issue, list[work.WorkFact]]]


class TrialBody(Body):
    """Rules to be tried on the newest `last` issues, as JSON or YAML. after: `next` of the answer before."""

    rules: Annotated[tuple[Rule, ...], Field(max_length=RULES_LIMIT, examples=[[EXAMPLE]])] | None = None
    yaml: YamlText | None = None
    file: Word = "automation.yaml"
    last: Annotated[int, Field(ge=1, le=LAST_LIMIT)] = 100
    after: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if (self.rules is None) == (self.yaml is None):
            raise ValueError("give either rules or yaml")
        return self

    def plan(self) -> AutomationPlan:
        """The rules. Raises Problem 422."""
        return plan_in(self.yaml, self.file) if self.yaml is not None else checked(self.rules or ())


class TouchView(BaseModel):
    """A rule that would have acted. version: of the entry that would have set it off; at: when it would have acted.

    commands: what it would have given.
    """

    issue: UUID
    number: int
    title: str
    rule: str
    version: int
    at: datetime
    commands: list[str]


class TrialView(BaseModel):
    """What rules would have done. issues: how many this answer covers; untried: rules that no timeline can tell about.

    next: goes on with older issues; None when all were tried.
    """

    issues: int
    touched: list[TouchView]
    untried: list[str]
    next: str | None


def add_automation_trials(api: Api, counter: Counter) -> None:
    """Give the service dry runs of rules."""

    @api.post("/automation/dry-run", allow=counter.tokens.allow(TRIERS))
    async def try_automation(body: TrialBody) -> TrialView:
        """Which of the last issues rules would have touched, when, and with which commands; nothing changes.

        By the first 200 entries of each timeline; an answer covers up to 100 issues, newest first.
        """
        plan = body.plan()
        behind, tried = key_in(body.after, _KEY) if body.after else (INT64_LIMIT, 0)
        limit = min(PAGE, body.last - tried)
        async with counter.db.transaction() as tx:
            past = await _past(tx, behind, limit) if limit > 0 else []
            now = await tx.now()
        touched = await asyncio.to_thread(_touched, plan, past, now)
        tried += len(past)
        more = cursor_of([past[-1][0].number, tried]) if len(past) == limit and 0 < tried < body.last else None
        return TrialView(issues=len(past), touched=touched, untried=automation_trial.untried(plan), next=more)


async def _past(tx: Transaction, behind: int, limit: int) -> Past:
    found = [issue_of(row[0]) for row in await tx.fetch(PAST, behind, limit)]
    facts: dict[UUID, list[work.WorkFact]] = {issue.id: [] for issue in found}
    for issue, kind, fact in await tx.fetch(_TIMELINES, list(facts), ENTRIES_LIMIT):
        facts[issue].append(_fact(kind, fact))
    return [(issue, facts[issue.id]) for issue in found]


def _fact(kind: str, text: str) -> Any:
    return FACTS[kind].model_validate_json(text)


def _touched(plan: AutomationPlan, past: Past, now: datetime) -> list[TouchView]:
    return [
        _view(issue, touch) for issue, facts in past for touch in automation_trial.touches(plan, issue, facts, now=now)
    ]


def _view(issue: Issue, touch: Touch) -> TouchView:
    return TouchView(
        issue=issue.id,
        number=issue.number,
        title=issue.title,
        rule=touch.rule.name,
        version=touch.version,
        at=touch.at,
        commands=[step.command for step in touch.rule.then],
    )
