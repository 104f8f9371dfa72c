"""Builders for events: everything has a plausible default, so that a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from shared.dead_letters import Record
from shared.events import Envelope, Fact, directory, issues, routing, vendor, work
from shared.ids import new_id
from shared.topics import TOPIC_OF
from shared.vocabulary import HandoverMode, HandoverReason, IssueState, Level

ACCEPTED_AT: Final = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""A Monday morning on which every issue of a test is accepted."""
SYSTEM: Final = work.Actor(kind="system", id="system", name="Tierdesk")
AGENT: Final = work.Actor(kind="agent", id="ada", name="Ada")


def envelope(
    fact: Fact,
    *,
    subject: UUID | str | None = None,
    seq: int = 1,
    event: UUID | None = None,
    source: str | None = None,
    traceparent: str | None = None,
) -> Envelope[Any]:
    """A fact as a consumer receives it.

    subject: a new issue, or the entry's own key; event: the envelope's id; source: the topic's producer.
    """
    key = fact.key if isinstance(fact, directory.Entry) else subject or new_id()
    shape: Any = Envelope[type(fact)]  # type: ignore[misc]
    made: Envelope[Any] = shape(
        id=event or new_id(),
        source=source or TOPIC_OF[fact.TYPE].producer,
        type=fact.TYPE,
        subject=str(key),
        time=ACCEPTED_AT,
        seq=seq,
        traceparent=traceparent,
        data=fact,
    )
    return made


def record(event: Envelope[Any], *, offset: int = 0, partition: int = 0) -> Record:
    """An event as `Consumer.handle` takes it: the bytes and headers of its record on its topic."""
    return Record(
        topic=TOPIC_OF[event.type].name,
        partition=partition,
        offset=offset,
        key=event.subject,
        type=event.type,
        headers={"type": event.type, "id": str(event.id)},
        body=event.model_dump_json().encode(),
    )


def customer(**changes: Any) -> issues.Customer:
    """A customer of an account without any special entitlement."""
    values: dict[str, Any] = {
        "id": new_id(),
        "name": "Grace Hopper",
        "email": "grace@example.com",
        "account": "navy",
        "plan": "basic",
    }
    return issues.Customer(**values | changes)


def submission(**changes: Any) -> issues.Submission:
    """An issue as intake accepted it: a forgotten password, unless told otherwise."""
    values: dict[str, Any] = {
        "number": 1001,
        "accepted_at": ACCEPTED_AT,
        "application": "shop",
        "customer": customer(),
        "title": "I forgot my password",
        "text": "Please reset my password, I cannot sign in any more.",
    }
    return issues.Submission(**values | changes)


def submitted(**changes: Any) -> issues.IssueSubmitted:
    """The fact that an issue was accepted; changes are the submission's."""
    return issues.IssueSubmitted(submission=submission(**changes))


def customer_replied(**changes: Any) -> issues.CustomerReplied:
    """The customer wrote again."""
    values: dict[str, Any] = {"message": new_id(), "text": "Any news?", "at": ACCEPTED_AT}
    return issues.CustomerReplied(**values | changes)


def decision_record(**changes: Any) -> routing.DecisionRecord:
    """The reasons of a keyword decision."""
    values: dict[str, Any] = {
        "policy_version": 1,
        "method": "keywords",
        "took_microseconds": 120,
        "sentences": ("Tier 1 because *password* points to password reset, 91 %; policy 1 sends that to Tier 1.",),
    }
    return routing.DecisionRecord(**values | changes)


LADDER: Final = (
    routing.Rung(tier=1, team="frontline"),
    routing.Rung(tier=2, team="technical"),
    routing.Rung(tier=3, team="experts"),
    routing.Rung(tier=4, team="vendors"),
)


def decided(**changes: Any) -> routing.Routing:
    """A routing to Tier 1 with the whole ladder above it; `tier` alone is enough to choose another team too."""
    tier = changes.get("tier", 1)
    values: dict[str, Any] = {
        "tier": tier,
        "team": next((rung.team for rung in LADDER if rung.tier == tier), LADDER[0].team),
        "ladder": LADDER,
        "vendor": "acme-cloud",
        "category": "password_reset",
        "impact": Level.MEDIUM,
        "urgency": Level.MEDIUM,
        "record": decision_record(),
    }
    return routing.Routing(**values | changes)


def routed(*, revision: int = 0, of: issues.Submission | None = None, **changes: Any) -> routing.IssueRouted:
    """The router's decision on an issue. of: what was submitted; changes are the routing's."""
    return routing.IssueRouted(
        decision=new_id(), revision=revision, submission=of or submission(), routing=decided(**changes)
    )


def standing(version: int = 1, **changes: Any) -> work.Standing:
    """An issue queued at Tier 1, unless told otherwise."""
    values: dict[str, Any] = {
        "version": version,
        "state": IssueState.QUEUED,
        "tier": 1,
        "team": "frontline",
        "priority": 3,
    }
    return work.Standing(**values | changes)


def worked(kind: type[work.WorkFact], *, version: int = 1, **changes: Any) -> work.WorkFact:
    """A fact on support.work, e.g. `worked(work.IssueReclassified, category="bug", revision=1, reason="…")`.

    Keywords of `Standing` (state, tier, team, owner, …) go into the standing, all others into the fact.
    """
    of_standing = {name: changes.pop(name) for name in list(changes) if name in work.Standing.model_fields}
    values: dict[str, Any] = {"at": ACCEPTED_AT, "actor": AGENT, "standing": standing(version, **of_standing)}
    return kind(**values | changes)


def reclassified(category: str, *, revision: int = 1, **changes: Any) -> work.WorkFact:
    """A person chose another category."""
    reason = changes.pop("reason", "The customer meant something else.")
    return worked(work.IssueReclassified, category=category, revision=revision, reason=reason, **changes)


def resolved() -> work.WorkFact:
    """An agent solved the issue."""
    return worked(work.IssueResolved, resolution="solved", text="Done.", version=3)


def offer(**changes: Any) -> work.Offer:
    """A cold handover to Tier 2 for want of knowledge."""
    values: dict[str, Any] = {
        "id": new_id(),
        "target": work.Target(tier=2, team="technical"),
        "mode": HandoverMode.COLD,
        "reason": HandoverReason.KNOWLEDGE,
    }
    return work.Offer(**values | changes)


def forwarded(**changes: Any) -> work.WorkFact:
    """A vendor is asked to work on an issue."""
    values: dict[str, Any] = {
        "version": 2,
        "state": IssueState.WAITING,
        "waiting_for": "vendor",
        "case": new_id(),
        "vendor": "acme-cloud",
        "number": 1001,
        "title": "Acme Cloud is slow",
        "account": "navy",
        "ask": "Please find out why.",
        "messages": (work.PublicMessage(author="customer", at=ACCEPTED_AT, text="Acme Cloud is slow."),),
    }
    return worked(work.IssueForwarded, **values | changes)


def vendor_said(kind: type[vendor.VendorFact], **changes: Any) -> vendor.VendorFact:
    """A fact on support.vendor, e.g. `vendor_said(vendor.VendorCaseResolved, text="Fixed.")`."""
    values: dict[str, Any] = {"case": new_id(), "vendor": "acme-cloud", "vendor_name": "Acme Cloud", "at": ACCEPTED_AT}
    return kind(**values | changes)


def session_revoked(session: UUID | None = None, **changes: Any) -> directory.SessionRevoked:
    """A staff session whose tokens are refused from now on."""
    of = session or new_id()
    values: dict[str, Any] = {
        "entity": str(of),
        "version": 1,
        "session": of,
        "expires_at": datetime(2026, 11, 2, 10, 0, tzinfo=UTC),
    }
    return directory.SessionRevoked(**values | changes)
