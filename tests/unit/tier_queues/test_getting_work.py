"""Who takes what: units of capacity, skills, what is passed by, what is given out, and what lies idle."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.events import attention, work
from shared.vocabulary import IssueState, Role
from support import events, queues
from support.queues import ADA, BOB, HOUR, LEA, MINUTE, NOW, POLICIES, TIM, after, agent, facts_of, last, ruled, ticked
from tier_queues import commands as c
from tier_queues import pushing, skills
from tier_queues.issue import Issue, NotAllowed, OverCapacity, WrongTier, allowed_in, without
from tier_queues.organisation import Limits, Overflow
from tier_queues.overflow import Waiting, because, is_over, sources_of
from tier_queues.policies import Policies
from tier_queues.pushing import Candidate
from tier_queues.rows import row_of
from tier_queues.teams import Help, Push, Team

SKIP = c.Skip(reason="I know nothing of imports.")


def with_team(**changes: Any) -> Policies:
    team = Team("frontline", frozenset({1}), leads=("lea",), **changes)
    return replace(POLICIES, teams={"frontline": team})


PUSHED = with_team(push=Push.ROUND_ROBIN, accept_within=2 * MINUTE)
LEASED = with_team(idle_after=2 * HOUR)


def channel(name: str) -> Issue:
    return queues.queued(of=events.submission(channel=name))


@pytest.mark.parametrize(("name", "weight"), [("chat", 2), ("phone", 5), ("email", 1), ("web", 1), ("pigeon", 1)])
def test_an_issue_weighs_what_its_channel_does(name: str, weight: int) -> None:
    assert channel(name).weight == weight


def test_a_call_is_too_much_for_whom_a_mail_is_not() -> None:
    for load, allowed in ((5, True), (6, False)):
        if allowed:
            assert ruled(channel("phone"), c.Claim(), load=load).issue.owner == "ada"
        else:
            with pytest.raises(OverCapacity):
                ruled(channel("phone"), c.Claim(), load=load)
    assert ruled(channel("email"), c.Claim(), load=9).issue.owner == "ada"


def test_a_skill_may_be_asked_for_with_a_level() -> None:
    able = {"german": 2, "data": 5}
    assert skills.missing(("german", "german:2", "data:4"), able) == []
    assert skills.missing(("german:3", "french", "data"), able) == ["german:3", "french"]


def test_a_claim_records_the_skills_that_the_agent_lacks() -> None:
    issue = queues.queued(skills=("german", "data"))
    claimed = ruled(issue, c.Claim(), by=agent("ada", skills={"data": 1}))
    assert claimed.entries[-1].private == {"dropped_skills": ["german"]}
    assert ruled(issue, c.Claim(), by=agent("ada", skills={"data": 1, "german": 1})).entries[-1].private == {}


def test_nothing_is_asked_of_who_sorts_what_the_router_could_not() -> None:
    issue = queues.queued(skills=("data",), triage=True)
    assert row_of(issue)["skills"] is None
    assert ruled(issue, c.Claim()).entries[-1].private == {}
    sorted_out = after(issue, c.Reclassify(category="data_loss", reason="All gone."))
    assert row_of(sorted_out)["skills"] == '["data"]'


def test_who_passes_a_queued_issue_by_leaves_it_in_the_queue() -> None:
    skipped = ruled(queues.queued(), SKIP)
    fact = last(skipped)
    assert isinstance(fact, attention.IssueSkipped)
    assert fact.until == NOW + POLICIES.skip_for
    assert skipped.entries[-1].private == {"reason": SKIP.reason}
    assert skipped.issue.state == "queued"


def test_an_owner_who_passes_an_issue_by_puts_it_back() -> None:
    skipped = ruled(queues.assigned(), SKIP)
    assert facts_of(skipped) == [work.IssueReleased, attention.IssueSkipped]
    assert (skipped.issue.state, skipped.issue.owner) == ("queued", None)


def test_only_who_may_have_an_issue_can_pass_it_by() -> None:
    with pytest.raises(WrongTier):
        ruled(queues.queued(), SKIP, by=TIM)
    with pytest.raises(NotAllowed):
        ruled(queues.offered(), SKIP)
    assert last(ruled(queues.offered(), SKIP, by=TIM)).actor.id == "tim"


# Work given out.


def candidate(name: str, **changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "id": name,
        "name": name.title(),
        "tiers": {1},
        "teams": {"frontline"},
        "able": frozenset(),
        "capacity": 10,
        "load": 0,
        "turn": None,
    }
    return Candidate(**values | changes)


def takers(issues: list[Issue], *candidates: Candidate, policies: Policies = PUSHED, **given: Any) -> list[str]:
    handed = pushing.handed_out(issues, candidates, now=NOW, policies=policies, **given)
    return [taker.id for _, taker in handed]


def several(number: int, **changes: Any) -> list[Issue]:
    return [queues.queued(**changes) for _ in range(number)]


def test_turns_go_round_among_those_with_room() -> None:
    first, second = candidate("ada", turn=NOW - MINUTE), candidate("bob", turn=NOW - HOUR)
    assert takers(several(4), first, second) == ["bob", "ada", "bob", "ada"]
    assert takers(several(2), candidate("new"), second) == ["new", "bob"]
    assert takers(several(3), candidate("ada", capacity=1), candidate("bob", load=10)) == ["ada"]


def test_the_least_loaded_by_units_comes_first() -> None:
    policies = with_team(push=Push.LEAST_LOADED)
    calls = [channel("phone"), channel("email"), channel("email")]
    assert takers(calls, candidate("ada", load=1), candidate("bob"), policies=policies) == ["bob", "ada", "ada"]


def test_nothing_is_given_to_who_lacks_a_skill_or_works_elsewhere_or_passed_it_by() -> None:
    german = queues.queued(skills=("german",))
    assert takers([german], candidate("ada")) == []
    assert takers([german], candidate("ada", able={"german"}, tiers={2})) == []
    assert takers([german], candidate("ada", able={"german"}, teams={"night"})) == []
    assert takers([german], candidate("ada", able={"german"}), passed_by={("ada", german.id)}) == []
    assert takers([german], candidate("ada", able={"german"})) == ["ada"]


def test_after_each_wait_one_skill_less_is_asked_for_the_last_named_first() -> None:
    issue = queues.queued(skills=("german", "data"))
    wait = POLICIES.skills_wait
    assert wait is not None
    asked = [list(pushing.asked_for(issue, NOW + n * wait, POLICIES)) for n in range(4)]
    assert asked == [["german", "data"], ["german"], [], []]
    assert pushing.asked_for(issue, NOW + 9 * wait, replace(POLICIES, skills_wait=None)) == issue.skills


def given(to: str = "ada", issue: Issue | None = None) -> Issue:
    return pushing.pushed(issue or queues.queued(), candidate(to), now=NOW, policies=PUSHED).issue


def test_what_is_given_to_an_agent_nobody_else_can_claim() -> None:
    issue = given()
    with pytest.raises(WrongTier):
        ruled(issue, c.Claim(), by=BOB)
    claimed = ruled(issue, c.Claim()).issue
    assert (claimed.owner, claimed.pushed, claimed.pushed_to) == ("ada", None, ())


def test_what_is_not_taken_in_time_goes_to_the_next_one() -> None:
    issue = given()
    assert ticked(issue, NOW + MINUTE, PUSHED).entries == ()
    late = ticked(issue, NOW + 2 * MINUTE, PUSHED)
    assert [(type(entry.fact), entry.fact.cause) for entry in late.entries if hasattr(entry.fact, "cause")] == [
        (attention.PushEnded, "timeout")
    ]
    assert late.issue.queue is not None
    assert late.issue.queue.agent is None
    assert takers([late.issue], candidate("ada"), candidate("bob", turn=NOW)) == ["bob"]
    assert takers([late.issue], candidate("ada")) == ["ada"], "when nobody else is there it is given again"


def test_who_passes_by_what_was_given_to_them_ends_it() -> None:
    skipped = ruled(given(), SKIP)
    assert facts_of(skipped) == [attention.PushEnded, attention.IssueSkipped]
    assert skipped.issue.pushed is None


# The idle lease.


def test_an_idle_owner_is_warned_and_then_loses_the_issue() -> None:
    issue = after(queues.queued(), c.Claim(), policies=LEASED)
    assert issue.idle_at == NOW + 2 * HOUR
    warned = ticked(issue, NOW + 2 * HOUR, LEASED)
    assert attention.OwnerIdle in facts_of(warned)
    assert warned.issue.owner == "ada"
    back = ticked(warned.issue, NOW + 2 * HOUR + POLICIES.idle_grace, LEASED)
    assert facts_of(back)[-1] is work.IssueReleased
    assert (back.issue.state, back.issue.idle_at) == ("queued", None)


def test_any_work_of_the_owner_renews_the_lease_and_nobody_elses_does() -> None:
    issue = after(queues.queued(), c.Claim(), policies=LEASED)
    warned = ticked(issue, NOW + 2 * HOUR, LEASED).issue
    noted = after(warned, c.Note(text="Still on it."), policies=LEASED)
    assert noted.idle_at == NOW + 4 * HOUR
    assert not noted.idle_warned
    assert after(warned, c.Note(text="Hello?"), by=BOB, policies=LEASED).idle_at == warned.idle_at


def test_what_waits_or_is_solved_or_has_no_lease_is_never_idle() -> None:
    issue = after(queues.queued(), c.Claim(), policies=LEASED)
    assert after(issue, queues.wait("customer"), policies=LEASED).idle_at is None
    assert after(issue, queues.resolve(), policies=LEASED).idle_at is None
    assert queues.assigned().idle_at is None
    resumed = after(issue, queues.wait("customer"), c.Resume(), policies=LEASED)
    assert resumed.idle_at == NOW + 2 * HOUR


def test_a_lease_that_was_given_up_meanwhile_takes_nothing_away() -> None:
    issue = after(queues.queued(), c.Claim(), policies=LEASED)
    later = ticked(issue, NOW + 2 * HOUR, with_team()).issue
    assert (later.owner, later.idle_at) == ("ada", None)


# Overflow.


RULE = Overflow(to=2, above=Limits(count=10, oldest=HOUR), below=Limits(count=4, oldest=20 * MINUTE), share=0.5)


@pytest.mark.parametrize(
    ("count", "oldest", "begins", "ends"),
    [
        (10, HOUR, False, False),
        (11, MINUTE, True, False),
        (2, HOUR + MINUTE, True, False),
        (5, MINUTE, False, False),
        (4, 20 * MINUTE, False, True),
        (4, 21 * MINUTE, False, False),
        (0, timedelta(), False, True),
    ],
)
def test_help_begins_above_one_limit_and_ends_below_both_others(
    count: int, oldest: timedelta, begins: bool, ends: bool
) -> None:
    waiting = Waiting(count, oldest)
    assert (because(1, RULE, waiting) is not None) is begins
    assert is_over(RULE, waiting) is ends


def test_the_reason_of_help_is_a_sentence() -> None:
    assert because(1, RULE, Waiting(11, MINUTE)) == "11 issues wait at tier 1, more than 10."
    assert because(1, RULE, Waiting(1, 2 * HOUR)) == "An issue has waited at tier 1 for 2:00:00, longer than 1:00:00."


def test_a_helper_takes_from_another_tier_up_to_a_share_of_the_capacity() -> None:
    policies = replace(POLICIES, helps={2: (Help(1, 0.5, "Much."),)})
    rooms = [
        {source.tier: source.room for source in sources_of(TIM, [2], room=10 - n, elsewhere=n, policies=policies)}
        for n in (0, 3, 5)
    ]
    assert rooms == [{2: 10, 1: 5}, {2: 7, 1: 2}, {2: 5}]
    assert [source.tier for source in sources_of(ADA, [1], room=10, elsewhere=0, policies=policies)] == [1]


# Leads and ping-pong.


def test_a_lead_acts_for_the_teams_they_lead_and_no_others() -> None:
    issue = queues.assigned()
    named = with_team(named=True)
    for name, leads in (("lea", True), ("leo", False)):
        led = named.led_by(name, frozenset({"frontline", "night"}))
        lead = agent(name, role=Role.LEAD, teams=frozenset({"frontline", "night"}), led=led)
        assert ("set-priority" in allowed_in(issue, lead)) is leads
        assert "night" in led, "nobody is named there: its members with the role lead it"
    assert "set-priority" in allowed_in(issue, LEA)


def bounced(times: int, policies: Policies = POLICIES) -> Issue:
    """An issue that came back to Tier 1 so often."""
    issue = queues.assigned()
    for _ in range(times):
        issue = after(issue, queues.offer(), policies=policies)
        issue = after(issue, c.AcceptHandover(), by=TIM, policies=policies)
        issue = after(issue, queues.offer(target=c.Destination(tier=1)), by=TIM, policies=policies)
        issue = after(issue, c.AcceptHandover(), policies=policies)
    return issue


def test_the_third_revisit_of_a_tier_alerts_its_lead_once() -> None:
    policies = with_team()
    issue = after(bounced(2, policies), queues.offer())
    issue = after(issue, c.AcceptHandover(), by=TIM)
    issue = after(issue, queues.offer(target=c.Destination(tier=1)), by=TIM)
    third = ruled(issue, c.AcceptHandover(), policies=policies)
    alerts = [entry.fact for entry in third.entries if isinstance(entry.fact, attention.LeadAlerted)]
    assert [(fact.cause, fact.tier, fact.team, fact.leads, fact.times) for fact in alerts] == [
        ("ping-pong", 1, None, ("lea",), 4),
        ("ping-pong", 1, "frontline", ("lea",), 4),
    ]
    fourth = ruled(after(third.issue, c.Note(text="Again.")), queues.resolve())
    assert attention.LeadAlerted not in facts_of(fourth)


def test_an_offer_that_times_out_names_the_lead_of_its_target() -> None:
    policies = replace(
        POLICIES,
        teams={"technical": Team("technical", frozenset({2}), leads=("tina",))},
        tier_leads={2: ("tina", "tom")},
    )
    to_team = queues.offered(target=c.Destination(tier=2, team="technical"))
    assert last(ticked(to_team, NOW + HOUR, policies)).leads == ("tina",)
    assert last(ticked(queues.offered(), NOW + HOUR, policies)).leads == ("tina", "tom")


def test_who_leaves_gives_back_what_they_own_and_is_offered_nothing_and_nobody_else_loses_anything() -> None:
    owned, offered = queues.assigned(), after(queues.assigned(), queues.offer(target=c.Destination(tier=2)))
    to_tim = replace(offered, offer=offered.offer and replace(offered.offer, target=work.Target(tier=2, agent="tim")))
    gone = without(owned, {"ada"}, now=NOW + HOUR, policies=POLICIES)
    assert (gone.issue.state, gone.issue.owner) == (IssueState.QUEUED, None)
    assert gone.issue.queued_since == owned.queued_since, "its age stays"
    ended = without(to_tim, {"tim"}, now=NOW + HOUR, policies=POLICIES)
    assert (ended.issue.owner, ended.issue.offer) == ("ada", None)
    assert without(to_tim, {"bob"}, now=NOW + HOUR, policies=POLICIES).entries == ()
