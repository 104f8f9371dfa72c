"""Hierarchical escalation: the lead, or the customer's account manager, hears of an issue or is offered it."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from shared.events import attention, work
from shared.vocabulary import HandoverReason, IssueState, Role
from tier_queues import handover
from tier_queues.agents import owns
from tier_queues.circumstances import Circumstances
from tier_queues.command_parts import Command, Destination
from tier_queues.commands import OfferHandover
from tier_queues.escalation_commands import Escalate
from tier_queues.policies import Policies
from tier_queues.record import Decision, Issue
from tier_queues.refusals import NotOwner, Refused, Unacceptable

ESCALATED: Final = "escalated"
"""Cause of the lead's alert."""
TRANSITIONS: Final[MappingProxyType[tuple[IssueState, type[Command]], tuple[IssueState, ...]]] = MappingProxyType(
    {(state, Escalate): (state,) for state in (IssueState.QUEUED, IssueState.ASSIGNED, IssueState.WAITING)}
)
"""Its part of the table of transitions."""


def escalate(decision: Decision, command: Escalate, given: Circumstances) -> Decision:
    """Inform whom the command means, or offer them the issue. Raises Refused, NotOwner, Unacceptable."""
    if command.as_ == "owner":
        return _offered(decision, command, given)
    if command.to == "lead":
        return _lead_told(decision, command, given)
    manager = _manager(decision.issue, given)
    return decision.then(
        attention.AccountManagerInformed,
        actor=given.actor,
        at=given.now,
        private=_private(command),
        agent=manager,
        agent_name=given.receiver.name if given.receiver else manager,
    )


def manager_of(issue: Issue, command: Command) -> str | None:
    """The account manager whom a command calls, as far as the customer has one."""
    is_called = isinstance(command, Escalate) and command.to == "account-manager"
    return issue.account_manager if is_called else None


EFFECTS: Final[MappingProxyType[type[Command], Callable[..., Decision]]] = MappingProxyType({Escalate: escalate})
"""Its part of what commands do."""


def _lead_told(decision: Decision, command: Escalate, given: Circumstances) -> Decision:
    issue = decision.issue
    return decision.then(
        attention.LeadAlerted,
        actor=given.actor,
        at=given.now,
        private=_private(command),
        cause=ESCALATED,
        tier=issue.minding_tier,
        team=issue.team,
        leads=_leads(issue, given.policies),
    )


def _offered(decision: Decision, command: Escalate, given: Circumstances) -> Decision:
    """The same as every offer; they get it where it is, whatever tiers they work."""
    issue, parts = decision.issue, command.parts
    assert parts is not None, "the command asks for them"
    if issue.owner is None:
        detail = "Nobody owns it yet: claim it and then offer it, or have them informed."
        raise Refused("not-offerable", detail, state=issue.state)
    if not owns(given.agent, issue):
        detail = "Only its owner offers it; you may have them informed."
        raise NotOwner("not-owner", detail, owner=issue.owner, owner_name=issue.owner_name)
    if issue.state is not IssueState.ASSIGNED or issue.offer is not None:
        raise Refused("not-offerable", "It waits or is offered already; you may have them informed.", state=issue.state)
    agent = _manager(issue, given) if command.to == "account-manager" else _lead(issue, given)
    target = work.Target(tier=issue.tier, team=issue.team, agent=agent)
    wanted = OfferHandover(
        target=Destination(agent=agent),
        mode=command.mode,
        reason=HandoverReason.HIERARCHICAL,
        **parts.model_dump(),
    )
    return handover.offered_to(decision, target, wanted, given, why=command.reason)


def _leads(issue: Issue, policies: Policies) -> tuple[str, ...]:
    leads = policies.leads(issue.minding_tier, issue.team)
    if not leads:
        raise Unacceptable("no-lead", "Nobody leads this team.", tier=issue.minding_tier, team=issue.team)
    return leads


def _lead(issue: Issue, given: Circumstances) -> str:
    """The first lead who is there and does not own it already; without one the first at all."""
    others = [lead for lead in _leads(issue, given.policies) if lead != issue.owner]
    if not others:
        raise Unacceptable("no-lead", "Nobody else leads this team.", tier=issue.minding_tier, team=issue.team)
    return next((lead for lead in others if lead not in given.policies.absent), others[0])


def _manager(issue: Issue, given: Circumstances) -> str:
    if issue.account_manager is None:
        raise Unacceptable("no-account-manager", "The customer has no account manager.")
    found = given.receiver
    if found is None or found.id != issue.account_manager or found.role not in (Role.AGENT, Role.LEAD):
        detail = f"The customer's account manager, {issue.account_manager}, is no active agent or lead."
        raise Unacceptable("no-account-manager", detail)
    if issue.account_manager == issue.owner:
        raise Unacceptable("no-account-manager", "The customer's account manager owns the issue already.")
    return issue.account_manager


def _private(command: Escalate) -> dict[str, Any]:
    return {"reason": command.reason} | (command.parts.model_dump() if command.parts else {})
