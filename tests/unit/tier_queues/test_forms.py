"""Forms that the owner asks and the customer fills in, and parts of issues that become issues of their own."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from shared.events import forms as asked_facts
from shared.events import tidying, work
from shared.events.form_parts import FIELDS_LIMIT
from shared.ids import new_id
from shared.vocabulary import TEXT_LIMIT, IssueState
from support import events, queues
from support.queues import ADA, BOB, FORM, HOUR, LEA, MINUTE, NOW, after, facts_of, form_answered, last, ruled, told
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.companions import FORMS_LIMIT, OPEN_FORMS_LIMIT
from tier_queues.form_shelf import FormBody
from tier_queues.frontline_commands import AskForm
from tier_queues.issue import BehindTheScenes, Issue, NotOwner, Unacceptable, UnseenMessages
from tier_queues.linking import related
from tier_queues.links import LINKS_LIMIT, Link, Relation
from tier_queues.messages import Said
from tier_queues.policies import Policies
from tier_queues.teams import Team
from tier_queues.tidying_commands import Split

ASK = AskForm(form="printer")
AND_WAIT = AskForm(form="printer", wait=True)
LONG = {"label": "A" * 300, "help": "h" * 500, "type": "choice", "choices": ["a" * 100, "b" * 100]}
PART = Split(title="The printer", text="And my printer prints nothing.", category="hardware", messages=(1,))


def asked(command: AskForm = ASK) -> Issue:
    return after(queues.assigned(), command)


def clock(issue: Issue, name: str) -> str:
    return next(clock.move for clock in issue.clocks if clock.name == name)


def test_the_fields_are_asked_as_they_are_then_and_stay_on_the_issue() -> None:
    decision = ruled(queues.assigned(), ASK)
    fact = last(decision)
    (form,) = decision.issue.forms
    assert facts_of(decision) == [asked_facts.FormAsked]
    assert (fact.form, fact.title, fact.fields) == (form.id, FORM.title, FORM.fields)
    assert fact.text == "About your printer\n\n- Which model is it?\n- Is there paper? (optional)"
    assert (form.asked_by, form.answers, decision.issue.state) == ("ada", (), IssueState.ASSIGNED)


def test_asking_is_the_response_that_was_owed() -> None:
    assert clock(asked(), "first-response") == "met"


def test_asking_and_waiting_is_one_command_and_rests_the_clocks() -> None:
    decision = ruled(queues.assigned(), AskForm(form="printer", wait=True, until=NOW + HOUR))
    assert facts_of(decision) == [asked_facts.FormAsked, work.IssueWaiting]
    assert (decision.issue.waiting_for, decision.issue.wait_until) == ("customer", NOW + HOUR)
    assert decision.entries[0].fact.until == NOW + HOUR  # type: ignore[attr-defined]
    assert clock(decision.issue, "resolution") == "paused"


def test_the_answers_end_the_wait_and_are_on_the_issue() -> None:
    issue = asked(AND_WAIT)
    decision = told(issue, form_answered(issue.forms[0].id), now=NOW + HOUR)
    assert facts_of(decision) == [work.CustomerHeard, work.IssueResumed]
    (form,) = decision.issue.forms
    assert [(one.label, one.answer) for one in form.answers] == [("Which model is it?", "LX-300")]
    assert form.answered_at == NOW + HOUR
    assert (decision.issue.unseen, clock(decision.issue, "next-response")) == (True, "resumed")
    assert decision.entries[0].private["text"] == "Which model is it?: LX-300"


def test_a_reply_after_unseen_answers_is_refused_until_they_were_read() -> None:
    issue = asked()
    fact = form_answered(issue.forms[0].id)
    issue = told(issue, fact).issue
    for command in (c.Reply(text="Any news?"), ASK):
        with pytest.raises(UnseenMessages):
            ruled(issue, command)
    assert ruled(issue, AskForm(form="printer", seen=fact.message)).issue.unseen is False


def test_answers_to_a_form_that_is_unknown_or_answered_only_reach_the_timeline() -> None:
    issue = asked()
    once = told(issue, form_answered(issue.forms[0].id), now=NOW + MINUTE).issue
    again = told(once, form_answered(issue.forms[0].id), now=NOW + HOUR).issue
    assert again.forms == once.forms
    assert facts_of(told(queues.assigned(), form_answered(issue.id))) == [work.CustomerHeard]


def test_answers_to_a_solved_issue_bring_it_back_as_a_message_does() -> None:
    issue = after(asked(), queues.resolve())
    assert told(issue, form_answered(issue.forms[0].id)).issue.state is IssueState.ASSIGNED


def test_answers_that_come_before_the_routing_are_applied_with_it() -> None:
    assert facts_of(queues.opened(form_answered(events.submission().customer.id))) == [
        work.IssueQueued,
        work.CustomerHeard,
    ]


def test_a_form_that_there_is_not_or_one_too_many_is_refused() -> None:
    with pytest.raises(Unacceptable, match="no such form"):
        ruled(queues.assigned(), ASK, form=None)
    issue = after(queues.assigned(), *[ASK] * OPEN_FORMS_LIMIT)
    with pytest.raises(Unacceptable, match="wait for the customer's answers already"):
        ruled(issue, ASK)


def test_of_many_forms_the_open_and_the_newest_answered_ones_stay_on_the_issue() -> None:
    issue = asked()
    kept_open = issue.forms[0].id
    for minutes in range(FORMS_LIMIT + 2):
        issue = after(issue, AskForm(form="printer", confirm=True))
        newest = issue.forms[-1].id
        issue = told(issue, form_answered(newest), now=NOW + minutes * MINUTE).issue
    assert len(issue.forms) == FORMS_LIMIT
    assert (issue.forms[0].id, issue.forms[-1].id) == (kept_open, newest)


def test_who_waits_for_somebody_else_asks_without_waiting() -> None:
    with pytest.raises(Unacceptable, match="waits for the vendor"):
        ruled(queues.waiting_for_vendor(), AND_WAIT)
    assert ruled(queues.waiting_for_vendor(), ASK).issue.state is IssueState.WAITING
    again = ruled(queues.waiting_for_customer(), AND_WAIT)
    assert facts_of(again) == [asked_facts.FormAsked]


def test_a_wait_has_an_end_only_where_there_is_one_and_within_bounds() -> None:
    with pytest.raises(ValidationError):
        AskForm(form="printer", until=NOW + HOUR)
    with pytest.raises(Unacceptable):
        ruled(queues.assigned(), AskForm(form="printer", wait=True, until=NOW - MINUTE))


def test_a_team_behind_the_scenes_neither_asks_nor_splits() -> None:
    silent = Policies(teams={"frontline": Team("frontline", frozenset({1}), behind_the_scenes=True)})
    for command in (ASK, PART):
        with pytest.raises(BehindTheScenes):
            ruled(queues.assigned(), command, policies=silent)


def test_a_form_is_part_of_the_conversation_that_a_vendor_reads() -> None:
    entry = ruled(queues.assigned(), ASK).entries[0]
    assert [(said.author, said.text[:18]) for said in Said.by(entry).messages()] == [("support", FORM.title)]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [{"name": "a", "label": "A"}, {"name": "a", "label": "B"}],
        [{"name": "a", "label": "A", "type": "choice", "choices": ["one"]}],
        [{"name": "a", "label": "A", "type": "choice", "choices": ["one", "one"]}],
        [{"name": "a", "label": "A", "choices": ["one", "two"]}],
        [{"name": "a", "label": "A", "type": "colour"}],
        [{"name": "a", "label": "A", "help": "\0"}],
        [{"name": "a", "label": "A", "pattern": ".*"}],
        [{"name": str(number), "label": "A"} for number in range(FIELDS_LIMIT + 1)],
        [LONG | {"name": str(number)} for number in range(FIELDS_LIMIT)],
    ],
)
def test_a_form_that_nobody_could_fill_in_is_refused(fields: list[object]) -> None:
    with pytest.raises(ValidationError):
        FormBody.model_validate({"title": "T", "fields": fields})


def test_a_split_tells_the_part_under_an_id_that_is_the_same_when_decided_again() -> None:
    issue = queues.assigned()
    fact = last(ruled(issue, PART))
    assert isinstance(fact, tidying.IssueSplit)
    assert (fact.title, fact.text, fact.category, fact.entries) == (PART.title, PART.text, "hardware", (1,))
    assert fact.issue == last(ruled(issue, PART)).issue != issue.id
    assert ruled(issue, PART).issue.state is IssueState.ASSIGNED


@pytest.mark.parametrize(("person", "may"), [(ADA, True), (LEA, True), (BOB, False)], ids=lambda one: str(one))
def test_the_owner_and_the_lead_split(person: Agent, may: bool) -> None:
    if may:
        assert facts_of(ruled(queues.assigned(), PART, by=person)) == [tidying.IssueSplit]
    else:
        with pytest.raises(NotOwner):
            ruled(queues.assigned(), PART, by=person)


def test_a_split_names_entries_that_there_are() -> None:
    with pytest.raises(Unacceptable, match="no such entry"):
        ruled(queues.assigned(), Split(title="T", text="Text.", messages=(99,)))


def test_a_new_issue_and_the_one_it_was_split_from_are_linked_both_ways() -> None:
    origin, new = queues.assigned(), queues.queued(of=events.submission(number=2002))
    of_new, of_origin = related(new, origin, now=NOW)
    assert of_new.issue.links == (Link(origin.id, origin.number, Relation.SPLIT_FROM),)
    assert of_origin.issue.links == (Link(new.id, 2002, Relation.SPLIT_INTO),)
    assert facts_of(of_origin) == [tidying.IssueLinked]


def test_an_issue_with_as_many_links_as_it_may_have_goes_without_another() -> None:
    full = queues.assigned()
    many = tuple(Link(new_id(), number, Relation.RELATED) for number in range(LINKS_LIMIT))
    full = replace(full, links=many)
    with pytest.raises(Unacceptable):
        ruled(full, PART)
    assert related(queues.queued(), full, now=NOW)[1].entries == ()


def test_the_longest_split_can_be_told() -> None:
    fact = last(ruled(queues.assigned(), Split(title="T" * 300, text="\N{ROLLING ON THE FLOOR LAUGHING}" * TEXT_LIMIT)))
    assert len(fact.model_dump_json().encode()) + 1024 < tidying.IssueSplit.LIMIT_BYTES


def test_the_wait_for_answers_ends_by_itself_when_its_time_has_come() -> None:
    issue = asked(AskForm(form="printer", wait=True, until=NOW + HOUR))
    assert queues.ticked(issue, NOW + HOUR + timedelta(seconds=1)).issue.state is IssueState.ASSIGNED
