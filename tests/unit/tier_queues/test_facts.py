"""What customers, vendors and the router do to an issue."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.events import collaboration, issues, vendor, work
from shared.events.base import Fact
from shared.ids import new_id
from support import events, every, queues
from support.queues import ADA, NOW, POLICIES, TIM, URGENT, after, facts_of, last, opened, ruled, told
from tier_queues import commands as c
from tier_queues.issue import Issue, UnseenMessages

REPLY = events.customer_replied(text="Still broken.")
GAVE_UP = issues.IssueWithdrawn(at=NOW)
REOPEN = issues.ReopenRequested(at=NOW)


def vendor_fact(issue: Issue, kind: type[vendor.VendorFact], **changes: object) -> vendor.VendorFact:
    return events.vendor_said(kind, case=issue.cases[-1].id, **changes)


@pytest.mark.parametrize("fact", [REPLY, REOPEN], ids=["reply", "reopen"])
def test_a_customer_who_was_asked_brings_the_issue_back_to_its_owner(fact: Fact) -> None:
    decision = told(queues.waiting_for_customer(), fact)
    assert facts_of(decision) == [work.CustomerHeard, work.IssueResumed]
    assert last(decision).cause == "customer"
    assert (decision.issue.state, decision.issue.owner) == ("assigned", "ada")


@pytest.mark.parametrize("fact", [REPLY, REOPEN], ids=["reply", "reopen"])
@pytest.mark.parametrize("over", [queues.resolved, queues.closed], ids=["resolved", "closed"])
def test_a_customer_reopens_what_was_over_for_its_last_owner(over: Callable[[], Issue], fact: Fact) -> None:
    decision = told(over(), fact)
    assert facts_of(decision) == [work.CustomerHeard, work.IssueReopened]
    issue = decision.issue
    assert (issue.state, issue.owner, issue.owner_name) == ("assigned", "ada", "Ada")
    assert issue.accepted_at == NOW


def test_what_comes_back_while_its_last_owner_is_absent_is_queued_where_it_was_solved_with_its_age() -> None:
    solved = after(queues.offered(), c.Claim(), queues.resolve(), by=TIM)
    back = told(solved, REPLY, policies=replace(POLICIES, absent=frozenset({"tim"}))).issue
    assert (back.state, back.tier, back.team, back.owner) == ("queued", 2, "technical", None)
    assert back.queued_since == solved.queued_since


def test_who_takes_up_again_what_they_solved_has_it_whatever_they_said() -> None:
    away = replace(POLICIES, absent=frozenset({"ada"}))
    assert ruled(queues.resolved(), c.Reopen(reason="Not solved."), policies=away).issue.owner == "ada"


@pytest.mark.parametrize("state", ["resolved", "closed", "assigned"])
def test_a_rating_is_told_and_changes_nothing(state: str) -> None:
    before = every.states()[state]
    decision = told(before, issues.SatisfactionRated(score=2, comment="Too slow.", at=NOW))
    assert facts_of(decision) == [collaboration.CustomerRated]
    assert (last(decision).score, decision.entries[0].private) == (2, {"comment": "Too slow."})
    assert decision.issue == replace(before, version=decision.issue.version, last_at=decision.issue.last_at)


def test_what_nobody_solved_reopens_in_the_queue_of_its_tier() -> None:
    withdrawn = told(queues.queued(tier=2), GAVE_UP).issue
    assert (withdrawn.state, withdrawn.resolution, withdrawn.solved_tier) == ("resolved", "withdrawn", 2)
    reopened = told(withdrawn, REPLY).issue
    assert (reopened.state, reopened.tier, reopened.team) == ("queued", 2, "technical")


def test_what_was_withdrawn_while_with_a_vendor_reopens_where_it_was_watched() -> None:
    withdrawn = told(queues.with_vendor(), GAVE_UP).issue
    reopened = told(withdrawn, REPLY).issue
    assert (reopened.state, reopened.tier, reopened.team) == ("queued", 2, "technical")


def test_a_customers_text_stays_here() -> None:
    entry = told(queues.assigned(), REPLY).entries[0]
    assert entry.private["text"] == "Still broken."
    assert "broken" not in entry.fact.model_dump_json()
    assert entry.fact.actor.kind == "customer"


def test_a_customers_message_does_not_wake_what_an_owner_has_with_a_vendor() -> None:
    decision = told(queues.waiting_for_vendor(), REPLY)
    assert facts_of(decision) == [work.CustomerHeard]
    assert (decision.issue.state, decision.issue.unseen) == ("waiting", True)


def test_a_customers_message_brings_people_to_what_nobody_owns() -> None:
    decision = told(queues.with_vendor(), REPLY)
    assert facts_of(decision) == [work.CustomerHeard, work.IssueQueued]
    assert last(decision).cause == "customer"
    assert (decision.issue.tier, decision.issue.team) == (2, "technical")


def test_a_reply_is_refused_while_a_customers_message_is_unseen() -> None:
    issue = told(queues.assigned(), REPLY).issue
    with pytest.raises(UnseenMessages) as refused:
        ruled(issue, c.Reply(text="Hello"))
    assert refused.value.more == {"message": REPLY.message}
    with pytest.raises(UnseenMessages):
        ruled(issue, c.Reply(text="Hello", seen=new_id()))


@pytest.mark.parametrize("how", [{"confirm": True}, {"seen": REPLY.message}], ids=["confirm", "seen"])
def test_a_reply_that_says_so_is_sent_and_the_message_counts_as_seen(how: dict[str, object]) -> None:
    issue = told(queues.assigned(), REPLY).issue
    replied = after(issue, c.Reply.model_validate({"text": "Hello"} | how))
    assert not replied.unseen
    assert after(replied, c.Reply(text="One more thing.")).version == replied.version + 1


def test_whoever_claims_has_seen_what_came_before() -> None:
    issue = told(queues.queued(), REPLY).issue
    assert issue.unseen
    assert not after(issue, c.Claim()).unseen


Sayings = dict[str, tuple[type[vendor.VendorFact], dict[str, object]]]

ENDING: Sayings = {
    "question": (vendor.VendorCaseUpdated, {"text": "Which region?", "question": True}),
    "answer": (vendor.VendorCaseResolved, {"text": "Fixed."}),
    "rejection": (vendor.VendorCaseRejected, {"text": "Not ours."}),
    "exhaustion": (vendor.VendorDeliveryExhausted, {"attempts": 24, "reason": "timeout"}),
}
TELLING: Sayings = {
    "opened": (vendor.VendorCaseOpened, {}),
    "delivered": (vendor.VendorCaseDelivered, {"attempts": 1}),
    "acknowledged": (vendor.VendorCaseAcknowledged, {}),
    "updated": (vendor.VendorCaseUpdated, {"text": "We are on it."}),
}


@pytest.mark.parametrize("name", ENDING)
def test_what_needs_people_brings_the_issue_back_to_its_owner(name: str) -> None:
    issue, (kind, content) = queues.waiting_for_vendor(), ENDING[name]
    decision = told(issue, vendor_fact(issue, kind, **content))
    assert facts_of(decision) == [work.VendorHeard, work.IssueResumed]
    assert (decision.issue.state, decision.issue.owner, decision.issue.waiting_for) == ("assigned", "ada", None)


@pytest.mark.parametrize("name", ENDING)
def test_what_needs_people_queues_what_nobody_owns_where_it_is_watched(name: str) -> None:
    issue, (kind, content) = queues.with_vendor(), ENDING[name]
    decision = told(issue, vendor_fact(issue, kind, **content))
    assert facts_of(decision) == [work.VendorHeard, work.IssueQueued]
    assert last(decision).cause == "vendor"
    assert last(decision).before.tier == 4
    assert (decision.issue.state, decision.issue.tier, decision.issue.team) == ("queued", 2, "technical")


@pytest.mark.parametrize("name", TELLING)
def test_progress_at_the_vendor_is_told_and_the_wait_goes_on(name: str) -> None:
    issue, (kind, content) = queues.waiting_for_vendor(), TELLING[name]
    decision = told(issue, vendor_fact(issue, kind, reference="A-17", **content))
    assert facts_of(decision) == [work.VendorHeard]
    assert decision.issue.state == "waiting"
    assert (decision.issue.cases[0].state, decision.issue.cases[0].reference) == (name, "A-17")


def test_a_vendors_text_stays_here() -> None:
    issue = queues.waiting_for_vendor()
    entry = told(issue, vendor_fact(issue, vendor.VendorCaseResolved, text="Fixed in release 9.")).entries[0]
    assert entry.private["text"] == "Fixed in release 9."
    assert "release" not in entry.fact.model_dump_json()


def test_a_late_delivery_does_not_open_an_answered_case_again() -> None:
    issue = queues.waiting_for_vendor()
    answered = told(issue, vendor_fact(issue, vendor.VendorCaseResolved, text="Fixed.")).issue
    assert told(answered, vendor_fact(issue, vendor.VendorCaseDelivered, attempts=2)).issue.cases[0].state == "resolved"


def test_after_exhaustion_the_case_stays_open_for_an_answer() -> None:
    issue = queues.waiting_for_vendor()
    issue = told(issue, vendor_fact(issue, vendor.VendorDeliveryExhausted, attempts=24, reason="timeout")).issue
    issue = after(issue, queues.wait("vendor"))
    assert told(issue, vendor_fact(issue, vendor.VendorCaseResolved, text="Fixed.")).issue.state == "assigned"


def test_of_several_vendors_the_first_answer_ends_the_wait() -> None:
    issue = after(queues.waiting_for_vendor(), c.Forward(vendor="other", ask="And you?"))
    first = events.vendor_said(vendor.VendorCaseResolved, case=issue.cases[0].id, text="Fixed.")
    decision = told(issue, first)
    assert decision.issue.state == "assigned"
    assert [case.state for case in decision.issue.cases] == ["resolved", "forwarded"]


def test_a_vendor_who_speaks_of_an_unknown_case_is_noted() -> None:
    decision = told(queues.waiting_for_vendor(), events.vendor_said(vendor.VendorCaseResolved, text="Fixed."))
    assert facts_of(decision) == [work.VendorHeard]
    assert decision.issue.state == "waiting"


def test_a_withdrawal_of_what_is_over_changes_nothing_but_the_timeline() -> None:
    decision = told(queues.resolved(), GAVE_UP)
    assert facts_of(decision) == [work.CustomerHeard]
    assert decision.issue.resolution == "solved"


def test_a_mail_that_did_not_arrive_is_on_the_timeline() -> None:
    decision = told(queues.assigned(), queues.undelivered())
    assert facts_of(decision) == [work.DeliveryNoted]
    assert decision.entries[0].private["reason"] == "no such mailbox"


def reclassified(issue: Issue) -> Issue:
    return after(issue, c.Reclassify(category="bug", reason="It is one."))


def test_a_reclassification_keeps_the_persons_category_and_asks_the_router() -> None:
    decision = ruled(queues.queued(), c.Reclassify(category="bug", reason="It is one."))
    assert (last(decision).category, last(decision).revision) == ("bug", 1)
    assert (decision.issue.category, decision.issue.revision) == ("bug", 1)


def test_the_later_decision_moves_what_is_queued_and_leaves_the_category() -> None:
    issue = reclassified(queues.queued())
    decision = told(issue, events.routed(revision=1, tier=2, category="import"))
    assert facts_of(decision) == [work.IssueRerouted]
    assert (decision.issue.tier, decision.issue.team, decision.issue.category) == (2, "technical", "bug")
    assert last(decision).before.tier == 1


@pytest.mark.parametrize("owned", [queues.assigned, queues.waiting_for_customer, queues.offered])
def test_the_later_decision_takes_no_work_out_of_an_owners_hands(owned: Callable[[], Issue]) -> None:
    issue = reclassified(owned())
    rerouted = told(issue, events.routed(revision=1, tier=3, skills=("sql",), vendor="other")).issue
    assert (rerouted.state, rerouted.owner, rerouted.tier, rerouted.team) == (issue.state, "ada", 1, "frontline")
    assert (rerouted.skills, rerouted.vendor) == (("sql",), "other")


@pytest.mark.parametrize("revision", [0, 1])
def test_a_decision_for_an_older_revision_is_only_noted(revision: int) -> None:
    issue = reclassified(reclassified(queues.queued()))
    decision = told(issue, events.routed(revision=revision, tier=3))
    assert work.IssueRerouted not in facts_of(decision)
    assert decision.entries[0].private["superseded"] is True
    assert decision.issue.tier == 1


def test_a_first_decision_that_comes_again_is_only_noted() -> None:
    decision = told(queues.queued(), events.routed(tier=3))
    assert facts_of(decision) == [work.IssueNoted]
    assert decision.issue.tier == 1


@pytest.mark.parametrize("unowned", [queues.with_vendor, lambda: told(queues.queued(), GAVE_UP).issue])
def test_the_later_decision_does_not_move_what_is_with_a_vendor_or_over(unowned: Callable[[], Issue]) -> None:
    issue = unowned()
    rerouted = told(replace(issue, revision=1), events.routed(revision=1, tier=3)).issue
    assert (rerouted.state, rerouted.tier) == (issue.state, issue.tier)


def test_a_later_decision_for_a_vendor_waits_for_people_where_it_is_watched() -> None:
    rerouted = told(reclassified(queues.queued()), events.routed(revision=1, tier=4)).issue
    assert (rerouted.state, rerouted.tier, rerouted.team) == ("queued", 2, "technical")
    assert rerouted.cases == ()


def test_a_later_decision_leaves_a_persons_priority_alone() -> None:
    issue = after(queues.queued(), URGENT, c.Reclassify(category="bug", reason="It is one."))
    assert told(issue, events.routed(revision=1, tier=2)).issue.priority == 1


def test_early_facts_are_applied_when_the_issue_is_made() -> None:
    decision = opened(REPLY, GAVE_UP)
    assert facts_of(decision) == [work.IssueQueued, work.CustomerHeard, work.IssueResolved]
    assert (decision.issue.state, decision.issue.version) == ("resolved", 3)


def test_an_early_message_brings_people_to_what_went_straight_to_a_vendor() -> None:
    assert opened(REPLY, tier=4).issue.state == "queued"


def test_early_or_late_a_customers_message_leaves_the_issue_the_same() -> None:
    submission = events.submission()
    early = opened(REPLY, of=submission).issue
    late = told(opened(of=submission).issue, REPLY).issue
    assert (early.standing, early.unseen, early.newest_message) == (late.standing, late.unseen, late.newest_message)


def test_an_owner_who_solved_at_another_tier_gets_it_back_there() -> None:
    issue = after(queues.offered(), c.Claim(), queues.resolve(), by=TIM)
    reopened = told(issue, REPLY).issue
    assert (reopened.owner, reopened.tier) == ("tim", 2)


def test_the_last_owner_is_who_solved_it_and_not_who_gave_it_back() -> None:
    issue = after(queues.assigned(), c.PutBack(reason="Lunch."), by=ADA)
    assert told(told(issue, GAVE_UP).issue, REPLY).issue.state == "queued"


def test_who_solved_it_last_gets_it_back() -> None:
    issue = after(told(queues.resolved(), REPLY).issue, c.PutBack(reason="Lunch."))
    issue = after(issue, c.Claim(), queues.resolve(), by=queues.BOB)
    assert told(issue, REPLY).issue.owner == "bob"


def test_what_more_a_vendor_says_of_a_case_that_is_over_does_not_end_the_wait_for_another() -> None:
    issue = queues.waiting_for_vendor()
    issue = told(issue, vendor_fact(issue, vendor.VendorCaseRejected, text="Not ours.")).issue
    rejected = issue.cases[0].id
    issue = after(issue, c.Forward(vendor="other", ask="And you?"))
    again = events.vendor_said(vendor.VendorCaseUpdated, case=rejected, text="Did it help?", question=True)
    decision = told(issue, again)
    assert facts_of(decision) == [work.VendorHeard]
    assert (decision.issue.state, decision.issue.cases[0].state) == ("waiting", "rejected")


def test_a_vendors_reference_is_kept_when_a_later_fact_does_not_repeat_it() -> None:
    issue = queues.waiting_for_vendor()
    issue = told(issue, vendor_fact(issue, vendor.VendorCaseAcknowledged, reference="A-17")).issue
    assert told(issue, vendor_fact(issue, vendor.VendorCaseDelivered, attempts=1)).issue.cases[0].reference == "A-17"
