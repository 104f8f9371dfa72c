"""The life of an issue: what may happen to it, and what follows. Pure: no clock, no I/O.

Four ways in: `open_issue` makes one, `decide` obeys or refuses a command, `heard` takes in a fact, `tick` lets time
pass. Each answers with the issue afterwards and the entries that led there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from shared.events import work
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
from tier_queues.record import TIERDESK, Decision, Entry, Issue, Offered
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
from tier_queues.transitions import TRANSITIONS

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
    "without",
]

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


def without(issue: Issue, gone: Collection[str], *, now: datetime, policies: Policies) -> Decision:
    """What becomes of an issue when agents leave: back to the queue without its owner, or offered to nobody any more.

    gone: sign-in names. No entries when it belongs to none of them.
    """
    now = max(now, issue.last_at)
    decision = promises.announced(Decision(issue), now=now, policies=policies)
    if issue.owner in gone:
        decision = ownership.released(decision, ownership.LEFT, actor=TIERDESK, at=now, policies=policies)
    elif issue.offer is not None and issue.offer.target.agent in gone:
        decision = handover.ended(decision, cause="left", actor=TIERDESK, at=now)
    else:
        return Decision(issue)
    decision = custody.kept(issue, decision, now=now, policies=policies)
    return promises.followed(decision, now=now, policies=policies)


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
