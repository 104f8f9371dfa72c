"""HTTP: try a decision, read decisions and the policy. Decides and changes nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from router import late_answers, store
from router.handlers import Desk
from router.late_answers import LateAnswers
from router.policy import Policy
from router.sentences import answered
from router.store import Kept
from router.trial import DryRun
from shared.api import Api
from shared.auth import STAFF, StaffTokens
from shared.db import Database
from shared.events.routing import Routing
from shared.problems import not_found
from shared.vocabulary import IssueId


class LateAnswer(BaseModel):
    """What a customer answered to a question of a form, which no decision used. before: it came before this one."""

    question: str
    answer: str
    at: datetime
    before: bool


class DecisionView(BaseModel):
    """One decision with its record; `routing.record.sentences` say it in words.

    answers_since: what the customer answered to forms after it, oldest first. At the newest decision, all that was
    answered after the submission: none of it was used.
    """

    decision: UUID
    revision: int
    decided_at: datetime
    routing: Routing
    answers_since: list[LateAnswer]

    @classmethod
    def of(cls, kept: Kept, filled_in: Sequence[LateAnswers], *, newest: bool) -> "DecisionView":
        """A decision, with what was answered since told apart from what it was made from."""
        late = [
            LateAnswer(question=one.label, answer=one.answer, at=form.at, before=form.at <= kept.decided_at)
            for form in filled_in
            if newest or form.at > kept.decided_at
            for one in form.answers
        ]
        view = cls(
            decision=kept.decision,
            revision=kept.revision,
            decided_at=kept.decided_at,
            routing=kept.routing,
            answers_since=late,
        )
        return view.model_copy(update={"routing": _with_sentences(kept.routing, late)}) if late else view


def _with_sentences(routing: Routing, late: Sequence[LateAnswer]) -> Routing:
    record, before = routing.record, sum(one.before for one in late)
    told = (*record.sentences, *answered(before, len(late) - before))
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
        return [DecisionView.of(one, filled_in, newest=one is kept[0]) for one in kept]

    @api.get("/policy", allow=staff)
    async def policy() -> Policy:
        """The policy that decides now."""
        return desk.policy
