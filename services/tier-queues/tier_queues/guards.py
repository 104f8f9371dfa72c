"""Who may give which command now, before its content is looked at."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.vocabulary import EXPERT_TIER, IssueState
from tier_queues import commands as c
from tier_queues import frontline_commands as first
from tier_queues import incident_commands as major
from tier_queues import problem_commands as about
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.agents import Agent, may_lead, owns
from tier_queues.consulting import may_answer
from tier_queues.escalation_commands import Escalate
from tier_queues.linking import children_of, duplicates_of, incident_of, master_of
from tier_queues.links import FOLLOWING
from tier_queues.participation import takes_part
from tier_queues.record import Issue


class Barrier(StrEnum):
    """What stands in the way."""

    STATE = "state"
    """Nobody could do it now."""
    OWNER = "owner"
    """Somebody else could: the owner, or the lead."""
    TAKEN = "taken"
    """Somebody owns the issue already."""
    TIER = "tier"
    """It waits for other people."""


Guard = Callable[[Issue, Agent], Barrier | None]


def _anyone(_issue: Issue, _agent: Agent) -> Barrier | None:
    return None


def _claim(issue: Issue, agent: Agent) -> Barrier | None:
    if issue.state is IssueState.QUEUED:
        given_to_another = issue.pushed is not None and issue.pushed.agent != agent.id
        return None if issue.tier in agent.tiers and not given_to_another else Barrier.TIER
    return None if _is_receiver(issue, agent) else Barrier.TAKEN


def _skip(issue: Issue, agent: Agent) -> Barrier | None:
    """Who may have it, or has it."""
    return _owner_without_offer(issue, agent) if issue.owner == agent.id else _claim(issue, agent)


def _accept(issue: Issue, agent: Agent) -> Barrier | None:
    if issue.state is IssueState.QUEUED or issue.offer is None:
        return _claim(issue, agent)
    return _return(issue, agent)


def _return(issue: Issue, agent: Agent) -> Barrier | None:
    if issue.offer is None or issue.owner == agent.id:
        return Barrier.STATE
    return None if _is_receiver(issue, agent) else Barrier.TIER


def _owner(issue: Issue, agent: Agent) -> Barrier | None:
    return None if owns(agent, issue) else Barrier.OWNER


def _owner_without_offer(issue: Issue, agent: Agent) -> Barrier | None:
    return _owner(issue, agent) or (Barrier.STATE if issue.offer else None)


def _owner_with_offer(issue: Issue, agent: Agent) -> Barrier | None:
    return _owner(issue, agent) or (None if issue.offer else Barrier.STATE)


def _owner_or_lead(issue: Issue, agent: Agent) -> Barrier | None:
    return None if may_lead(agent, issue) else _owner(issue, agent)


def _put_back(issue: Issue, agent: Agent) -> Barrier | None:
    return Barrier.STATE if issue.owner is None else _owner_or_lead(issue, agent)


def _keeper(issue: Issue, agent: Agent) -> Barrier | None:
    """Owner or lead; while nobody owns it, the agents of the tier that looks after it."""
    if issue.owner is None and issue.minding_tier in agent.tiers:
        return None
    return _owner_or_lead(issue, agent)


def _who_ended_it(issue: Issue, agent: Agent) -> Barrier | None:
    """Whoever owned it when it was resolved, or the lead; when nobody did, the agents of the tier."""
    if issue.last_owner is None:
        return _keeper(issue, agent)
    return None if issue.last_owner == agent.id or may_lead(agent, issue) else Barrier.OWNER


def _answer(issue: Issue, agent: Agent) -> Barrier | None:
    if not issue.consults:
        return Barrier.STATE
    return None if any(may_answer(agent, consult) for consult in issue.consults) else Barrier.TIER


def _close_consult(issue: Issue, agent: Agent) -> Barrier | None:
    return _keeper(issue, agent) if issue.consults else Barrier.STATE


def _participant(issue: Issue, agent: Agent) -> Barrier | None:
    return None if takes_part(agent, issue) else Barrier.STATE


def _owner_with_consent(issue: Issue, agent: Agent) -> Barrier | None:
    allowed = issue.remote is not None and issue.remote.granted
    return _owner(issue, agent) or (None if allowed else Barrier.STATE)


def _linked(issue: Issue, _agent: Agent) -> Barrier | None:
    return None if issue.problems else Barrier.STATE


def _joined(issue: Issue, _agent: Agent) -> Barrier | None:
    """Anybody, of what is linked to other issues, not counting major incidents, which are left by another command."""
    return None if any(link.relation not in FOLLOWING for link in issue.links) else Barrier.STATE


def _merge(issue: Issue, agent: Agent) -> Barrier | None:
    """Keepers, of what was neither merged nor has duplicates itself, and is no major incident."""
    if issue.offer or issue.major or (issue.links and (master_of(issue) or duplicates_of(issue))):
        return Barrier.STATE
    return _keeper(issue, agent)


def _declare(issue: Issue, agent: Agent) -> Barrier | None:
    """The lead, of what is none yet and follows none."""
    if issue.major or (issue.links and incident_of(issue)):
        return Barrier.STATE
    return None if may_lead(agent, issue) else Barrier.OWNER


def _end_incident(issue: Issue, agent: Agent) -> Barrier | None:
    if not issue.major:
        return Barrier.STATE
    return None if may_lead(agent, issue) else Barrier.OWNER


def _of_incident(issue: Issue, agent: Agent) -> Barrier | None:
    return _owner_or_lead(issue, agent) if issue.major else Barrier.STATE


def _keeper_or_tier(issue: Issue, agent: Agent) -> Barrier | None:
    """Owner, lead, and any agent of the tier that looks after it."""
    return None if issue.minding_tier in agent.tiers else _owner_or_lead(issue, agent)


def _join(issue: Issue, agent: Agent) -> Barrier | None:
    """Those, of what neither is a major incident, nor leads or follows already."""
    if issue.major or (issue.links and (incident_of(issue) or children_of(issue))):
        return Barrier.STATE
    return _keeper_or_tier(issue, agent)


def _leave_incident(issue: Issue, agent: Agent) -> Barrier | None:
    return _keeper_or_tier(issue, agent) if issue.links and incident_of(issue) else Barrier.STATE


def _is_receiver(issue: Issue, agent: Agent) -> bool:
    return issue.offer is not None and issue.owner != agent.id and agent.is_target_of(issue.offer.target)


GUARDS: Final[Mapping[type[c.Command], Guard]] = MappingProxyType(
    {
        c.Claim: _claim,
        c.PutBack: _put_back,
        c.Skip: _skip,
        c.Reply: _owner,
        c.Note: _anyone,
        c.OfferHandover: _owner_without_offer,
        c.WithdrawOffer: _owner_with_offer,
        c.AcceptHandover: _accept,
        c.ReturnHandover: _return,
        c.Wait: _owner_without_offer,
        c.Resume: _keeper,
        c.Forward: _owner_without_offer,
        c.Reclassify: _keeper,
        c.SetPriority: _keeper,
        c.Resolve: _owner_without_offer,
        c.Reopen: _who_ended_it,
        c.Close: _who_ended_it,
        side.Consult: _owner,
        side.AnswerConsult: _answer,
        side.CloseConsult: _close_consult,
        side.AddParticipant: _anyone,
        side.Leave: _participant,
        side.OfferRemoteSession: _owner,
        side.RecordRemoteFindings: _owner_with_consent,
        first.Verify: _owner,
        first.Redirect: _owner_without_offer,
        first.LogCall: _anyone,
        first.BookCallBack: _owner,
        first.RecordGuideStep: _owner,
        c.PromiseUpdate: _owner,
        about.LinkProblem: _anyone,
        about.UnlinkProblem: _linked,
        about.InsertWorkaround: _linked,
        tidy.Tag: _anyone,
        tidy.Untag: _anyone,
        tidy.LinkTo: _anyone,
        tidy.Unlink: _joined,
        tidy.Merge: _merge,
        tidy.Snooze: _owner_without_offer,
        first.AskForm: _owner_without_offer,
        tidy.Split: _owner_or_lead,
        Escalate: _keeper,
        major.DeclareMajorIncident: _declare,
        major.JoinIncident: _join,
        major.LeaveIncident: _leave_incident,
        major.UpdateIncident: _of_incident,
        major.EndMajorIncident: _end_incident,
    }
)
"""Command to its guard; asked only where the transition table holds the command at all."""

WRITES_TO_CUSTOMER: Final[frozenset[type[c.Command]]] = frozenset(
    {
        c.Reply,
        c.Resolve,
        c.PromiseUpdate,
        side.OfferRemoteSession,
        first.Redirect,
        tidy.Merge,
        first.AskForm,
        tidy.Split,
        major.UpdateIncident,
    }
)
"""What the customer reads; a team that works behind the scenes hands the issue back instead."""


def excused(issue: Issue, command: c.Command, agent: Agent) -> bool:
    """Whether this is a reply that says why somebody writes who else may not: an expert, or the lead."""
    if not isinstance(command, c.Reply) or command.exception_reason is None:
        return False
    return EXPERT_TIER in agent.tiers or may_lead(agent, issue)
