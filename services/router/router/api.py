"""HTTP: try a decision, read decisions and the policy. Decides and changes nothing."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from router import store
from router.handlers import Desk
from router.policy import Policy
from shared.api import Api, Body
from shared.auth import STAFF, StaffTokens
from shared.db import Database
from shared.events.issues import Customer, Submission
from shared.events.routing import Routing
from shared.problems import not_found
from shared.vocabulary import Channel, IssueId, Level, Text, Title, Word

NOBODY: Final = UUID(int=0)
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DryRun(Body):
    """An issue as it might come in. Only what can change a decision is asked."""

    title: Title
    text: Text
    channel: Channel = Channel.API
    language: Word = "en"
    product: Word | None = None
    category: Word | None = None
    impact: Level | None = None
    urgency: Level | None = None
    source: Word | None = None
    plan: Word = "none"
    account: Word = "none"
    application: Word = "none"

    def submission(self) -> Submission:
        """A submission without number, time and customer, on which no decision depends."""
        customer = Customer(id=NOBODY, name="nobody", email="", account=self.account, plan=self.plan)
        said = {name: getattr(self, name) for name in _CARRIED}
        return Submission(number=0, accepted_at=NEVER, customer=customer, **said)


_CARRIED: Final = tuple(name for name in DryRun.model_fields if name in Submission.model_fields)


class DecisionView(BaseModel):
    """One decision with its record; `routing.record.sentences` say it in words."""

    decision: UUID
    revision: int
    decided_at: datetime
    routing: Routing


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
        if not kept:
            raise not_found()
        return [
            DecisionView(decision=one.decision, revision=one.revision, decided_at=one.decided_at, routing=one.routing)
            for one in kept
        ]

    @api.get("/policy", allow=staff)
    async def policy() -> Policy:
        """The policy that decides now."""
        return desk.policy
