"""The life of an issue: what may happen to it, and what follows. Pure: no clock, no I/O.

Four ways in: `open_issue` makes one, `decide` obeys or refuses a command, `heard` takes in a fact, `tick` lets time
pass. Each answers with the issue afterwards and the entries that led there.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.events import work
from shared.vocabulary import IssueState
from tier_queues import (
    classification,
    consulting,
    conversation,
    custody,
    ending,
    escalation,
    escalation_steps,
    forms,
    frontline,
    handover,
    incidents,
    linking,
    ownership,
    participation,
    problem_links,
    promises,
    pushing,
    remote_sessions,
    updates,
    vendors,
    waiting,
)
from tier_queues import commands as c
from tier_queues import frontline_commands as first
from tier_queues import problem_commands as about
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.agents import Agent
from tier_queues.automation import marked
from tier_queues.circumstances import Circumstances
from tier_queues.companions import Form
from tier_queues.facts import EFFECTS, heard
from tier_queues.guards import GUARDS, WRITES_TO_CUSTOMER, Barrier, excused
from tier_queues.opening import open_issue
from tier_queues.policies import Policies
from tier_queues.problem import Problem
from tier_queues.record import Decision, Entry, Issue, Offered
from tier_queues.refusals import (
    BehindTheScenes,
    NotAllowed,
    NotOwner,
    OverCapacity,
    Refused,
    Taken,
    Unacceptable,
    UnseenMessages,
    WrongTier,
)

__all__ = [
    "EFFECTS",
    "TRANSITIONS",
    "BehindTheScenes",
    "Decision",
    "Entry",
    "Issue",
    "NotAllowed",
    "NotOwner",
    "Offered",
    "OverCapacity",
    "Refused",
    "Taken",
    "Unacceptable",
    "UnseenMessages",
    "WrongTier",
    "allowed_in",
    "decide",
    "heard",
    "open_issue",
    "renewed",
    "tick",
]

QUEUED, ASSIGNED, WAITING, RESOLVED, CLOSED = IssueState

TRANSITIONS: Final[Mapping[tuple[IssueState, type[c.Command]], tuple[IssueState, ...]]] = MappingProxyType(
    {
        (QUEUED, c.Claim): (ASSIGNED,),
        (QUEUED, c.AcceptHandover): (ASSIGNED,),
        (QUEUED, c.Skip): (QUEUED,),
        (QUEUED, c.Note): (QUEUED,),
        (QUEUED, c.Reclassify): (QUEUED,),
        (QUEUED, c.SetPriority): (QUEUED,),
        (QUEUED, side.AnswerConsult): (QUEUED,),
        (QUEUED, side.CloseConsult): (QUEUED,),
        (QUEUED, side.AddParticipant): (QUEUED,),
        (QUEUED, side.Leave): (QUEUED,),
        (ASSIGNED, c.Claim): (ASSIGNED,),
        (ASSIGNED, c.PutBack): (QUEUED,),
        (ASSIGNED, c.Skip): (ASSIGNED, QUEUED),
        (ASSIGNED, c.Reply): (ASSIGNED,),
        (ASSIGNED, c.Note): (ASSIGNED,),
        (ASSIGNED, c.OfferHandover): (ASSIGNED,),
        (ASSIGNED, c.WithdrawOffer): (ASSIGNED,),
        (ASSIGNED, c.AcceptHandover): (ASSIGNED,),
        (ASSIGNED, c.ReturnHandover): (ASSIGNED,),
        (ASSIGNED, c.Wait): (WAITING,),
        (ASSIGNED, c.Forward): (WAITING,),
        (ASSIGNED, c.Reclassify): (ASSIGNED,),
        (ASSIGNED, c.SetPriority): (ASSIGNED,),
        (ASSIGNED, c.Resolve): (RESOLVED,),
        (ASSIGNED, c.PromiseUpdate): (ASSIGNED,),
        (ASSIGNED, side.Consult): (ASSIGNED,),
        (ASSIGNED, side.AnswerConsult): (ASSIGNED,),
        (ASSIGNED, side.CloseConsult): (ASSIGNED,),
        (ASSIGNED, side.AddParticipant): (ASSIGNED,),
        (ASSIGNED, side.Leave): (ASSIGNED,),
        (ASSIGNED, side.OfferRemoteSession): (ASSIGNED,),
        (ASSIGNED, side.RecordRemoteFindings): (ASSIGNED,),
        (WAITING, c.PutBack): (QUEUED,),
        (WAITING, c.Reply): (WAITING,),
        (WAITING, c.Note): (WAITING,),
        (WAITING, c.Resume): (ASSIGNED, QUEUED),
        (WAITING, c.Forward): (WAITING,),
        (WAITING, c.Reclassify): (WAITING,),
        (WAITING, c.SetPriority): (WAITING,),
        (WAITING, c.Resolve): (RESOLVED,),
        (WAITING, c.PromiseUpdate): (WAITING,),
        (WAITING, side.Consult): (WAITING,),
        (WAITING, side.AnswerConsult): (WAITING,),
        (WAITING, side.CloseConsult): (WAITING,),
        (WAITING, side.AddParticipant): (WAITING,),
        (WAITING, side.Leave): (WAITING,),
        (WAITING, side.OfferRemoteSession): (WAITING,),
        (WAITING, side.RecordRemoteFindings): (WAITING,),
        (RESOLVED, c.Note): (RESOLVED,),
        (RESOLVED, side.AddParticipant): (RESOLVED,),
        (RESOLVED, side.Leave): (RESOLVED,),
        (RESOLVED, c.Reopen): (ASSIGNED, QUEUED),
        (RESOLVED, c.Close): (CLOSED,),
        (CLOSED, c.Note): (CLOSED,),
        **frontline.TRANSITIONS,
        **problem_links.TRANSITIONS,
        **escalation.TRANSITIONS | incidents.TRANSITIONS,
        **{(state, kind): (state,) for state in (QUEUED, ASSIGNED, WAITING, RESOLVED) for kind in tidy.ANYWHERE},
        (QUEUED, tidy.Merge): (RESOLVED,),
        (ASSIGNED, tidy.Merge): (RESOLVED,),
        (WAITING, tidy.Merge): (RESOLVED,),
        (ASSIGNED, tidy.Snooze): (WAITING,),
    }
)
"""State and command to the states that may follow; a pair it does not hold is refused, whoever asks.

Claim and accept are one command: an offered issue is an entry of the target's queue, and one that its owner put back
meanwhile waits there for the same people.
"""

Effect = Callable[..., Decision]

_EFFECTS: Final[Mapping[type[c.Command], Effect]] = MappingProxyType(
    {
        c.Claim: ownership.claim,
        c.PutBack: ownership.put_back,
        c.Skip: ownership.skip,
        c.Reply: conversation.reply,
        c.Note: conversation.note,
        c.OfferHandover: handover.offer,
        c.WithdrawOffer: handover.withdraw,
        c.AcceptHandover: ownership.claim,
        c.ReturnHandover: handover.give_back,
        c.Wait: waiting.wait,
        c.Resume: waiting.resume,
        c.Forward: vendors.forward,
        c.Reclassify: classification.reclassify,
        c.SetPriority: classification.set_priority,
        c.Resolve: ending.resolve,
        c.Reopen: ending.reopen,
        c.Close: ending.close,
        side.Consult: consulting.ask,
        side.AnswerConsult: consulting.answer,
        side.CloseConsult: consulting.close,
        side.AddParticipant: participation.add,
        side.Leave: participation.leave,
        side.OfferRemoteSession: remote_sessions.offer,
        side.RecordRemoteFindings: remote_sessions.record,
        first.Verify: frontline.verify,
        first.Redirect: frontline.redirect,
        first.LogCall: frontline.log_call,
        first.BookCallBack: frontline.book_call_back,
        first.RecordGuideStep: frontline.record_guide_step,
        c.PromiseUpdate: updates.promise,
        about.LinkProblem: problem_links.link,
        about.UnlinkProblem: problem_links.unlink,
        about.InsertWorkaround: problem_links.insert_workaround,
        tidy.Tag: linking.tag,
        tidy.Untag: linking.untag,
        tidy.LinkTo: linking.link,
        tidy.Unlink: linking.unlink,
        tidy.Merge: linking.merge,
        tidy.Snooze: waiting.snooze,
        first.AskForm: forms.ask,
        tidy.Split: linking.split,
        **escalation.EFFECTS | incidents.EFFECTS,
    }
)


def decide(
    issue: Issue,
    command: c.Command,
    *,
    actor: Agent,
    now: datetime,
    policies: Policies,
    load: int = 0,
    receiver: Agent | None = None,
    messages: Sequence[work.PublicMessage] = (),
    mentioned: Sequence[Agent] = (),
    helping: str | None = None,
    problem: Problem | None = None,
    other: Issue | None = None,
    form: Form | None = None,
) -> Decision:
    """What a command does to an issue.

    now: aware UTC. load: units the actor owns that are not held (claim, accept). receiver: the active agent that
    an offer's target names, None when there is none. messages: the public conversation, oldest first (forward).
    mentioned: active agents whom a note names. helping: why the actor's tier takes it from one that is too busy.
    problem, other, form: the problem, the second issue and the form that the command names, None if there is none.
    Raises what `refusals` holds; then nothing happened.
    """
    kind = type(command)
    if (barrier := _barrier(issue, kind, actor)) is not None and not (
        barrier is Barrier.OWNER and excused(issue, command, actor)
    ):
        raise _refusal(barrier, issue, kind, actor)
    if kind in WRITES_TO_CUSTOMER and policies.is_silent(issue.team) and not excused(issue, command, actor):
        detail = "This team works behind the scenes; hand the issue back, or ask the lead."
        raise BehindTheScenes("behind-the-scenes", detail, team=issue.team)
    given = Circumstances(
        actor, max(now, issue.last_at), policies, load, receiver, messages, mentioned, helping, problem, other, form
    )
    # A mark that passed before a clock is stopped must be told, however late its timer is.
    decision = promises.announced(Decision(issue), now=given.now, policies=policies)
    decision = _EFFECTS[kind](decision, command, given)
    decision = custody.kept(issue, decision, now=given.now, policies=policies, by=actor.id)
    decision = promises.followed(decision, now=given.now, policies=policies)
    assert decision.issue.state in TRANSITIONS[issue.state, kind], (issue.state, kind, decision.issue.state)
    return decision if actor.by_rule is None else marked(decision, actor.by_rule)


def tick(issue: Issue, *, now: datetime, policies: Policies) -> Decision:
    """Everything that is due at `now`: the end of a wait, marks of clocks, late offers and questions, calls, the end.

    No entries when nothing is due; done twice at one time, the second has none.
    """
    decision = waiting.wake(Decision(issue), now=now, policies=policies)
    decision = promises.announced(decision, now=now, policies=policies)
    decision = handover.overdue(decision, now=now, policies=policies)
    decision = consulting.overdue(decision, now=now, policies=policies)
    decision = ending.expire(frontline.call_backs_due(decision, now=now), now=now)
    decision = escalation_steps.taken(pushing.expired(decision, now=now), now=now, policies=policies)
    decision = ownership.idle(decision, now=now, policies=policies)
    decision = custody.kept(issue, decision, now=now, policies=policies)
    return promises.followed(decision, now=now, policies=policies)


def renewed(issue: Issue, *, now: datetime, policies: Policies) -> Decision:
    """What another version of the policy promises to an open issue; the very same issue where it has the version."""
    if issue.policy == policies.version or issue.is_over:
        return Decision(issue)
    # What passed by the old promises is told before they change; what has passed by the new ones is told at once.
    decision = promises.announced(Decision(issue), now=now, policies=policies)
    decision = promises.followed(decision, now=now, policies=policies)
    return promises.announced(decision, now=now, policies=policies)


def allowed_in(issue: Issue, agent: Agent) -> list[str]:
    """Names of the commands that this agent may give now, in the order of COMMANDS."""
    return [name for name, kind in c.COMMANDS.items() if _barrier(issue, kind, agent) is None]


def _barrier(issue: Issue, kind: type[c.Command], agent: Agent) -> Barrier | None:
    if (issue.state, kind) in TRANSITIONS:
        return GUARDS[kind](issue, agent)
    # Who lost a race for an issue hears who won it, even when the winner has already moved it on.
    return Barrier.TAKEN if kind in (c.Claim, c.AcceptHandover) and issue.owner else Barrier.STATE


def _refusal(barrier: Barrier, issue: Issue, kind: type[c.Command], agent: Agent) -> Refused:
    name = c.NAME_OF[kind]
    owner = {"owner": issue.owner, "owner_name": issue.owner_name}
    match barrier:
        case Barrier.STATE:
            detail = f"{name} is not possible while the issue is {issue.state}{' and offered' if issue.offer else ''}."
            return NotAllowed("not-allowed", detail, state=issue.state, allowed=allowed_in(issue, agent))
        case Barrier.TAKEN:
            return Taken("taken", f"{issue.owner_name} owns the issue.", **owner)
        case Barrier.OWNER:
            return NotOwner("not-owner", f"{name} is for the issue's owner.", **owner)
        case Barrier.TIER:
            return WrongTier("wrong-tier", "The issue waits for other people.", tier=issue.tier, team=issue.team)
