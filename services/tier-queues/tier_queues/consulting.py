"""Consult: the owner asks somebody else and keeps the issue; its clocks and its place do not change."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.events import collaboration, work
from tier_queues.agents import Agent, may_lead
from tier_queues.circumstances import Circumstances
from tier_queues.companions import OPEN_CONSULTS_LIMIT, OpenConsult, joined
from tier_queues.custody import alerted
from tier_queues.handover import target_of
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue
from tier_queues.refusals import Unacceptable, WrongTier
from tier_queues.side_commands import AnswerConsult, CloseConsult, Consult

BRIEFING: Final = ("customer", "symptoms", "tried")
"""What every question says besides itself; none of it is ever in an event."""


def may_answer(agent: Agent, consult: OpenConsult) -> bool:
    """Whether a question goes to this agent; nobody answers what they asked themselves."""
    return consult.asked_by != agent.id and agent.is_target_of(consult.target)


def ask(decision: Decision, command: Consult, given: Circumstances) -> Decision:
    """The owner asks. Raises Unacceptable."""
    issue = decision.issue
    if len(issue.consults) >= OPEN_CONSULTS_LIMIT:
        raise Unacceptable("too-many-consults", f"{OPEN_CONSULTS_LIMIT} questions are open; close one first.")
    consult = OpenConsult(
        id=issue.made_id("consult"),
        target=target_of(issue, command.target, given),
        asked_by=given.agent.id,
        due_at=given.now + given.policies.consult_timeout,
        on_hold=command.on_hold,
    )
    private = {part: getattr(command.briefing, part) for part in BRIEFING}
    private |= {"question": command.question, "due_at": consult.due_at.isoformat()}
    return decision.then(
        collaboration.ConsultAsked,
        actor=given.actor,
        at=given.now,
        change={"consults": (*issue.consults, consult)},
        private=private,
        consult=consult.id,
        target=consult.target,
        on_hold=consult.on_hold,
    )


def answer(decision: Decision, command: AnswerConsult, given: Circumstances) -> Decision:
    """Somebody of the target answers, beside the thread, and takes part from now on. Raises Unacceptable, WrongTier."""
    issue, agent = decision.issue, given.agent
    consult = _open(issue, command.consult)
    if not may_answer(agent, consult):
        raise WrongTier("wrong-tier", "The question goes to other people.", tier=consult.target.tier)
    change = {
        "consults": _without(issue.consults, consult),
        "participants": joined(issue.participants, agent.id, agent.name, how="wrote"),
    }
    return decision.then(
        collaboration.ConsultAnswered,
        actor=given.actor,
        at=given.now,
        change=change,
        private={"answer": command.text},
        consult=consult.id,
        target=consult.target,
    )


def close(decision: Decision, command: CloseConsult, given: Circumstances) -> Decision:
    """The owner or the lead takes a question back. Raises Unacceptable."""
    consult = _open(decision.issue, command.consult)
    cause = "lead" if decision.issue.owner != given.agent.id and may_lead(given.agent, decision.issue) else "owner"
    return _closed(decision, consult, cause=cause, actor=given.actor, at=given.now)


def ended(decision: Decision, *, cause: str, actor: work.Actor, at: datetime) -> Decision:
    """Every open question closed, because nobody needs the answer any more; unchanged when none is open."""
    for consult in decision.issue.consults:
        decision = _closed(decision, consult, cause=cause, actor=actor, at=at)
    return decision


def overdue(decision: Decision, *, now: datetime, policies: Policies) -> Decision:
    """Questions that nobody answered in time: the lead of the target is told once of each, and it stays open.

    Unchanged when none is due.
    """
    for consult in decision.issue.consults:
        if not consult.overdue and consult.due_at <= now:
            told = (replace(one, overdue=True) if one is consult else one for one in decision.issue.consults)
            decision = decision.then(
                collaboration.ConsultOverdue,
                actor=TIERDESK,
                at=now,
                change={"consults": tuple(told)},
                consult=consult.id,
                target=consult.target,
            )
            target = consult.target
            decision = alerted(decision, "consult-overdue", tier=target.tier, team=target.team, policies=policies)
    return decision


def _closed(decision: Decision, consult: OpenConsult, *, cause: str, actor: work.Actor, at: datetime) -> Decision:
    return decision.then(
        collaboration.ConsultClosed,
        actor=actor,
        at=at,
        change={"consults": _without(decision.issue.consults, consult)},
        consult=consult.id,
        target=consult.target,
        cause=cause,
    )


def _open(issue: Issue, consult: UUID) -> OpenConsult:
    found = next((one for one in issue.consults if one.id == consult), None)
    if found is None:
        raise Unacceptable("no-such-consult", "There is no such question, or it is no longer open.")
    return found


def _without(consults: Iterable[OpenConsult], gone: OpenConsult) -> tuple[OpenConsult, ...]:
    return tuple(one for one in consults if one.id != gone.id)
