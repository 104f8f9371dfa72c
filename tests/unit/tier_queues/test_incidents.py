"""Major incidents: who leads, who follows, and what those who follow hear."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.events import attention, incidents, issues, tidying, work
from shared.ids import new_id
from support import events, queues
from support.queues import (
    ADA,
    BOB,
    LEA,
    NOW,
    POLICIES,
    PROBLEM,
    TIM,
    after,
    declared,
    facts_of,
    following,
    last,
    linked,
    resolve,
    ruled,
)
from tier_queues import commands as c
from tier_queues import problem_links, tellings
from tier_queues import tidying_commands as tidy
from tier_queues.bulk_store import Job
from tier_queues.frontline_commands import Redirect
from tier_queues.goals import FIRST_RESPONSE
from tier_queues.incident_commands import DeclareMajorIncident, JoinIncident, LeaveIncident, UpdateIncident
from tier_queues.incidents import told
from tier_queues.issue import Decision, Issue, NotAllowed, NotOwner, Unacceptable, allowed_in
from tier_queues.linking import incident_of
from tier_queues.links import Link, Relation
from tier_queues.problem import Topic
from tier_queues.problem_links import Heard
from tier_queues.promises import clock_of
from tier_queues.refusals import Refused, Unrelatable
from tier_queues.tellings import told_of

DECLARE = DeclareMajorIncident(reason="All shops are SECRETLY down.")
LATER = NOW + timedelta(minutes=5)
WORKED_AROUND = resolve(resolution="workaround", children="resolve")


def with_children(issue: Issue, number: int = 2) -> Issue:
    return replace(issue, links=tuple(Link(new_id(), 7, Relation.CHILD) for _ in range(number)))


def heard(issue: Issue, text: str = "We found the cause.", then: str | None = None) -> Decision:
    master = incident_of(issue)
    assert master is not None
    return told(issue, master, text, then=then, now=LATER, policies=POLICIES)


def test_a_lead_declares_it_and_it_presses_most_and_the_leads_know() -> None:
    decision = ruled(queues.assigned(), DECLARE, by=LEA)
    assert facts_of(decision) == [incidents.MajorIncidentDeclared, work.PriorityChanged, attention.LeadAlerted]
    assert (last(decision).cause, last(decision).leads) == ("major-incident", ("lea",))
    assert (decision.issue.major, decision.issue.priority, decision.issue.owner) == (True, 1, "ada")
    assert all("SECRETLY" not in entry.fact.model_dump_json() for entry in decision.entries[::2])
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), DECLARE, by=ADA)
    with pytest.raises(NotAllowed):
        ruled(decision.issue, DECLARE, by=LEA)


def test_any_agent_of_its_tier_lets_an_issue_follow_and_its_owner_and_clocks_stay() -> None:
    before = queues.assigned()
    decision = ruled(before, JoinIncident(master=new_id()), by=BOB)
    assert (facts_of(decision), last(decision).relation) == ([tidying.IssueLinked], "child_of")
    assert (decision.issue.owner, decision.issue.clocks) == (before.owner, before.clocks)
    with pytest.raises(NotOwner):
        ruled(before, JoinIncident(master=new_id()), by=TIM)


def test_an_issue_follows_one_major_incident_that_is_none_itself() -> None:
    join = JoinIncident(master=new_id())
    ordinary = replace(queues.queued(), id=join.master)
    for issue, given, kind in (
        (queues.queued(), {"other": ordinary}, "no-incident"),
        (queues.queued(), {"other": None}, "unknown-issue"),
    ):
        with pytest.raises((Unrelatable, Unacceptable)) as refused:
            ruled(issue, join, **given)
        assert refused.value.kind == kind
    for issue in (following(queues.queued()), declared(queues.queued()), with_children(queues.queued())):
        with pytest.raises(NotAllowed):
            ruled(issue, join)


def test_it_leaves_by_its_own_command_and_no_other_link_takes_the_place_of_this_one() -> None:
    issue = following(queues.assigned())
    master = incident_of(issue)
    assert master is not None
    for command in (tidy.Unlink(other=master), tidy.LinkTo(other=master, relation=Relation.RELATED)):
        with pytest.raises(Refused):
            ruled(issue, command)
    assert ruled(issue, LeaveIncident(master=master)).issue.links == ()


def test_an_update_is_read_by_its_own_customer_and_counts_who_follows() -> None:
    decision = ruled(with_children(declared(queues.assigned())), UpdateIncident(text="We found the cause."))
    assert facts_of(decision) == [work.IssueReplied, incidents.IncidentUpdated]
    assert last(decision).children == 2
    assert decision.entries[0].fact.actor.kind == "system"


def test_who_follows_reads_the_update_and_stays_as_it_is() -> None:
    decision = heard(following(queues.assigned()))
    assert facts_of(decision) == [work.IssueReplied]
    assert (last(decision).text, decision.issue.state) == ("We found the cause.", "assigned")
    answered = clock_of(decision.issue, FIRST_RESPONSE)
    assert answered is not None
    assert answered.is_over


def test_what_customers_wrote_and_nobody_read_is_still_owed_an_answer() -> None:
    issue = queues.told(following(queues.queued()), events.customer_replied()).issue
    owed = clock_of(heard(issue).issue, FIRST_RESPONSE)
    assert owed is not None
    assert not owed.is_over


@pytest.mark.parametrize(
    ("issue", "then", "state"),
    [
        (following(queues.assigned()), "resolve", "resolved"),
        (following(queues.queued()), "resolve", "resolved"),
        (following(queues.offered()), "resolve", "resolved"),
        (following(queues.waiting_for_customer()), "return", "assigned"),
        (following(queues.assigned()), "return", "assigned"),
        (after(following(queues.assigned()), resolve()), "resolve", "resolved"),
    ],
)
def test_the_answer_resolves_who_follows_or_returns_them_and_all_customers_read_it(
    issue: Issue, then: str, state: str
) -> None:
    decision = heard(issue, "It is up again.", then)
    assert decision.issue.state == state
    assert [entry.fact.text for entry in decision.entries if hasattr(entry.fact, "text")] == ["It is up again."]


def test_who_left_hears_nothing() -> None:
    assert not told(queues.queued(), new_id(), "So.", then=None, now=LATER, policies=POLICIES).entries


def test_its_answer_says_what_becomes_of_those_who_follow_and_ends_it() -> None:
    led = with_children(declared(queues.assigned()))
    with pytest.raises(Unacceptable) as refused:
        ruled(led, resolve())
    assert refused.value.kind == "children-undecided"
    ended = ruled(led, resolve(children="return"))
    assert facts_of(ended) == [incidents.MajorIncidentEnded, work.IssueResolved]
    assert not ended.issue.major
    back = after(ended.issue, c.Reopen(reason="It is down again."))
    assert (back.major, len(back.links)) == (False, 2)
    assert "declare-major-incident" in allowed_in(back, LEA)


def test_it_is_not_redirected_while_others_follow_it_and_wait_for_its_answer() -> None:
    led, redirect = with_children(declared(queues.assigned())), Redirect(channel="sales", reason="So.", text="There.")
    with pytest.raises(Unacceptable) as refused:
        ruled(led, redirect)
    assert refused.value.kind == "children-undecided"
    assert ruled(declared(queues.assigned()), redirect).issue.state == "resolved"


def test_its_leads_hear_how_many_wait_when_it_ends_without_an_answer_to_them() -> None:
    led = with_children(linked(declared(queues.assigned())))
    fix = Heard(PROBLEM.id, Topic.FIXED, "It is fixed.", True, "2026.11")
    for decision in (
        queues.told(led, issues.IssueWithdrawn(at=NOW)),
        problem_links.heard(led, fix, now=LATER, policies=POLICIES),
    ):
        (alert,) = [entry.fact for entry in decision.entries if isinstance(entry.fact, attention.LeadAlerted)]
        assert (alert.cause, alert.followers, alert.leads) == ("incident-unanswered", 2, ("lea",))
        assert (decision.issue.state, decision.issue.major) == ("resolved", False)
        assert facts_of(decision)[-1] is work.IssueResolved


def test_nobody_is_alerted_when_nobody_follows() -> None:
    withdrawn = queues.told(declared(queues.assigned()), issues.IssueWithdrawn(at=NOW))
    assert facts_of(withdrawn) == [incidents.MajorIncidentEnded, work.IssueResolved]


def test_who_follows_is_resolved_as_the_incident_is() -> None:
    led = with_children(declared(queues.assigned()))
    (job,) = told_of(ruled(led, WORKED_AROUND), WORKED_AROUND)
    assert (job.content["then"], job.content["resolution"], len(job.issues)) == ("resolve", "workaround", 2)
    child = following(queues.queued())
    content = job.content | {"master": str(incident_of(child))}
    part = Job(new_id(), job.asked_by, job.asked_by_name, job.command, content, 2, 0, 0, NOW, None)
    decision = tellings.told(child, part, now=LATER, policies=POLICIES)
    assert (decision.issue.state, decision.issue.resolution) == ("resolved", "workaround")


def test_a_major_incident_is_merged_into_nothing() -> None:
    assert "merge" not in allowed_in(declared(queues.assigned()), ADA)
