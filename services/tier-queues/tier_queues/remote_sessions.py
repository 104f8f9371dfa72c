"""A look at the customer's machine: offered by the owner, allowed by the customer, and what it showed."""

from dataclasses import replace
from datetime import datetime

from shared.events import collaboration, issues
from tier_queues.circumstances import Circumstances
from tier_queues.companions import RemoteSession
from tier_queues.policies import Policies
from tier_queues.record import Decision
from tier_queues.side_commands import OfferRemoteSession, RecordRemoteFindings


def offer(decision: Decision, command: OfferRemoteSession, given: Circumstances) -> Decision:
    """The owner asks the customer's leave; a newer offer replaces an older one."""
    issue = decision.issue
    session = RemoteSession(issue.made_id("remote-session"), command.purpose, command.link, given.now)
    return decision.then(
        collaboration.RemoteSessionOffered,
        actor=given.actor,
        at=given.now,
        change={"remote": session},
        session=session.id,
        purpose=session.purpose,
        link=session.link,
    )


def record(decision: Decision, command: RecordRemoteFindings, given: Circumstances) -> Decision:
    """What the session showed; it is over."""
    session = decision.issue.remote
    assert session is not None, "the guard asks for the customer's consent"
    return decision.then(
        collaboration.RemoteSessionEnded,
        actor=given.actor,
        at=given.now,
        change={"remote": None},
        private={"findings": command.findings, "purpose": session.purpose},
        session=session.id,
    )


def consented(decision: Decision, fact: issues.ConsentGiven, *, now: datetime, policies: Policies) -> Decision:
    """The customer's word; about a session that is not offered any more it is only noted."""
    session = decision.issue.remote
    meant = session is not None and session.id == fact.session
    change = {"remote": replace(session, granted=fact.granted)} if session is not None and meant else {}
    return decision.then(
        collaboration.CustomerConsented,
        actor=decision.issue.customer_actor,
        at=now,
        change=change,
        private={} if meant else {"superseded": True},
        session=fact.session,
        granted=fact.granted,
    )
