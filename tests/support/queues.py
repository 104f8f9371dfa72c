"""Issues in every state and people who work them, made by the same decisions that make them in real life."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.events import Fact, issues, routing, vendor, work
from shared.events.deliveries import NotificationFailed
from shared.events.form_parts import FormAnswer, FormField
from shared.ids import new_id
from shared.vocabulary import IssueState, Level, Role
from support import events
from tier_queues import commands as c
from tier_queues import escalation_commands as escalation
from tier_queues import frontline_commands as first
from tier_queues import incident_commands as major
from tier_queues import problem_commands as about
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.agents import Agent
from tier_queues.companions import Form
from tier_queues.issue import Decision, Issue, decide, heard, open_issue, tick
from tier_queues.linking import incident_of
from tier_queues.links import Relation
from tier_queues.policies import Policies
from tier_queues.problem import Kind, Person, Problem, State

NOW: Final = events.ACCEPTED_AT
"""When an issue of a test was accepted and routed."""
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
POLICIES: Final = Policies(tier_leads={1: ("lea",), 2: ("lea",), 3: ("lea",)})

URGENT: Final = c.SetPriority(impact=Level.HIGH, urgency=Level.HIGH, reason="All are down.")
"""What makes an issue a P1."""
PARTS: Final = {
    "impact": "Nobody in accounting can work.",
    "findings": "The import stops at row 4,012.",
    "tried": "Another browser, a smaller file.",
    "ask": "Please look at the import log.",
    "promised": "An update by noon.",
}
"""The five parts of a handover."""
BRIEFING: Final = side.Briefing(customer="Navy, plan basic.", symptoms="The import stops.", tried="A smaller file.")
"""What comes with a question to somebody else."""


FORM: Final = Form(
    "printer",
    "About your printer",
    (
        FormField(name="model", label="Which model is it?"),
        FormField(name="paper", label="Is there paper?", type="yes-no", required=False),
    ),
)
"""A form of the shelf."""
KIM: Final = Person("kim", "Kim")
"""Who made the problem of tests."""
PROBLEM: Final = Problem(
    id=UUID("0193f000-0000-7000-8000-000000000001"),
    number=7,
    version=1,
    kind=Kind.PROBLEM,
    state=State.KNOWN_ERROR,
    title="The import stops at umlauts",
    description="Rows with umlauts end the import.",
    product="navy",
    made_at=NOW,
    made_by=KIM,
    updated_at=NOW,
    workaround="Save the file as UTF-8 first.",
)
"""A known error."""


def agent(name: str = "ada", *, tier: int = 1, team: str = "frontline", **changes: Any) -> Agent:
    """An agent of Tier 1's usual team, unless told otherwise."""
    values: dict[str, Any] = {
        "id": name,
        "name": name.title(),
        "role": Role.AGENT,
        "tiers": frozenset({tier}),
        "teams": frozenset({team}),
        "capacity": 10,
    }
    return Agent(**values | changes)


ADA: Final = agent("ada")
BOB: Final = agent("bob")
TIM: Final = agent("tim", tier=2, team="technical")
EVE: Final = agent("eve", tier=3, team="experts")
LEA: Final = agent("lea", role=Role.LEAD)


def opened(*early: Fact, now: datetime = NOW, policies: Policies = POLICIES, **changes: Any) -> Decision:
    """What a first routing makes; changes are the routing's, `of` is the submission."""
    return open_issue(events.routed(**changes), early, id=new_id(), policies=policies, now=now)


def queued(**changes: Any) -> Issue:
    """An issue in the queue of Tier 1."""
    return opened(**changes).issue


def after(issue: Issue, *steps: c.Command, by: Agent = ADA, now: datetime | None = None, **given: Any) -> Issue:
    """The issue after somebody's commands."""
    for step in steps:
        issue = ruled(issue, step, by=by, now=now, **given).issue
    return issue


def ruled(
    issue: Issue,
    command: c.Command,
    *,
    by: Agent = ADA,
    now: datetime | None = None,
    policies: Policies = POLICIES,
    **given: Any,
) -> Decision:
    """What follows from one command. now: the time of the issue's last entry, unless told otherwise.

    other: the second issue that it names, a queued one of this id unless told otherwise.
    """
    given = {"problem": named(command), "form": FORM if isinstance(command, first.AskForm) else None} | given
    if (second := tidy.other_of(command)) is not None:
        given = {"other": replace(queued(), id=second, major=isinstance(command, major.JoinIncident))} | given
    return decide(issue, command, actor=by, now=now or issue.last_at, policies=policies, **given)


def named(command: c.Command) -> Problem | None:
    """The problem that a command names: a known error, whichever it is."""
    problem = getattr(command, "problem", None)
    return None if problem is None else replace(PROBLEM, id=problem)


def told(issue: Issue, fact: Fact, *, now: datetime | None = None, policies: Policies = POLICIES) -> Decision:
    """What follows from one fact."""
    return heard(issue, fact, now=now or issue.last_at, policies=policies)


def ticked(issue: Issue, now: datetime, policies: Policies = POLICIES) -> Decision:
    """What follows from the time."""
    return tick(issue, now=now, policies=policies)


def assigned(by: Agent = ADA, **changes: Any) -> Issue:
    """An issue that somebody owns."""
    return after(queued(**changes), c.Claim(), by=by)


def offered(**changes: Any) -> Issue:
    """An issue that Ada owns and offers to Tier 2; changes are the offer's."""
    return after(assigned(), offer(**changes))


def waiting_for_customer() -> Issue:
    """An issue that Ada owns, waiting for the customer."""
    return after(assigned(), wait("customer"))


def waiting_for_vendor() -> Issue:
    """An issue that Ada owns, waiting for a vendor."""
    return after(assigned(), c.Forward(vendor="acme-cloud", ask="Please look."))


def with_vendor() -> Issue:
    """An issue routed straight to a vendor: nobody owns it."""
    return opened(tier=4).issue


def consulting(**changes: Any) -> Issue:
    """An issue that Ada owns, noted and asks Tier 2 about, with leave to look at the customer's machine."""
    session = side.OfferRemoteSession(link="https://remote.example.com/1", purpose="To see the error.")
    issue = after(assigned(), c.Note(text="Looks like the index."), consult(**changes), session)
    assert issue.remote is not None
    return told(issue, issues.ConsentGiven(session=issue.remote.id, at=NOW)).issue


def linked(issue: Issue, problem: Problem = PROBLEM) -> Issue:
    """The issue with a problem."""
    return after(issue, about.LinkProblem(problem=problem.id), problem=problem)


def resolved(**changes: Any) -> Issue:
    """An issue that Ada solved."""
    return after(assigned(**changes), resolve())


def closed() -> Issue:
    """An issue that Ada solved and closed."""
    return after(resolved(), c.Close(reason="Done."))


def joined(issue: Issue) -> Issue:
    """The issue tagged and related to another one."""
    return after(issue, tidy.Tag(tags=("slow",)), tidy.LinkTo(other=new_id(), relation=Relation.RELATED))


def declared(issue: Issue) -> Issue:
    """The issue as a major incident."""
    return after(issue, major.DeclareMajorIncident(reason="All shops are down."), by=LEA)


def following(issue: Issue) -> Issue:
    """The issue as one that follows a major incident."""
    return after(issue, major.JoinIncident(master=new_id()))


def offer(**changes: Any) -> c.OfferHandover:
    """A cold handover to Tier 2 for want of knowledge."""
    values: dict[str, Any] = {"target": c.Destination(tier=2), "reason": "knowledge"}
    return c.OfferHandover(**values | PARTS | changes)


def wait(what_for: str, until: datetime | None = None) -> c.Wait:
    """A rest."""
    return c.Wait.model_validate({"for": what_for, "until": until, "reason": "It has to."})


def resolve(**changes: Any) -> c.Resolve:
    """The answer."""
    values: dict[str, Any] = {"resolution": "solved", "text": "It works again."}
    return c.Resolve(**values | changes)


def commands(issue: Issue) -> list[c.Command]:
    """One of each command, acceptable in itself."""
    return [
        c.Claim(),
        c.PutBack(reason="Lunch."),
        c.Reply(text="We are on it.", confirm=True),
        c.Note(text="Looks like the import."),
        offer(),
        c.WithdrawOffer(),
        c.AcceptHandover(),
        c.ReturnHandover(question="Which file?"),
        wait("customer"),
        c.Resume(),
        c.Forward(vendor="acme-cloud", ask="Please look."),
        c.Reclassify(category="bug", reason="It is one."),
        URGENT,
        resolve(),
        c.Reopen(reason="Not solved."),
        c.Close(reason="Done."),
        consult(),
        side.AnswerConsult(consult=_open_consult(issue), text="Clear the index."),
        side.CloseConsult(consult=_open_consult(issue)),
        side.AddParticipant(),
        side.Leave(),
        side.OfferRemoteSession(link="https://remote.example.com/1", purpose="To see the error."),
        side.RecordRemoteFindings(findings="The disk is full."),
        first.Verify(subject="account", how="Asked for the last invoice.", result="verified"),
        first.Redirect(channel="sales", reason="Wants to buy.", text="Sales will help you."),
        first.LogCall(direction="in", text="Nothing new."),
        first.BookCallBack(at=issue.last_at + HOUR, reason="At lunch."),
        first.RecordGuideStep(guide="printer", step="cable", result="passed"),
        c.PromiseUpdate(until=issue.last_at + HOUR, reason="The vendor calls back at noon."),
        c.Skip(reason="I know nothing of imports."),
        about.LinkProblem(problem=new_id()),
        about.UnlinkProblem(problem=_linked_problem(issue)),
        about.InsertWorkaround(problem=_linked_problem(issue)),
        tidy.Tag(tags=("import", "slow")),
        tidy.Untag(tags=("slow",)),
        tidy.LinkTo(other=new_id(), relation=Relation.RELATED),
        tidy.Unlink(other=issue.links[0].issue if issue.links else new_id()),
        tidy.Merge(into=new_id()),
        tidy.Snooze(until=issue.last_at + HOUR, reason="They call back."),
        first.AskForm(form="printer", confirm=True, wait=issue.state is IssueState.ASSIGNED and not issue.forms),
        tidy.Split(title="And the printer", text="My printer is broken too."),
        escalation.Escalate(to="lead", reason="They threaten to leave."),
        major.DeclareMajorIncident(reason="All shops are down."),
        major.JoinIncident(master=new_id()),
        major.LeaveIncident(master=incident_of(issue) or new_id()),
        major.UpdateIncident(text="We found the cause."),
        major.EndMajorIncident(reason="It was one shop."),
    ]


def consult(**changes: Any) -> side.Consult:
    """A question to Tier 2."""
    values: dict[str, Any] = {"target": c.Destination(tier=2), "question": "Which index?", "briefing": BRIEFING}
    return side.Consult(**values | changes)


def _linked_problem(issue: Issue) -> UUID:
    return issue.problems[0].id if issue.problems else new_id()


def _open_consult(issue: Issue) -> UUID:
    return issue.consults[0].id if issue.consults else new_id()


def facts(issue: Issue) -> list[Fact]:
    """One of each fact about an issue; vendors speak of its newest case, the router of its newest revision."""
    case = issue.cases[-1].id if issue.cases else new_id()
    return [
        events.customer_replied(),
        issues.ReopenRequested(text="Not solved.", message=new_id(), at=NOW),
        form_answered(issue.forms[0].id if issue.forms else new_id()),
        issues.IssueWithdrawn(at=NOW),
        issues.ConsentGiven(session=issue.remote.id if issue.remote else new_id(), at=NOW),
        events.routed(revision=issue.revision, tier=2),
        events.vendor_said(vendor.VendorCaseOpened, case=case),
        events.vendor_said(vendor.VendorCaseDelivered, case=case, attempts=1),
        events.vendor_said(vendor.VendorCaseAcknowledged, case=case),
        events.vendor_said(vendor.VendorCaseUpdated, case=case, text="Which region?", question=True),
        events.vendor_said(vendor.VendorCaseResolved, case=case, text="Fixed."),
        events.vendor_said(vendor.VendorCaseRejected, case=case, text="Not ours."),
        events.vendor_said(vendor.VendorDeliveryExhausted, case=case, attempts=24, reason="timeout"),
        undelivered(),
    ]


def form_answered(form: UUID, **changes: Any) -> issues.FormAnswered:
    """The customer filled in a form."""
    answer = FormAnswer(name="model", label="Which model is it?", answer="LX-300")
    values: dict[str, Any] = {"form": form, "message": new_id(), "answers": (answer,), "at": NOW}
    return issues.FormAnswered(**values | changes)


def undelivered() -> NotificationFailed:
    """A mail about the issue that did not arrive."""
    return NotificationFailed(
        delivery=new_id(),
        channel="mail",
        cause=new_id(),
        about="issue-replied",
        attempts=3,
        at=NOW,
        reason="no such mailbox",
    )


def states() -> dict[str, Issue]:
    """An issue in every state, and in every shape of it that makes a difference."""
    return {
        "queued": queued(),
        "assigned": assigned(),
        "offered": offered(),
        "waiting for the customer": waiting_for_customer(),
        "waiting for a vendor": waiting_for_vendor(),
        "with a vendor, owned by nobody": with_vendor(),
        "resolved": resolved(),
        "redirected": opened(redirect="sales@example.com").issue,
        "closed": closed(),
        "consulting": consulting(),
        "consulting, in the queue": after(consulting(), c.PutBack(reason="Lunch.")),
        "consulting, waiting": after(consulting(), wait("customer")),
        "linked, in the queue": joined(queued()),
        "linked": joined(assigned()),
        "asked a form": after(assigned(), first.AskForm(form="printer")),
        "asked a form, waiting": after(assigned(), first.AskForm(form="printer", wait=True)),
        "linked, waiting": joined(waiting_for_customer()),
        "merged": after(assigned(), tidy.Merge(into=new_id())),
        "resolved, with a participant": after(consulting(), resolve()),
        "queued, with a problem": linked(queued()),
        "assigned, with a problem": linked(assigned()),
        "waiting, with a problem": linked(waiting_for_customer()),
        "resolved, with a problem": linked(resolved()),
        "closed, with a problem": linked(closed()),
        "a major incident, in the queue": declared(queued()),
        "a major incident": declared(assigned()),
        "a major incident, waiting": declared(waiting_for_customer()),
        "following, in the queue": following(queued()),
        "following": following(assigned()),
        "following, waiting": following(waiting_for_customer()),
    }


def facts_of(decision: Decision) -> list[type[work.WorkFact]]:
    """The types of what is published, in order."""
    return [type(entry.fact) for entry in decision.entries]


def last(decision: Decision) -> Any:
    """The fact published last."""
    return decision.entries[-1].fact


LADDER: Final[tuple[routing.Rung, ...]] = events.LADDER
STATES: Final = tuple(IssueState)
