"""What is promised to a customer and between tiers, as an issue goes its way and policies change under it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.events import issues, work
from shared.events.promises import PromisesChanged, UpdatePromised
from shared.vocabulary import FAR_FUTURE, WaitingFor
from support import events, queues
from support.queues import BOB, HOUR, MINUTE, NOW, POLICIES, TIM, URGENT, after, facts_of, opened, ruled, ticked, told
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.clocks import Clock
from tier_queues.goals import (
    FIRST_RESPONSE,
    NEXT_RESPONSE,
    PICKUP,
    PROMISED_UPDATE,
    RESOLUTION,
    Goal,
    GoalRow,
    GoalTable,
)
from tier_queues.issue import Issue, Unacceptable, renewed
from tier_queues.policies import Policies
from tier_queues.promises import clock_of, visit

HALF = replace(
    POLICIES,
    version=2,
    goals=GoalTable(
        [
            GoalRow(RESOLUTION, Goal(2 * HOUR), priority=1),
            GoalRow(RESOLUTION, Goal(HOUR), category="bug"),
            GoalRow(FIRST_RESPONSE, Goal(10 * MINUTE)),
            GoalRow(PICKUP, Goal(5 * MINUTE), tier=1),
        ]
    ),
)
"""Another version: shorter promises, and one for the pickup at Tier 1."""
HEARD = c.Reply(text="We are on it.", confirm=True)


def urgent() -> Issue:
    """A P1 that Ada owns."""
    return queues.assigned(impact="high", urgency="high")


def clock(issue: Issue, name: str) -> Clock:
    found = clock_of(issue, name)
    assert found is not None
    return found


def kinds(issue: Issue, name: str) -> list[str]:
    return [line.kind for line in clock(issue, name).ledger]


def test_the_first_message_after_the_first_response_starts_the_next_response() -> None:
    issue = told(urgent(), events.customer_replied()).issue
    assert clock_of(issue, NEXT_RESPONSE) is None, "the first response is still owed"
    issue = told(after(issue, HEARD), events.customer_replied(), now=NOW + HOUR).issue
    assert clock(issue, NEXT_RESPONSE).due_at == NOW + HOUR + 15 * MINUTE


def test_a_second_message_asks_for_the_same_answer() -> None:
    issue = told(after(urgent(), HEARD), events.customer_replied()).issue
    again = told(issue, events.customer_replied(), now=NOW + 5 * MINUTE).issue
    assert clock(again, NEXT_RESPONSE) == clock(issue, NEXT_RESPONSE)


def test_each_answer_keeps_its_own_promise_and_each_promise_can_be_broken() -> None:
    issue, broken = after(urgent(), HEARD), 0
    for hours in (1, 2):
        issue = told(issue, events.customer_replied(), now=NOW + hours * HOUR).issue
        decision = ruled(issue, HEARD, now=NOW + hours * HOUR + 20 * MINUTE)
        told_of = [entry.fact for entry in decision.entries if isinstance(entry.fact, work.ClockBreached)]
        broken += sum(fact.clock == NEXT_RESPONSE for fact in told_of)
        issue = decision.issue
    assert broken == 2
    assert kinds(issue, NEXT_RESPONSE) == ["started", "warned", "breached", "met"] * 2


def test_a_message_that_reopens_an_issue_is_owed_an_answer() -> None:
    issue = told(after(urgent(), queues.resolve()), events.customer_replied(), now=NOW + HOUR).issue
    assert clock(issue, NEXT_RESPONSE).due_at == NOW + HOUR + 15 * MINUTE


def test_a_promised_update_is_due_at_its_time_whatever_rests() -> None:
    promise = ruled(urgent(), c.PromiseUpdate(until=NOW + 2 * HOUR, reason="A call at noon."))
    [entry] = promise.entries
    assert isinstance(entry.fact, UpdatePromised)
    assert entry.fact.until == NOW + 2 * HOUR
    assert entry.private == {"reason": "A call at noon."}
    issue = after(promise.issue, queues.wait("customer"))
    assert issue.deadline == NOW + 2 * HOUR
    assert work.ClockBreached in facts_of(ticked(issue, NOW + 2 * HOUR))


def test_a_promised_update_can_be_put_off_until_it_is_broken() -> None:
    issue = after(urgent(), c.PromiseUpdate(until=NOW + HOUR, reason="A call."))
    moved = after(issue, c.PromiseUpdate(until=NOW + 3 * HOUR, reason="They call later."), now=NOW + 10 * MINUTE)
    assert clock(moved, PROMISED_UPDATE).due_at == NOW + 3 * HOUR
    broken = ticked(moved, NOW + 3 * HOUR).issue
    again = after(broken, c.PromiseUpdate(until=NOW + 5 * HOUR, reason="Tomorrow."), now=NOW + 4 * HOUR)
    assert clock(again, PROMISED_UPDATE).due_at == NOW + 5 * HOUR
    assert kinds(again, PROMISED_UPDATE).count("breached") == 1
    assert work.ClockBreached in facts_of(ticked(again, NOW + 5 * HOUR))


@pytest.mark.parametrize("until", [NOW, NOW - HOUR, NOW + timedelta(days=400)])
def test_an_update_for_a_time_that_cannot_be_meant_is_refused(until: datetime) -> None:
    with pytest.raises(Unacceptable) as refused:
        ruled(urgent(), c.PromiseUpdate(until=until, reason="Soon."))
    assert refused.value.kind == "promise-out-of-range"


def test_an_offer_to_a_tier_is_a_visit_that_acceptance_ends_in_time() -> None:
    issue = queues.offered()
    assert clock(issue, PICKUP).round[0].reason == visit(2)
    accepted = after(issue, c.AcceptHandover(), by=TIM)
    assert kinds(accepted, PICKUP) == ["started", "met"]


@pytest.mark.parametrize(
    ("command", "by"), [(c.WithdrawOffer(), queues.ADA), (c.ReturnHandover(question="Which file?"), TIM)]
)
def test_a_visit_that_nobody_took_ends_without_a_pickup(command: c.Command, by: Agent) -> None:
    issue = after(queues.offered(), command, by=by)
    assert kinds(issue, PICKUP) == ["started", "ended"]
    assert work.ClockBreached not in facts_of(ticked(issue, NOW + 2 * HOUR))


def test_an_offer_put_back_into_the_queue_is_the_same_visit() -> None:
    offered = queues.offered()
    assert clock(after(offered, c.PutBack(reason="Lunch.")), PICKUP) == clock(offered, PICKUP)


def test_a_customer_who_withdraws_leaves_nothing_owed() -> None:
    issue = told(queues.offered(), issues.IssueWithdrawn(at=NOW)).issue
    assert all(one.is_over for one in issue.clocks)
    assert issue.deadline == FAR_FUTURE


def test_a_higher_priority_hurries_the_pickup_too_and_what_was_used_stays_used() -> None:
    issue = opened(tier=2, impact="high", urgency="medium").issue
    hurried = after(issue, URGENT, by=TIM, now=NOW + 10 * MINUTE)
    assert clock(hurried, PICKUP).due_at == NOW + 15 * MINUTE
    assert kinds(hurried, PICKUP) == ["started", "target-changed"]


def test_a_pickup_is_never_paused() -> None:
    policies = replace(POLICIES, pausing={what_for: frozenset({RESOLUTION}) for what_for in WaitingFor})
    issue = opened(tier=4, policies=policies).issue
    assert clock_of(issue, PICKUP) is None, "a vendor's issue is in no queue"
    assert clock(issue, RESOLUTION).is_paused


def test_a_category_chosen_by_a_person_brings_its_own_promises() -> None:
    issue = opened(impact="high", urgency="medium", policies=HALF).issue
    assert clock(issue, RESOLUTION).due_at is None
    chosen = ruled(issue, c.Reclassify(category="bug", reason="It is one."), now=NOW + 20 * MINUTE, policies=HALF)
    assert clock(chosen.issue, RESOLUTION).due_at == NOW + HOUR


def test_a_new_policy_keeps_used_time_and_names_itself_in_the_ledger() -> None:
    issue = queues.queued(impact="high", urgency="high")
    decision = renewed(issue, now=NOW + HOUR, policies=HALF)
    assert PromisesChanged in facts_of(decision)
    assert clock(decision.issue, RESOLUTION).due_at == NOW + 2 * HOUR
    changed = [line for line in clock(decision.issue, RESOLUTION).ledger if line.kind == "target-changed"]
    assert [line.reason for line in changed] == ["policy 2"]
    assert decision.issue.policy == 2


def test_a_promise_broken_under_the_old_policy_is_told_although_the_new_one_is_longer() -> None:
    longer = replace(HALF, goals=GoalTable([GoalRow(FIRST_RESPONSE, Goal(8 * HOUR))]))
    decision = renewed(queues.queued(impact="high", urgency="high"), now=NOW + HOUR, policies=longer)
    facts = [entry.fact for entry in decision.entries]
    assert [fact.clock for fact in facts if isinstance(fact, work.ClockBreached)] == [FIRST_RESPONSE]
    assert ticked(decision.issue, NOW + 9 * HOUR, longer).entries == ()


def test_what_the_new_policy_has_already_broken_is_told_at_once() -> None:
    decision = renewed(queues.queued(impact="high", urgency="high"), now=NOW + 12 * MINUTE, policies=HALF)
    assert work.ClockBreached in facts_of(decision)
    assert ticked(decision.issue, NOW + 12 * MINUTE, HALF).entries == ()


def test_a_new_policy_says_what_rests_from_then_on() -> None:
    issue = after(urgent(), queues.wait("customer"))
    never = replace(POLICIES, version=2, pausing={})
    decision = renewed(issue, now=NOW + HOUR, policies=never)
    assert facts_of(decision) == [PromisesChanged]
    assert clock(decision.issue, RESOLUTION).due_at == NOW + 5 * HOUR


def test_an_issue_that_is_touched_first_takes_the_new_policy_with_it() -> None:
    issue = queues.queued(impact="high", urgency="high")
    decision = ruled(issue, c.Claim(), by=BOB, now=NOW + MINUTE, policies=HALF)
    assert facts_of(decision) == [work.IssueClaimed, PromisesChanged]
    assert renewed(decision.issue, now=NOW + HOUR, policies=HALF).issue is decision.issue


def test_an_issue_that_is_over_takes_the_new_policy_when_it_comes_back() -> None:
    issue = after(urgent(), queues.resolve(), now=NOW + HOUR)
    assert renewed(issue, now=NOW + 2 * HOUR, policies=HALF).entries == ()
    back = told(issue, events.customer_replied(), now=NOW + 24 * HOUR, policies=HALF).issue
    assert clock(back, RESOLUTION).due_at == NOW + 25 * HOUR


def test_an_issue_already_in_a_queue_is_promised_a_pickup_from_then_on() -> None:
    issue = queues.queued(impact="high", urgency="high")
    decision = renewed(issue, now=NOW + 5 * MINUTE, policies=HALF)
    assert clock(decision.issue, PICKUP).due_at == NOW + 10 * MINUTE


def test_what_an_older_process_does_is_promised_anew() -> None:
    issue = opened(impact="high", urgency="high", policies=HALF).issue
    by_an_older = ruled(issue, URGENT, now=NOW + MINUTE, policies=POLICIES).issue
    assert clock(by_an_older, RESOLUTION).goal == Goal(4 * HOUR)
    decision = renewed(by_an_older, now=NOW + 2 * MINUTE, policies=HALF)
    assert clock(decision.issue, RESOLUTION).goal == Goal(2 * HOUR)


def test_the_next_breach_is_that_of_the_nearest_promise_that_is_not_broken() -> None:
    issue = ticked(urgent(), NOW + 20 * MINUTE).issue
    assert issue.next_breach is not None
    assert (issue.next_breach.name, issue.next_breach.breach_at) == (RESOLUTION, NOW + 4 * HOUR)
    assert issue.deadline == NOW + 15 * MINUTE
    assert opened(impact="low", urgency="low", policies=Policies()).issue.next_breach is None
