"""What an issue's timeline counts for each measure."""

from datetime import timedelta

import pytest

from shared.events import issues
from support import events, queues
from support.courses import happenings
from support.queues import ADA, EVE, HOUR, LEA, NOW, TIM, consult, offer, resolve, ruled, told, wait
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.course import Course, Row, followed
from tier_queues.escalation_commands import Escalate
from tier_queues.frontline_commands import AskForm
from tier_queues.issue import Decision
from tier_queues.measures import Measure
from tier_queues.promise_rows import kept_promises

STEPS: list[tuple[c.Command, Agent]] = [
    (c.Claim(), ADA),
    (wait("customer"), ADA),
    (c.Resume(), ADA),
    (offer(), ADA),
    (c.AcceptHandover(), TIM),
    (offer(target=c.Destination(tier=1), lower_tier_could=True), TIM),
    (c.AcceptHandover(), ADA),
    (offer(target=c.Destination(tier=3), reason="defect"), ADA),
    (c.AcceptHandover(), EVE),
    (resolve(), EVE),
    (c.Reopen(reason="Not yet."), EVE),
    (resolve(), EVE),
]


def lived(steps: list[tuple[c.Command, Agent]]) -> Decision:
    """An issue after these commands, an hour after each other, and all its entries."""
    decision = queues.opened()
    for number, (command, person) in enumerate(steps, 1):
        after = ruled(decision.issue, command, by=person, now=NOW + number * HOUR)
        decision = Decision(after.issue, decision.entries + after.entries)
    return decision


def counted(decision: Decision, measure: Measure) -> list[Row]:
    course, rows = followed(None, happenings(decision.entries))
    assert course is not None
    return [row for row in (*rows, *kept_promises(course, decision.issue.clocks)) if row.measure is measure]


def values(decision: Decision, measure: Measure) -> list[float]:
    return [row.value for row in counted(decision, measure)]


def test_an_issue_solved_by_its_first_owner_is_a_first_contact_resolution() -> None:
    decision = lived([(c.Claim(), ADA), (c.Note(text="Easy."), ADA), (resolve(), ADA)])
    assert values(decision, Measure.FIRST_CONTACT_RESOLUTION) == [1]
    assert values(decision, Measure.ESCALATION) == [0]
    assert values(decision, Measure.TRANSFERS) == [0]
    assert values(decision, Measure.TIME_IN_TIER) == [3 * 3600]
    assert values(decision, Measure.WORK_TIME) == [2 * 3600]


def test_a_question_to_the_customer_makes_it_a_second_contact() -> None:
    decision = lived([(c.Claim(), ADA), (wait("customer"), ADA), (c.Resume(), ADA), (resolve(), ADA)])
    assert values(decision, Measure.FIRST_CONTACT_RESOLUTION) == [0]
    assert [(row.detail, row.value) for row in counted(decision, Measure.TIME_IN_WAIT)] == [("customer", 3600)]
    assert values(decision, Measure.WORK_TIME) == [2 * 3600]


def test_an_issue_that_goes_up_and_down_and_up_counts_where_it_was() -> None:
    decision = lived(STEPS)
    stays = [(row.tier, row.value / 3600) for row in counted(decision, Measure.TIME_IN_TIER)]
    assert stays == [(1, 5), (2, 2), (1, 2), (3, 1), (3, 1)]
    assert values(decision, Measure.ESCALATION) == [1]
    assert [(row.tier, row.detail) for row in counted(decision, Measure.ESCALATIONS)] == [
        (1, "knowledge"),
        (1, "defect"),
    ]
    assert [(row.tier, row.detail) for row in counted(decision, Measure.BOUNCES)] == [(1, "tier")]
    assert values(decision, Measure.TRANSFERS) == [3]
    assert values(decision, Measure.SOLVED_ABOVE_LOWEST) == [1]
    assert values(decision, Measure.REOPEN) == [1, 0]


def test_what_is_put_back_while_it_is_offered_was_handed_over_too() -> None:
    decision = lived([(c.Claim(), ADA), (offer(), ADA), (c.PutBack(reason="Lunch."), ADA), (c.Claim(), TIM)])
    assert [(row.tier, row.detail) for row in counted(decision, Measure.ESCALATIONS)] == [(1, "knowledge")]
    assert values(decision, Measure.ESCALATION) == [1]


def test_who_is_called_from_above_is_an_escalation_without_another_tier() -> None:
    parts = dict.fromkeys(("impact", "findings", "tried", "ask", "promised"), "Said.")
    command = Escalate.model_validate({"to": "lead", "as": "owner", "reason": "They leave.", "parts": parts})
    decision = lived([(c.Claim(), ADA), (command, ADA), (c.AcceptHandover(), LEA)])
    assert [(row.tier, row.detail) for row in counted(decision, Measure.ESCALATIONS)] == [(1, "hierarchical")]
    assert values(decision, Measure.ESCALATION) == [0]


def test_a_question_to_others_counts_as_a_consult_and_is_no_escalation() -> None:
    decision = lived([(c.Claim(), ADA), (consult(), ADA), (consult(), ADA), (resolve(), ADA)])
    assert [(row.tier, row.value) for row in counted(decision, Measure.CONSULTS)] == [(1, 1), (1, 1)]
    assert counted(decision, Measure.ESCALATIONS) == []
    assert values(decision, Measure.FIRST_CONTACT_RESOLUTION) == [1]


@pytest.mark.parametrize("wait", [True, False])
def test_a_form_for_the_customer_makes_it_a_second_contact(wait: bool) -> None:
    asked: list[tuple[c.Command, Agent]] = [(c.Claim(), ADA), (AskForm(form="printer", wait=wait), ADA)]
    decision = lived([*asked, *([(c.Resume(), ADA)] if wait else []), (resolve(), ADA)])
    assert values(decision, Measure.FIRST_CONTACT_RESOLUTION) == [0]


def test_the_routers_own_correction_is_no_escalation() -> None:
    decision = queues.opened()
    asked = ruled(decision.issue, c.Reclassify(category="bug", reason="It is one."))
    moved = told(asked.issue, events.routed(revision=asked.issue.revision, tier=2))
    whole = Decision(moved.issue, decision.entries + asked.entries + moved.entries)
    assert moved.issue.tier == 2
    assert values(whole, Measure.ESCALATION) == [0]
    assert counted(whole, Measure.ESCALATIONS) == []


def test_what_is_redirected_says_nothing_about_who_could_have_solved_it() -> None:
    decision = queues.opened(redirect="sales@example.com")
    assert counted(decision, Measure.FIRST_CONTACT_RESOLUTION) == []
    assert counted(decision, Measure.TIME_IN_TIER) == []
    assert values(decision, Measure.REOPEN) == [0]


def test_a_promise_counts_where_it_was_kept_or_broken() -> None:
    decision = lived([(c.Claim(), ADA), (c.Reply(text="Soon."), ADA), (offer(), ADA), (c.AcceptHandover(), TIM)])
    late = queues.ticked(decision.issue, NOW + timedelta(days=9))
    whole = Decision(late.issue, decision.entries + late.entries)
    told = {(row.detail, row.tier): row.value for row in counted(whole, Measure.SLA)}
    assert told == {("first-response", 1): 1, ("pickup", 2): 1, ("resolution", 2): 0}


def test_reading_entry_by_entry_or_twice_makes_the_same_rows_as_reading_at_once() -> None:
    decision = lived(STEPS)
    entries = happenings(decision.entries)
    whole, rows = followed(None, entries)
    course: Course | None = None
    kept: dict[tuple[str, str, int], Row] = {}
    for number in range(len(entries)):
        course, changed = followed(course, entries[max(0, number - 2) : number + 1])
        kept |= {(row.measure, row.detail, row.place): row for row in changed}
    assert course == whole
    assert sorted(kept.values(), key=str) == sorted(rows, key=str)


def test_a_clock_without_a_goal_promises_nothing() -> None:
    decision = queues.opened(impact="low", urgency="low")
    assert all(clock.goal is None for clock in decision.issue.clocks)
    solved = ruled(queues.after(decision.issue, c.Claim()), resolve())
    assert counted(Decision(solved.issue, decision.entries + solved.entries), Measure.SLA) == []


def test_the_newest_rating_of_an_issue_counts_where_it_was_solved() -> None:
    decision = lived([(c.Claim(), ADA), (offer(), ADA), (c.AcceptHandover(), TIM), (resolve(), TIM)])
    assert counted(decision, Measure.SATISFACTION) == []
    for hours, score, satisfied in ((5, 4, 1), (6, 3, 0)):
        fact = issues.SatisfactionRated(score=score, at=NOW)
        rated = told(decision.issue, fact, now=NOW + hours * HOUR)
        decision = Decision(rated.issue, decision.entries + rated.entries)
        (row,) = counted(decision, Measure.SATISFACTION)
        assert (row.value, row.at, row.tier, row.team) == (satisfied, NOW + hours * HOUR, 2, "technical")
