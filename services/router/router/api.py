"""HTTP: try a decision, read decisions and the policy. Decides and changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from router import late_answers, store
from router.handlers import Desk
from router.late_answers import LateAnswers
from router.policy import Policy
from router.sentences import answered_since
from router.store import Kept
from router.trial import DryRun
from shared.api import Api
from shared.auth import STAFF, StaffTokens
from shared.db import Database
from shared.events.routing import Routing
from shared.problems import not_found
from shared.vocabulary import IssueId


class LateAnswer(BaseModel):
    """What a customer answered to a question of a form after a decision, which did not use it."""

    question: str
    answer: str
    at: datetime


class DecisionView(BaseModel):
    """One decision with its record; `routing.record.sentences` say it in words.

    answers_since: what the customer answered to forms after it, oldest first.
    """

    decision: UUID
    revision: int
    decided_at: datetime
    routing: Routing
    answers_since: list[LateAnswer]

    @classmethod
    def of(cls, kept: Kept, filled_in: Sequence[LateAnswers]) -> "DecisionView":
        """A decision, with what came after it told apart from what it was made from."""
        late = [
            LateAnswer(question=one.label, answer=one.answer, at=form.at)
            for form in filled_in
            if form.at > kept.decided_at
            for one in form.answers
        ]
        view = cls(
            decision=kept.decision,
            revision=kept.revision,
            decided_at=kept.decided_at,
            routing=kept.routing,
            answers_since=late,
        )
        return view.model_copy(update={"routing": _with_sentence(kept.routing, len(late))}) if late else view


def _with_sentence(routing: Routing, questions: int) -> Routing:
    record = routing.record
    told = (*record.sentences, answered_since(questions))
    return routing.model_copy(update={"record": record.model_copy(update={"sentences": told})})


def add_decisions(api: Api, db: Database, tokens: StaffTokens, desk: Desk) -> None:
    """The router's endpoints, all for staff."""
    staff = tokens.allow(STAFF)

    @api.post("/dry-run", allow=staff)
    async def dry_run(body: DryRun) -> Routing:
        """What would be decided, and why. Nothing is stored or published."""
        return desk.decide(body.submission())

    @api.get("/decisions/{issue_id}", allow=staff)
    async def decisions(issue_id: IssueId) -> list[DecisionView]:
        """Every decision on an issue, newest revision first."""
        async with db.transaction() as tx:
            kept = await store.history(tx, issue_id)
            filled_in = await late_answers.of_issue(tx, issue_id)
        if not kept:
            raise not_found()
        return [DecisionView.of(one, filled_in) for one in kept]

    @api.get("/policy", allow=staff)
    async def policy() -> Policy:
        """The policy that decides now."""
        return desk.policy
