"""Timed escalation in steps, while nobody takes an issue from its queue."""

from dataclasses import replace
from datetime import datetime

from shared.events import attention
from support import queues
from support.queues import ADA, HOUR, LEA, MINUTE, NOW, POLICIES, after, opened
from tier_queues import commands as c
from tier_queues.issue import Issue, tick
from tier_queues.teams import Step, Team

STEPS = (Step(10 * MINUTE, "lead"), Step(5 * MINUTE, "agent", "max"), Step(HOUR, "account-manager"))
TEAM = Team("frontline", frozenset({1}), leads=("lea",), steps=STEPS)
IN_STEPS = replace(POLICIES, teams={"frontline": TEAM})


def queued() -> Issue:
    return opened(policies=IN_STEPS, impact="low", urgency="low").issue


def steps(issue: Issue, now: datetime) -> tuple[Issue, list[tuple[int, tuple[str, ...]]]]:
    decision = tick(issue, now=now, policies=IN_STEPS)
    told = [entry.fact for entry in decision.entries if isinstance(entry.fact, attention.EscalationStepTaken)]
    return decision.issue, [(fact.step, fact.agents) for fact in told]


def test_each_step_is_told_once_at_its_time() -> None:
    issue = replace(queued(), account_manager="kim")
    assert issue.next_due == NOW + 10 * MINUTE
    for after_so_long, wanted in (
        (9 * MINUTE, []),
        (10 * MINUTE, [(1, ("lea",))]),
        (10 * MINUTE, []),
        (15 * MINUTE, [(2, ("max",))]),
        (74 * MINUTE, []),
        (75 * MINUTE, [(3, ("kim",))]),
        (1000 * MINUTE, []),
    ):
        issue, told = steps(issue, NOW + after_so_long)
        assert told == wanted
    assert issue.step_at is None


def test_who_takes_it_stops_them_and_put_back_they_begin_anew() -> None:
    issue, _ = steps(queued(), NOW + 10 * MINUTE)
    taken = after(issue, c.Claim(), by=ADA, policies=IN_STEPS)
    assert (taken.step_at, taken.steps_taken) == (None, 0)
    back = after(taken, c.PutBack(reason="Lunch."), by=ADA, now=NOW + HOUR, policies=IN_STEPS)
    assert (back.step_at, back.steps_taken) == (NOW + HOUR + 10 * MINUTE, 0)


def test_what_is_done_to_it_in_the_queue_puts_no_step_off() -> None:
    issue = after(queued(), c.Note(text="Hm."), by=LEA, now=NOW + 9 * MINUTE, policies=IN_STEPS)
    assert issue.step_at == NOW + 10 * MINUTE


def test_a_team_without_steps_tells_nobody() -> None:
    assert queues.queued().step_at is None
    without = replace(IN_STEPS, teams={"frontline": replace(TEAM, steps=())})
    decision = tick(queued(), now=NOW + HOUR, policies=without)
    assert not [entry for entry in decision.entries if isinstance(entry.fact, attention.EscalationStepTaken)]
    assert decision.issue.step_at is None


def test_steps_that_a_team_is_given_later_begin_when_something_happens_to_what_waits() -> None:
    before = opened(impact="low", urgency="low").issue
    assert before.step_at is None
    noted = after(before, c.Note(text="Hm."), by=LEA, now=NOW + HOUR, policies=IN_STEPS)
    assert noted.step_at == NOW + HOUR + 10 * MINUTE


def test_steps_that_were_told_are_not_told_again_when_the_team_has_fewer() -> None:
    issue, _ = steps(queued(), NOW + 10 * MINUTE)
    fewer = replace(IN_STEPS, teams={"frontline": replace(TEAM, steps=STEPS[:1])})
    issue = tick(issue, now=NOW + HOUR, policies=fewer).issue
    noted = after(issue, c.Note(text="Hm."), by=LEA, now=NOW + HOUR, policies=fewer)
    assert (noted.step_at, noted.steps_taken) == (None, 1)


def test_the_leads_are_told_instead_of_an_account_manager_whom_the_customer_does_not_have() -> None:
    issue, _ = steps(queued(), NOW + 10 * MINUTE)
    issue, _ = steps(issue, NOW + 15 * MINUTE)
    assert steps(issue, NOW + 75 * MINUTE)[1] == [(3, ("lea",))]
