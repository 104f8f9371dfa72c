"""One of each: an issue in every state, every command and every fact."""

from uuid import UUID

from shared.events import Fact, issues, vendor
from shared.ids import new_id
from shared.vocabulary import IssueState
from support import events
from support.queues import (
    HOUR,
    NOW,
    URGENT,
    after,
    assigned,
    closed,
    consult,
    consulting,
    declared,
    following,
    form_answered,
    joined,
    linked,
    offer,
    offered,
    opened,
    queued,
    resolve,
    resolved,
    undelivered,
    wait,
    waiting_for_customer,
    waiting_for_vendor,
    with_vendor,
)
from tier_queues import commands as c
from tier_queues import escalation_commands as escalation
from tier_queues import frontline_commands as first
from tier_queues import incident_commands as major
from tier_queues import problem_commands as about
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.issue import Issue
from tier_queues.linking import incident_of
from tier_queues.links import Relation


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
        resolve(confirm=True),
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
        first.Redirect(channel="sales", reason="Wants to buy.", text="Sales will help you.", confirm=True),
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


def facts(issue: Issue) -> list[Fact]:
    """One of each fact about an issue; vendors speak of its newest case, the router of its newest revision."""
    case = issue.cases[-1].id if issue.cases else new_id()
    return [
        events.customer_replied(),
        issues.ReopenRequested(text="Not solved.", message=new_id(), at=NOW),
        form_answered(issue.forms[0].id if issue.forms else new_id()),
        issues.IssueWithdrawn(at=NOW),
        issues.ConsentGiven(session=issue.remote.id if issue.remote else new_id(), at=NOW),
        issues.SatisfactionRated(score=4, comment="Quick.", at=NOW),
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


def _linked_problem(issue: Issue) -> UUID:
    return issue.problems[0].id if issue.problems else new_id()


def _open_consult(issue: Issue) -> UUID:
    return issue.consults[0].id if issue.consults else new_id()
