"""support.work: who is given an issue, who passes it by, who lets it lie, and what a lead should look at."""

from shared.events.work import WorkFact
from shared.vocabulary import Moment, Tier, Word


class IssueSkipped(WorkFact, type="tierdesk.issue-skipped.v1"):
    """An agent passed the issue by and is not given it again until a time; the reason stays in tier-queues."""

    until: Moment


class IssuePushed(WorkFact, type="tierdesk.issue-pushed.v1"):
    """A queued issue is given to an agent, who has until a time to claim it; nobody else may meanwhile."""

    agent: Word
    agent_name: Word
    until: Moment


class PushEnded(WorkFact, type="tierdesk.push-ended.v1"):
    """The agent did not take what was given to them. cause: timeout, skipped, moved."""

    agent: Word
    cause: Word


class OwnerIdle(WorkFact, type="tierdesk.owner-idle.v1"):
    """The owner did nothing for long; without any work of theirs the issue goes back to the queue at a time."""

    returns_at: Moment


class LeadAlerted(WorkFact, type="tierdesk.lead-alerted.v1"):
    """The leads of a place should look at the issue. cause: offer-overdue, consult-overdue, ping-pong, escalated,
    major-incident, incident-unanswered, customer-untold, automation-stopped.

    leads: sign-in names; none where nobody leads the place. times: how often the issue was at the place, if it counts.
    followers: how many issues followed the incident that ended without their answer, if it did.
    """

    cause: Word
    tier: Tier
    team: Word | None = None
    leads: tuple[Word, ...] = ()
    times: int | None = None
    followers: int | None = None


class EscalationStepTaken(WorkFact, type="tierdesk.escalation-step-taken.v1"):
    """Nobody has taken the issue from its queue for long. step: counts from 1; agents: sign-in names of who is told."""

    step: int
    tell: Word
    """lead, account-manager or agent."""
    agents: tuple[Word, ...] = ()


class AccountManagerInformed(WorkFact, type="tierdesk.account-manager-informed.v1"):
    """The customer's account manager should know of the issue; the reason stays in tier-queues."""

    agent: Word
    agent_name: str
