"""Major incidents: one issue leads, others follow what it tells its customers. Pure."""

from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from shared.events import incidents
from shared.vocabulary import IssueState, Level, Resolution
from tier_queues import classification, custody, linking, problem_links, promises
from tier_queues.circumstances import Circumstances
from tier_queues.command_parts import Command
from tier_queues.commands import SetPriority
from tier_queues.incident_commands import (
    DeclareMajorIncident,
    EndMajorIncident,
    JoinIncident,
    LeaveIncident,
    UpdateIncident,
)
from tier_queues.links import Relation
from tier_queues.policies import Policies
from tier_queues.record import TOLD_OF, Decision, Issue
from tier_queues.refusals import Unacceptable, Unrelatable

DECLARED: Final = "major-incident"
"""Cause of the leads' alert."""
MOST_URGENT: Final = 1
OPEN: Final = (IssueState.QUEUED, IssueState.ASSIGNED, IssueState.WAITING)
TRANSITIONS: Final[MappingProxyType[tuple[IssueState, type[Command]], tuple[IssueState, ...]]] = MappingProxyType(
    {
        (state, kind): (state,)
        for state in OPEN
        for kind in (DeclareMajorIncident, JoinIncident, LeaveIncident, UpdateIncident, EndMajorIncident)
    }
)
"""Their part of the table of transitions: nothing of it moves an issue."""


def declare(decision: Decision, command: DeclareMajorIncident, given: Circumstances) -> Decision:
    """Others may follow it from now on; it is a P1 and its leads know."""
    issue = decision.issue
    decision = decision.then(
        incidents.MajorIncidentDeclared,
        actor=given.actor,
        at=given.now,
        change={"major": True},
        private={"reason": command.reason},
    )
    if issue.priority != MOST_URGENT:
        urgent = SetPriority(impact=Level.HIGH, urgency=Level.HIGH, reason=command.reason)
        decision = classification.set_priority(decision, urgent, given)
    return custody.alerted(decision, DECLARED, tier=issue.minding_tier, team=issue.team, policies=given.policies)


def join(decision: Decision, command: JoinIncident, given: Circumstances) -> Decision:
    """It follows the other one; whose it is and its clocks stay. Raises Unacceptable, Unrelatable.

    Who follows leads nobody and follows one alone (a guard sees to it), so that there are no chains.
    """
    issue = decision.issue
    master = linking.other_issue(issue, command.master, given)
    if not master.major:
        raise Unrelatable("no-incident", "That issue is no major incident.", state=master.state)
    if linking.is_merged(issue, master.id):
        raise Unrelatable("merged-already", "One of the two was merged into the other.")
    return linking.linked(decision, master, Relation.CHILD_OF, given)


def leave(decision: Decision, command: LeaveIncident, given: Circumstances) -> Decision:
    """It follows no longer. Raises Unacceptable."""
    if linking.incident_of(decision.issue) != command.master:
        raise Unacceptable("not-linked", "It does not follow this incident.")
    return linking.unlinked(decision, command.master, given)


def update(decision: Decision, command: UpdateIncident, given: Circumstances) -> Decision:
    """Its own customer reads it at once, those of its children soon."""
    decision = problem_links.told(decision, command.text, given.now, given.policies)
    return decision.then(
        incidents.IncidentUpdated, actor=given.actor, at=given.now, children=len(linking.children_of(decision.issue))
    )


def end(decision: Decision, command: EndMajorIncident, given: Circumstances) -> Decision:
    """An ordinary issue again; what follows it stays linked and hears nothing more."""
    return decision.then(
        incidents.MajorIncidentEnded,
        actor=given.actor,
        at=given.now,
        change={"major": False},
        private={"reason": command.reason},
        cause="lead",
    )


def told(
    issue: Issue,
    master: UUID,
    text: str,
    *,
    then: str | None,
    now: datetime,
    policies: Policies,
    resolution: Resolution = Resolution.SOLVED,
) -> Decision:
    """What a child hears of its incident. then: what an answer does to it, `resolve` or `return`; None for an update.

    resolution: as what it is resolved, the incident's own. No entries when it follows the incident no longer.
    """
    if linking.incident_of(issue) != master:
        return Decision(issue)
    now = max(now, issue.last_at)
    decision = promises.announced(Decision(issue), now=now, policies=policies)
    private = {TOLD_OF: str(master)}
    if then is None:
        decision = problem_links.told(decision, text, now, policies, private=private)
    else:
        decision = problem_links.answered(
            decision,
            text,
            resolve=then == "resolve",
            cause="incident",
            now=now,
            policies=policies,
            private=private,
            resolution=resolution,
        )
    decision = custody.kept(issue, decision, now=now, policies=policies)
    return promises.followed(decision, now=now, policies=policies)


EFFECTS: Final[MappingProxyType[type[Command], Callable[..., Decision]]] = MappingProxyType(
    {
        DeclareMajorIncident: declare,
        JoinIncident: join,
        LeaveIncident: leave,
        UpdateIncident: update,
        EndMajorIncident: end,
    }
)
"""Their part of what commands do."""
