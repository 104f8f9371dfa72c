"""HTTP: try a decision, read decisions and the policy. Decides and changes nothing."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from router import store
from router.handlers import Desk
from router.policy import Policy
from router.trial import DryRun
from shared.api import Api
from shared.auth import STAFF, StaffTokens
from shared.db import Database
from shared.events.routing import Routing
from shared.problems import not_found
from shared.vocabulary import IssueId


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
