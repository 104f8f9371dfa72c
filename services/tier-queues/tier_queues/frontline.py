"""Tier 1's own acts: verifying, redirecting, calls and call-backs, steps of guides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from shared.events import frontline
from shared.vocabulary import TEXT_LIMIT, IssueState, Resolution
from tier_queues import ending, promises
from tier_queues.circumstances import Circumstances
from tier_queues.command_parts import Command
from tier_queues.companions import CALL_BACKS_LIMIT, CallBack, Verification
from tier_queues.conversation import read
from tier_queues.frontline_commands import AskForm, BookCallBack, LogCall, RecordGuideStep, Redirect, Verify
from tier_queues.record import TIERDESK, Decision
from tier_queues.refusals import Unacceptable

CUSTOMER: Final = "customer"
OPEN: Final = (IssueState.ASSIGNED, IssueState.WAITING)
TRANSITIONS: Final[Mapping[tuple[IssueState, type[Command]], tuple[IssueState, ...]]] = MappingProxyType(
    {(state, kind): (state,) for kind in (Verify, BookCallBack, RecordGuideStep) for state in OPEN}
    | {(state, LogCall): (state,) for state in (IssueState.QUEUED, *OPEN, IssueState.RESOLVED)}
    | {(state, Redirect): (IssueState.RESOLVED,) for state in OPEN}
    | {(IssueState.ASSIGNED, AskForm): OPEN, (IssueState.WAITING, AskForm): (IssueState.WAITING,)}
)
"""The frontline's part of the table of transitions."""


def verify(decision: Decision, command: Verify, given: Circumstances) -> Decision:
    """What a check of the account or the licence gave; a newer one of the same replaces it."""
    issue = decision.issue
    found = Verification(command.subject, command.result, given.agent.id, given.now)
    others = tuple(one for one in issue.verifications if one.subject != command.subject)
    return decision.then(
        frontline.CustomerVerified,
        actor=given.actor,
        at=given.now,
        change={"verifications": (*others, found)},
        private={"how": command.how},
        subject=command.subject,
        result=command.result,
    )


def redirect(decision: Decision, command: Redirect, given: Circumstances) -> Decision:
    """Resolved as redirected; the customer's own words are kept with it for whoever takes over elsewhere.

    Raises Unacceptable, UnseenMessages.
    """
    ending.check_unfollowed(decision.issue)
    decision = read(decision, given, seen=command.seen, confirm=command.confirm)
    said = [message.text for message in given.messages if message.author == CUSTOMER]
    private = {"to": command.channel, "reason": command.reason, "carried": "\n\n".join(said)[:TEXT_LIMIT]}
    return ending.resolved(
        decision,
        Resolution.REDIRECTED,
        command.text,
        actor=given.actor,
        at=given.now,
        policies=given.policies,
        private=private,
    )


def log_call(decision: Decision, command: LogCall, given: Circumstances) -> Decision:
    """A call with the customer, who is answered when it was the owner's; it ends a call-back. Raises Unacceptable."""
    issue, booked = decision.issue, decision.issue.call_backs
    left = tuple(one for one in booked if one.id != command.call_back)
    if command.call_back is not None and left == booked:
        raise Unacceptable("no-such-call-back", "There is no such call-back, or it was made already.")
    answers = issue.owner == given.agent.id
    clocks = promises.answered(issue, at=given.now, policies=given.policies) if answers else issue.clocks
    return decision.then(
        frontline.CallLogged,
        actor=given.actor,
        at=given.now,
        change={"call_backs": left, "clocks": clocks},
        private={"said": command.text},
        direction=command.direction,
        minutes=command.minutes,
        call_back=command.call_back,
    )


def book_call_back(decision: Decision, command: BookCallBack, given: Circumstances) -> Decision:
    """The owner promises to call. Raises Unacceptable."""
    issue = decision.issue
    if not given.now < command.at <= given.now + given.policies.longest_wait:
        days = given.policies.longest_wait.days
        raise Unacceptable("call-back-out-of-range", f"Book a time within the next {days} days.")
    if len(issue.call_backs) >= CALL_BACKS_LIMIT:
        raise Unacceptable("too-many-call-backs", f"{CALL_BACKS_LIMIT} call-backs are booked already.")
    booked = CallBack(issue.made_id("call-back"), command.at.astimezone(UTC), command.reason)
    return decision.then(
        frontline.CallBackBooked,
        actor=given.actor,
        at=given.now,
        change={"call_backs": (*issue.call_backs, booked)},
        private={"reason": command.reason},
        call_back=booked.id,
        due_at=booked.due_at,
    )


def call_backs_due(decision: Decision, *, now: datetime) -> Decision:
    """Call-backs whose time has come: each told once, and kept until it is made. Unchanged when none is due."""
    for booked in decision.issue.call_backs:
        if not booked.told and booked.due_at <= now:
            told = (replace(one, told=True) if one is booked else one for one in decision.issue.call_backs)
            decision = decision.then(
                frontline.CallBackDue,
                actor=TIERDESK,
                at=now,
                change={"call_backs": tuple(told)},
                call_back=booked.id,
                due_at=booked.due_at,
            )
    return decision


def record_guide_step(decision: Decision, command: RecordGuideStep, given: Circumstances) -> Decision:
    """What a step of a guide showed."""
    return decision.then(
        frontline.GuideStepRecorded,
        actor=given.actor,
        at=given.now,
        private={"text": command.text},
        guide=command.guide,
        step=command.step,
        result=command.result,
    )
