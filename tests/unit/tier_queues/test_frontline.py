"""Tier 1's own acts."""

from datetime import timedelta

import pytest

from shared.events import frontline, work
from support import events, queues
from support.queues import ADA, BOB, HOUR, NOW, after, facts_of, last, ruled, ticked
from tier_queues import frontline_commands as first
from tier_queues import promises
from tier_queues.companions import CALL_BACKS_LIMIT
from tier_queues.goals import FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION
from tier_queues.issue import Issue, NotOwner, Unacceptable

AT_ONCE = timedelta(microseconds=1)


def booked(at: timedelta = HOUR) -> Issue:
    """A call-back on an issue of which nothing else is ever due."""
    issue = queues.assigned(impact="low", urgency="low")
    return after(issue, first.BookCallBack(at=NOW + at, reason="At lunch."))


def test_a_check_says_of_what_by_whom_and_how_it_ended_and_how_it_was_done_stays_here() -> None:
    command = first.Verify(subject="licence", how="The SECRET invoice number.", result="failed")
    decision = ruled(queues.assigned(), command)
    entry = decision.entries[0]
    assert entry.private == {"how": "The SECRET invoice number."}
    assert "SECRET" not in entry.fact.model_dump_json()
    assert [(one.subject, one.result, one.by) for one in decision.issue.verifications] == [("licence", "failed", "ada")]


def test_a_later_check_replaces_the_earlier_one_of_the_same() -> None:
    failed = first.Verify(subject="account", how="By mail.", result="failed")
    passed = first.Verify(subject="account", how="By phone.", result="verified")
    licence = first.Verify(subject="licence", how="By key.", result="verified")
    issue = after(queues.assigned(), failed, licence, passed)
    assert [(one.subject, one.result) for one in issue.verifications] == [
        ("licence", "verified"),
        ("account", "verified"),
    ]


def test_a_redirect_ends_the_issue_with_channel_reason_and_the_customers_own_words() -> None:
    said = [
        work.PublicMessage(author=who, at=NOW, text=text)
        for who, text in (("customer", "I want more."), ("support", "Hm."))
    ]
    command = first.Redirect(channel="sales", reason="Wants to buy.", text="Sales will help you.")
    decision = ruled(queues.assigned(), command, messages=said)
    assert (decision.issue.state, decision.issue.resolution) == ("resolved", "redirected")
    assert last(decision).text == "Sales will help you."
    assert decision.entries[-1].private == {"to": "sales", "reason": "Wants to buy.", "carried": "I want more."}


def test_a_call_back_is_told_once_when_its_time_has_come() -> None:
    issue = booked()
    assert issue.next_due == NOW + HOUR
    assert ticked(issue, NOW + HOUR - AT_ONCE).entries == ()
    told = ticked(issue, NOW + HOUR)
    assert facts_of(told) == [frontline.CallBackDue]
    assert ticked(told.issue, NOW + 2 * HOUR).entries == ()
    assert told.issue.call_backs[0].told


def test_a_call_that_was_booked_ends_its_call_back_and_what_was_said_stays_here() -> None:
    issue = booked()
    call = first.LogCall(direction="out", text="The SECRET cable.", minutes=7, call_back=issue.call_backs[0].id)
    decision = ruled(issue, call)
    assert decision.issue.call_backs == ()
    assert (last(decision).direction, last(decision).minutes) == ("out", 7)
    assert "SECRET" not in last(decision).model_dump_json()
    assert decision.entries[0].private == {"said": "The SECRET cable."}
    with pytest.raises(Unacceptable):
        ruled(decision.issue, call)


def test_anybody_logs_a_call_and_only_the_owner_books_one() -> None:
    assert ruled(queues.queued(), first.LogCall(direction="in", text="Asked for news."), by=BOB).entries
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), first.BookCallBack(at=NOW + HOUR, reason="At lunch."), by=BOB)


@pytest.mark.parametrize("at", [NOW, NOW - HOUR, NOW + timedelta(days=400)])
def test_a_call_back_is_booked_for_a_time_that_will_come(at: object) -> None:
    with pytest.raises(Unacceptable):
        ruled(queues.assigned(), first.BookCallBack.model_validate({"at": at, "reason": "At lunch."}))


def test_only_so_many_call_backs_are_booked_at_once() -> None:
    issue = queues.assigned()
    for _ in range(CALL_BACKS_LIMIT):
        issue = after(issue, first.BookCallBack(at=NOW + HOUR, reason="At lunch."))
    with pytest.raises(Unacceptable):
        ruled(issue, first.BookCallBack(at=NOW + HOUR, reason="At lunch."))


def test_with_the_issue_its_call_backs_are_over() -> None:
    ended = after(booked(), queues.resolve())
    assert ended.call_backs == ()
    assert ended.next_due == ended.closes_at


def test_a_step_of_a_guide_is_on_the_timeline_with_what_it_showed() -> None:
    step = first.RecordGuideStep(guide="printer", step="cable", result="failed", text="It is broken.")
    decision = ruled(queues.assigned(), step, by=ADA)
    assert (last(decision).guide, last(decision).step, last(decision).result) == ("printer", "cable", "failed")
    assert decision.entries[0].private == {"text": "It is broken."}


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_call_of_the_owner_answers_the_customer(direction: str) -> None:
    issue = after(queues.assigned(), first.LogCall.model_validate({"direction": direction, "text": "Told them."}))
    answered = promises.clock_of(issue, FIRST_RESPONSE)
    assert answered is not None
    assert answered.is_over
    asked = queues.told(issue, events.customer_replied()).issue
    called = after(asked, first.LogCall(direction="out", text="Told them more."), now=NOW + HOUR)
    owed = promises.clock_of(called, NEXT_RESPONSE)
    assert owed is not None
    assert owed.is_over
    resolution = promises.clock_of(called, RESOLUTION)
    assert resolution is not None
    assert not resolution.is_over


def test_a_call_that_somebody_else_logs_leaves_the_answer_owed() -> None:
    issue = after(queues.assigned(), first.LogCall(direction="in", text="They asked again."), by=BOB)
    owed = promises.clock_of(issue, FIRST_RESPONSE)
    assert owed is not None
    assert not owed.is_over
