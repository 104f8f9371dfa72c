"""What time does to an issue: its clocks, waits, and the closing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.events import attention, issues, work
from shared.vocabulary import FAR_FUTURE, Level, WaitingFor
from support import events, queues
from support.queues import HOUR, MINUTE, NOW, POLICIES, URGENT, after, facts_of, last, opened, ruled, ticked, told
from tier_queues import commands as c
from tier_queues.goals import SLA_CLOCKS
from tier_queues.issue import Issue, Unacceptable
from tier_queues.policies import Policies


def urgent() -> Issue:
    """A P1 that Ada owns: 15 minutes to the first response, 4 hours to the resolution."""
    return queues.assigned(impact="high", urgency="high")


def due(issue: Issue, name: str) -> datetime | None:
    return next(clock.due_at for clock in issue.clocks if clock.name == name)


@pytest.mark.parametrize(
    ("impact", "urgency", "response", "resolution"),
    [
        ("high", "high", "2026-11-02T09:15Z", "2026-11-02T13:00Z"),
        ("high", "medium", "2026-11-02T10:00Z", "2026-11-02T17:00Z"),
        ("medium", "medium", "2026-11-02T13:00Z", "2026-11-04T17:00Z"),
        ("medium", "low", "2026-11-02T17:00Z", "2026-11-06T17:00Z"),
        ("low", "low", None, None),
    ],
)
def test_each_priority_has_its_promises(
    impact: str, urgency: str, response: str | None, resolution: str | None
) -> None:
    issue = opened(impact=impact, urgency=urgency).issue
    assert due(issue, "first-response") == (response and datetime.fromisoformat(response))
    assert due(issue, "resolution") == (resolution and datetime.fromisoformat(resolution))


def test_lists_see_the_nearest_due_time_that_is_not_met() -> None:
    issue = urgent()
    assert issue.deadline == NOW + 15 * MINUTE
    assert after(issue, c.Reply(text="We are on it.")).deadline == NOW + 4 * HOUR
    assert after(issue, queues.resolve()).deadline == FAR_FUTURE


def test_warnings_come_at_half_and_at_three_quarters_and_the_breach_at_the_due_time() -> None:
    issue, told_at = urgent(), []
    while issue.next_due <= NOW + 4 * HOUR:
        now = issue.next_due
        decision = ticked(issue, now)
        issue = decision.issue
        for entry in decision.entries:
            assert isinstance(entry.fact, work.ClockWarned | work.ClockBreached)
            told_at.append((entry.fact.clock, getattr(entry.fact, "percent", 100), (now - NOW) / MINUTE))
    response = [("first-response", 50, 7.5), ("first-response", 75, 11.25), ("first-response", 100, 15)]
    assert told_at == [*response, ("resolution", 50, 120), ("resolution", 75, 180), ("resolution", 100, 240)]
    assert issue.next_due == FAR_FUTURE


def test_a_reply_that_comes_late_still_breaches_although_no_timer_ran() -> None:
    decision = ruled(urgent(), c.Reply(text="Sorry."), now=NOW + 16 * MINUTE)
    assert facts_of(decision) == [work.ClockWarned, work.ClockBreached, work.IssueReplied]


def test_a_customers_wait_does_not_hide_a_breach_before_it() -> None:
    decision = ruled(urgent(), queues.wait("customer"), now=NOW + 16 * MINUTE)
    assert work.ClockBreached in facts_of(decision)


def test_a_withdrawal_does_not_hide_a_breach_before_it() -> None:
    decision = told(urgent(), issues.IssueWithdrawn(at=NOW), now=NOW + 16 * MINUTE)
    assert facts_of(decision) == [work.ClockWarned, work.ClockBreached, work.IssueResolved]


def test_a_new_priority_leaves_alone_what_is_met() -> None:
    issue = after(queues.assigned(), c.Reply(text="We are on it."))
    assert after(issue, URGENT).clocks[0] == issue.clocks[0]


def test_waiting_for_the_customer_rests_the_clocks() -> None:
    issue = after(urgent(), queues.wait("customer"), now=NOW + 5 * MINUTE)
    assert issue.deadline == FAR_FUTURE
    assert issue.next_due == FAR_FUTURE
    back = told(issue, events.customer_replied(), now=NOW + 65 * MINUTE).issue
    assert back.deadline == NOW + 75 * MINUTE


@pytest.mark.parametrize("what_for", ["fix", "time"])
def test_other_waits_do_not(what_for: str) -> None:
    issue = after(urgent(), queues.wait(what_for, NOW + HOUR))
    assert issue.deadline == NOW + 15 * MINUTE


def test_waiting_for_a_vendor_does_not_rest_the_customers_clocks() -> None:
    assert after(urgent(), c.Forward(vendor="acme-cloud", ask="Please look.")).deadline == NOW + 15 * MINUTE


def test_forwarding_what_waited_for_the_customer_lets_the_clocks_run_again() -> None:
    issue = after(urgent(), queues.wait("customer"))
    issue = after(issue, c.Forward(vendor="acme-cloud", ask="Please look."), now=NOW + HOUR)
    assert issue.deadline == NOW + 75 * MINUTE


def test_a_policy_may_rest_the_clocks_for_a_vendor_too() -> None:
    policies = Policies(pausing={WaitingFor.VENDOR: frozenset(SLA_CLOCKS)})
    decision = ruled(urgent(), c.Forward(vendor="acme-cloud", ask="Please look."), policies=policies)
    assert decision.issue.deadline == FAR_FUTURE


def test_a_new_priority_promises_anew_and_time_at_rest_stays_uncounted() -> None:
    issue = after(queues.assigned(impact="high", urgency="medium"), queues.wait("customer"))
    issue = told(issue, events.customer_replied(), now=NOW + HOUR).issue
    issue = after(issue, URGENT, now=NOW + HOUR)
    assert issue.priority == 1
    assert issue.deadline == NOW + 75 * MINUTE
    assert any(line.reason == "All are down." for line in issue.clocks[0].ledger)


def test_a_priority_without_promises_has_no_deadline() -> None:
    issue = after(urgent(), c.SetPriority(impact=Level.LOW, urgency=Level.LOW, reason="A typo."))
    assert (issue.deadline, issue.next_due) == (FAR_FUTURE, FAR_FUTURE)


def test_what_is_reopened_runs_on_from_its_used_time_and_its_first_response_stays_met() -> None:
    issue = after(urgent(), queues.resolve(), now=NOW + HOUR)
    issue = told(issue, events.customer_replied(), now=NOW + 24 * HOUR).issue
    assert due(issue, "first-response") is None
    assert due(issue, "resolution") == NOW + 27 * HOUR


def test_a_resolved_issue_closes_after_its_time() -> None:
    issue = queues.resolved()
    assert issue.next_due == NOW + POLICIES.close_after
    assert ticked(issue, NOW + POLICIES.close_after - MINUTE).entries == ()
    closing = ticked(issue, NOW + POLICIES.close_after)
    assert facts_of(closing) == [work.IssueClosed]
    assert last(closing).cause == "time"
    assert closing.issue.next_due == FAR_FUTURE


def test_a_wait_ends_at_its_time() -> None:
    issue = after(queues.assigned(), queues.wait("time", NOW + 2 * HOUR))
    assert issue.wait_until == NOW + 2 * HOUR
    assert all(type(entry.fact) is work.ClockWarned for entry in ticked(issue, NOW + 2 * HOUR - MINUTE).entries)
    decision = ticked(issue, NOW + 2 * HOUR)
    assert isinstance(decision.entries[0].fact, work.IssueResumed)
    assert decision.entries[0].fact.cause == "time"
    assert (decision.issue.state, decision.issue.owner, decision.issue.wait_until) == ("assigned", "ada", None)


@pytest.mark.parametrize("until", [NOW, NOW - HOUR, NOW + timedelta(days=400), datetime.max.replace(tzinfo=NOW.tzinfo)])
def test_a_wait_until_a_time_that_cannot_be_meant_is_refused(until: datetime) -> None:
    with pytest.raises(Unacceptable) as refused:
        ruled(queues.assigned(), queues.wait("time", until))
    assert refused.value.kind == "wait-out-of-range"


def test_what_is_resolved_or_put_back_while_it_rests_does_not_wake_later() -> None:
    issue = after(queues.assigned(), queues.wait("customer", NOW + HOUR))
    for ended in (after(issue, queues.resolve()), after(issue, c.PutBack(reason="Lunch."))):
        assert ended.wait_until is None
        assert work.IssueResumed not in facts_of(ticked(ended, NOW + 2 * HOUR))


def test_a_wait_for_time_says_until_when() -> None:
    with pytest.raises(ValueError, match="until when"):
        queues.wait("time")


def test_a_wait_for_a_vendor_needs_a_vendor_at_work() -> None:
    with pytest.raises(Unacceptable) as refused:
        ruled(queues.assigned(), queues.wait("vendor"))
    assert refused.value.kind == "no-open-case"


def test_everything_that_is_due_happens_in_one_tick_and_nothing_in_the_next() -> None:
    issue = after(queues.offered(), URGENT)
    decision = ticked(issue, NOW + 5 * HOUR)
    assert facts_of(decision) == [
        work.ClockWarned,
        work.ClockBreached,
        work.ClockWarned,
        work.ClockBreached,
        work.ClockWarned,
        work.ClockBreached,
        work.HandoverOverdue,
        attention.LeadAlerted,
    ]
    assert ticked(decision.issue, NOW + 5 * HOUR).entries == ()


def test_a_withdrawal_meets_every_clock() -> None:
    issue = told(urgent(), issues.IssueWithdrawn(at=NOW)).issue
    assert all(clock.is_met for clock in issue.clocks)


def test_business_hours_hang_on_the_walls_of_the_policys_zone() -> None:
    policies = Policies.in_zone(ZoneInfo("America/New_York"))
    issue = opened(policies=policies).issue
    assert issue.deadline == datetime(2026, 11, 2, 13, 0, tzinfo=ZoneInfo("America/New_York"))
