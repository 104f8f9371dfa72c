"""Problems: what may be done to one in which state, and what its issues hear of it."""

from collections import Counter
from dataclasses import replace

import pytest
from pydantic import ValidationError

from shared.events import collaboration, problems, work
from shared.ids import new_id
from support import events, queues
from support.queues import ADA, HOUR, KIM, NOW, POLICIES, PROBLEM, after, facts_of, linked, ruled
from tier_queues import problem_changes as p
from tier_queues.companions import PROBLEMS_LIMIT
from tier_queues.issue import Issue, NotAllowed, Refused, Unacceptable
from tier_queues.problem import TRANSITIONS, Given, Kind, Problem, State, Topic, allowed_in, decide
from tier_queues.problem_commands import InsertWorkaround, LinkProblem, UnlinkProblem
from tier_queues.problem_links import Heard, heard
from tier_queues.similar import query_of

OPEN = replace(PROBLEM, state=State.OPEN, workaround=None)
OTHER = replace(PROBLEM, id=new_id(), number=8)
RELEASE = new_id()
GIVEN = Given(KIM, NOW + HOUR, release="2026.11", target=OTHER)
STATES: dict[str, Problem] = {
    "open": OPEN,
    "known error": PROBLEM,
    "declined": replace(OPEN, state=State.DECLINED),
    "declined, with a workaround": replace(PROBLEM, state=State.DECLINED),
    "fixed": replace(OPEN, state=State.FIXED, release=RELEASE, release_name="2026.11"),
    "fixed, with a workaround": replace(PROBLEM, state=State.FIXED, release=RELEASE, release_name="2026.11"),
    "merged": replace(PROBLEM, state=State.MERGED, merged_into=OTHER.id),
}
CHANGES: tuple[p.Change, ...] = (
    p.Describe(title="Umlauts", description="They end it."),
    p.RecordReproduction(steps="Import.", environment="Linux", version="1.2", outcome="reproduced"),
    p.Decide(fix=True, reason="It hurts."),
    p.Decide(fix=False, reason="Nobody needs it."),
    p.PublishWorkaround(text="Save as UTF-8."),
    p.Fix(release=RELEASE, text="It is fixed.", then="resolve"),
    p.Reopen(reason="It is not."),
    p.Merge(into=OTHER.id),
    p.Tell(text="We know."),
)


@pytest.mark.parametrize("name", STATES)
def test_every_change_in_every_state_is_made_or_refused_with_what_is_possible(name: str) -> None:
    problem = STATES[name]
    for change in CHANGES:
        if (problem.state, type(change)) in TRANSITIONS:
            outcome = decide(problem, change, GIVEN)
            assert (outcome.problem.version, outcome.problem.updated_at) == (problem.version + 1, NOW + HOUR)
            assert outcome.problem.state in TRANSITIONS[problem.state, type(change)]
        else:
            with pytest.raises(NotAllowed) as refused:
                decide(problem, change, GIVEN)
            assert refused.value.more == {"state": problem.state, "allowed": allowed_in(problem)}


def test_every_transition_of_a_problem_can_happen() -> None:
    seen: Counter[object] = Counter()
    for problem in STATES.values():
        for change in CHANGES:
            if (problem.state, type(change)) in TRANSITIONS:
                seen[problem.state, type(change), decide(problem, change, GIVEN).problem.state] += 1
    assert set(seen) == {(*pair, end) for pair, ends in TRANSITIONS.items() for end in ends}


def test_a_problem_with_a_workaround_is_a_known_error_and_stays_one_when_it_comes_back() -> None:
    known = decide(OPEN, p.PublishWorkaround(text="Save as UTF-8."), GIVEN).problem
    assert (known.state, known.workaround) == (State.KNOWN_ERROR, "Save as UTF-8.")
    fixed = decide(known, p.Fix(release=RELEASE, text="It is fixed.", then="return"), GIVEN).problem
    back = decide(fixed, p.Reopen(reason="No."), GIVEN).problem
    assert (back.state, back.release) == (State.KNOWN_ERROR, None)


def test_a_fix_needs_a_registered_release_and_a_merger_another_one_of_the_kind() -> None:
    with pytest.raises(Unacceptable, match="no such release"):
        decide(OPEN, CHANGES[5], replace(GIVEN, release=None))
    for target in (None, OPEN, replace(OTHER, kind=Kind.FEATURE_REQUEST)):
        with pytest.raises(Unacceptable):
            decide(OPEN, CHANGES[7], replace(GIVEN, target=target))
    for state in (State.MERGED, State.FIXED):
        with pytest.raises(Refused, match=state):
            decide(OPEN, CHANGES[7], replace(GIVEN, target=replace(OTHER, state=state)))


@pytest.mark.parametrize("url", ["http://code.example.com", "javascript:alert(1)", "https://a b"])
def test_links_of_a_problem_are_https(url: str) -> None:
    with pytest.raises(ValidationError):
        p.ReferenceBody.model_validate({"what": "code", "title": "Patch", "url": url})


def test_an_issue_is_linked_to_a_problem_once_and_to_no_merged_one() -> None:
    issue = linked(queues.assigned())
    with pytest.raises(Refused, match="linked to it already"):
        ruled(issue, LinkProblem(problem=PROBLEM.id))
    with pytest.raises(Unacceptable) as refused:
        ruled(issue, LinkProblem(problem=OTHER.id), problem=replace(STATES["merged"], id=OTHER.id))
    assert refused.value.more == {"into": str(OTHER.id)}
    with pytest.raises(Unacceptable, match="no such problem"):
        ruled(issue, LinkProblem(problem=OTHER.id), problem=None)
    full = after(issue, *(LinkProblem(problem=new_id()) for _ in range(PROBLEMS_LIMIT - 1)))
    with pytest.raises(Unacceptable, match="already"):
        ruled(full, LinkProblem(problem=new_id()))


def test_a_workaround_that_is_not_there_is_not_inserted() -> None:
    issue = linked(queues.assigned(), OPEN)
    with pytest.raises(Unacceptable, match="no workaround"):
        ruled(issue, InsertWorkaround(problem=OPEN.id), problem=OPEN)
    with pytest.raises(Unacceptable, match="not linked"):
        ruled(issue, UnlinkProblem(problem=new_id()))
    decision = ruled(issue, InsertWorkaround(problem=OPEN.id), problem=PROBLEM)
    (entry,) = decision.entries
    assert entry.private == {"text": PROBLEM.workaround}
    assert "UTF-8" not in entry.fact.model_dump_json()


def fixed(*, resolve: bool) -> Heard:
    return Heard(PROBLEM.id, Topic.FIXED, "It is fixed.", resolve, "2026.11")


def test_a_fix_resolves_an_offered_issue_with_questions_open_and_ends_both() -> None:
    issue = linked(after(queues.consulting(), queues.offer()))
    decision = heard(issue, fixed(resolve=True), now=issue.last_at, policies=POLICIES)
    assert facts_of(decision) == [
        problems.FixReleased,
        work.HandoverWithdrawn,
        collaboration.ConsultClosed,
        work.IssueResolved,
    ]
    assert (decision.issue.state, decision.issue.last_owner, decision.issue.offer) == ("resolved", ADA.id, None)
    assert decision.issue.problems[0].fixed_in == "2026.11"


def test_a_fix_returns_what_a_vendor_holds_to_the_tier_that_watches_it() -> None:
    issue = linked(queues.with_vendor())
    decision = heard(issue, fixed(resolve=False), now=issue.last_at, policies=POLICIES)
    assert facts_of(decision) == [problems.FixReleased, work.IssueReplied, work.IssueQueued]


@pytest.mark.parametrize("issue", [queues.resolved(), queues.closed()])
def test_a_fix_tells_the_customer_of_what_is_over_and_leaves_it_so(issue: Issue) -> None:
    for resolve in (True, False):
        decision = heard(linked(issue), fixed(resolve=resolve), now=NOW, policies=POLICIES)
        assert facts_of(decision) == [problems.FixReleased, work.IssueReplied]
        assert decision.issue.state == issue.state


def test_news_do_not_count_as_the_response_to_words_that_nobody_has_read() -> None:
    news = Heard(PROBLEM.id, Topic.TOLD, "We know.")
    quiet = linked(queues.assigned())
    asked = queues.told(quiet, events.customer_replied()).issue
    met = {issue.unseen: heard(issue, news, now=issue.last_at, policies=POLICIES).issue for issue in (quiet, asked)}
    assert [clock.is_over for clock in met[False].clocks if clock.name == "first-response"] == [True]
    assert [clock.is_over for clock in met[True].clocks if clock.name == "first-response"] == [False]
    assert met[True].unseen


def test_an_issue_that_is_linked_no_more_hears_nothing() -> None:
    issue = after(linked(queues.assigned()), UnlinkProblem(problem=PROBLEM.id))
    assert heard(issue, fixed(resolve=True), now=NOW, policies=POLICIES).entries == ()


def test_a_merger_links_the_issue_to_the_other_one_but_not_twice() -> None:
    news = Heard(PROBLEM.id, Topic.MERGED, "", target=OTHER)
    issue = linked(queues.assigned())
    decision = heard(issue, news, now=NOW, policies=POLICIES)
    assert facts_of(decision) == [problems.ProblemUnlinked, problems.ProblemLinked]
    both = heard(linked(issue, OTHER), news, now=NOW, policies=POLICIES)
    assert facts_of(both) == [problems.ProblemUnlinked]
    assert [one.id for one in both.issue.problems] == [one.id for one in decision.issue.problems] == [OTHER.id]


def test_two_words_must_be_shared_and_none_can_break_the_query() -> None:
    assert query_of([]) == ""
    assert query_of(["it's"]) == "'it''s'"
    assert query_of(["a", "b", "c\\"]) == "'a' & 'b' | 'a' & 'c\\\\' | 'b' & 'c\\\\'"
