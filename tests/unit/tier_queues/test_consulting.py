"""Questions to others: the owner keeps the issue, its clocks and its place."""

from datetime import timedelta

import pytest

from shared.customer_state import CustomerState, state_after
from shared.events import attention, collaboration, issues
from shared.events.work import Target
from shared.ids import new_id
from support import queues
from support.queues import ADA, BOB, EVE, LEA, NOW, TIM, after, consult, facts_of, last, ruled, ticked, told
from tier_queues import commands as c
from tier_queues import side_commands as side
from tier_queues.agents import Agent
from tier_queues.companions import OPEN_CONSULTS_LIMIT
from tier_queues.issue import Issue, NotAllowed, NotOwner, Unacceptable, WrongTier, allowed_in

AT_ONCE = timedelta(microseconds=1)
IN_TIME = queues.POLICIES.consult_timeout


def asked(**changes: object) -> Issue:
    return after(queues.assigned(), consult(**changes))


def answer(issue: Issue, text: str = "Clear the index.") -> side.AnswerConsult:
    return side.AnswerConsult(consult=issue.consults[0].id, text=text)


def test_a_question_changes_neither_owner_nor_place_nor_clocks() -> None:
    before = queues.assigned()
    decision = ruled(before, consult())
    issue = decision.issue
    assert facts_of(decision) == [collaboration.ConsultAsked]
    assert (issue.state, issue.owner, issue.tier, issue.team) == ("assigned", "ada", 1, "frontline")
    assert issue.clocks == before.clocks
    assert (issue.queue, issue.handovers) == (None, 0)


def test_what_is_asked_and_answered_is_on_the_timeline_and_never_in_an_event() -> None:
    question = ruled(queues.assigned(), consult(question="Is the SECRET index broken?"))
    answered = ruled(question.issue, answer(question.issue, "The SECRET is out."), by=TIM)
    assert question.entries[0].private["question"] == "Is the SECRET index broken?"
    assert question.entries[0].private["symptoms"] == queues.BRIEFING.symptoms
    assert answered.entries[0].private["answer"] == "The SECRET is out."
    written = [decision.entries[0].fact.model_dump_json() for decision in (question, answered)]
    assert not any(text in fact for fact in written for text in ("SECRET", queues.BRIEFING.symptoms))


def test_whoever_is_asked_answers_and_takes_part_from_then_on() -> None:
    issue = asked()
    answered = ruled(issue, answer(issue), by=TIM)
    assert last(answered).target == Target(tier=2)
    assert answered.issue.consults == ()
    assert [(one.id, one.how) for one in answered.issue.participants] == [("tim", "wrote")]
    with pytest.raises(NotAllowed):
        ruled(answered.issue, answer(issue), by=TIM)


@pytest.mark.parametrize(
    ("target", "answerers"),
    [
        ({"tier": 2}, {"tim"}),
        ({"tier": 3, "team": "experts"}, {"eve"}),
        ({"tier": 1}, {"bob", "lea"}),
        ({"agent": "eve"}, {"eve"}),
    ],
    ids=["tier", "team", "own tier", "agent"],
)
def test_only_those_who_are_asked_may_answer(target: dict[str, object], answerers: set[str]) -> None:
    command = consult(target=c.Destination.model_validate(target))
    issue = after(queues.assigned(), command, receiver=EVE)
    people = (ADA, BOB, TIM, EVE, LEA)
    assert {person.id for person in people if "answer-consult" in allowed_in(issue, person)} == answerers
    for person in people:
        if person.id not in answerers:
            with pytest.raises(WrongTier):
                ruled(issue, answer(issue), by=person)


def test_an_answer_to_another_question_than_those_that_go_to_the_agent_is_refused() -> None:
    issue = after(asked(), consult(target=c.Destination(tier=3)))
    to_experts = issue.consults[1].id
    with pytest.raises(WrongTier):
        ruled(issue, side.AnswerConsult(consult=to_experts, text="I guess."), by=TIM)
    with pytest.raises(Unacceptable):
        ruled(issue, side.AnswerConsult(consult=new_id(), text="I guess."), by=TIM)


def test_several_questions_are_open_at_once_up_to_a_limit() -> None:
    issue = queues.assigned()
    for _ in range(OPEN_CONSULTS_LIMIT):
        issue = after(issue, consult())
    assert len({question.id for question in issue.consults}) == OPEN_CONSULTS_LIMIT
    with pytest.raises(Unacceptable):
        ruled(issue, consult())


@pytest.mark.parametrize("person", [BOB, TIM], ids=lambda who: who.id)
def test_only_the_owner_asks(person: Agent) -> None:
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), consult(), by=person)


def test_a_question_goes_only_where_people_are() -> None:
    for command in (consult(target=c.Destination(tier=4)), consult(target=c.Destination(agent="nobody"))):
        with pytest.raises(Unacceptable):
            ruled(queues.assigned(), command)


def test_the_owner_asks_while_an_offer_is_pending() -> None:
    assert len(after(queues.offered(), consult()).consults) == 1


def test_the_owner_and_the_lead_take_a_question_back() -> None:
    issue = asked()
    command = side.CloseConsult(consult=issue.consults[0].id)
    assert [last(ruled(issue, command, by=person)).cause for person in (ADA, LEA)] == ["owner", "lead"]
    with pytest.raises(NotOwner):
        ruled(issue, command, by=BOB)


def test_a_question_that_nobody_answers_is_told_once_and_stays_open() -> None:
    issue = asked()
    assert ticked(issue, NOW + IN_TIME - AT_ONCE).entries == ()
    assert issue.next_due == NOW + IN_TIME
    late = ticked(issue, NOW + IN_TIME)
    assert facts_of(late) == [collaboration.ConsultOverdue, attention.LeadAlerted]
    assert (last(late).cause, last(late).tier) == ("consult-overdue", 2)
    assert ticked(late.issue, NOW + IN_TIME + AT_ONCE).entries == ()
    assert after(late.issue, answer(late.issue), by=TIM).consults == ()


def test_questions_end_with_the_issue_whoever_ends_it() -> None:
    for decision in (ruled(asked(), queues.resolve()), told(asked(), issues.IssueWithdrawn(at=NOW))):
        assert collaboration.ConsultClosed in facts_of(decision)
        assert decision.issue.consults == ()
        assert decision.issue.next_due == decision.issue.closes_at


def test_a_question_outlives_its_asker_and_is_answered_to_the_next_owner() -> None:
    issue = after(asked(), c.PutBack(reason="Lunch."))
    issue = after(issue, c.Claim(), by=BOB)
    answered = after(issue, answer(issue), by=TIM)
    assert (answered.owner, answered.consults) == ("bob", ())


def test_the_customer_sees_on_hold_only_when_so_chosen_and_only_until_the_answer() -> None:
    issue = asked(on_hold=True)
    assert state_after(CustomerState.IN_PROGRESS, issue.standing) is CustomerState.ON_HOLD
    answered = after(issue, answer(issue), by=TIM)
    assert state_after(CustomerState.ON_HOLD, answered.standing) is CustomerState.IN_PROGRESS
    assert state_after(CustomerState.IN_PROGRESS, asked().standing) is CustomerState.IN_PROGRESS
