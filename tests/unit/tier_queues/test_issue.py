"""The transition table walked whole: every state with every command, every state with every fact."""

from collections import Counter
from itertools import pairwise

import pytest

from shared.vocabulary import Role
from support import events, every, queues
from support.queues import ADA, BOB, EVE, LEA, NOW, TIM, URGENT, after, agent, offer, ruled, told
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.guards import GUARDS
from tier_queues.issue import (
    EFFECTS,
    TRANSITIONS,
    Decision,
    Issue,
    NotAllowed,
    NotOwner,
    OverCapacity,
    Refused,
    Taken,
    WrongTier,
    allowed_in,
)
from tier_queues.record import CASE_OVER

PEOPLE = (ADA, BOB, TIM, EVE, LEA)
STATES = every.states()
KINDS = tuple(c.COMMANDS.values())


def assert_sound(decision: Decision, before: Issue) -> None:
    """What holds after anything that ever happens to an issue."""
    issue = decision.issue
    versions = [entry.fact.standing.version for entry in decision.entries]
    assert versions == list(range(before.version + 1, issue.version + 1))
    assert not decision.entries or decision.entries[-1].fact.standing == issue.standing
    times = [before.last_at, *(entry.fact.at for entry in decision.entries)]
    assert all(one <= other for one, other in pairwise(times))
    assert issue.last_at == times[-1]
    assert_owned(issue)
    assert (issue.waiting_for is None) == (issue.state != "waiting")
    assert issue.wait_until is None or issue.state == "waiting"
    assert issue.offer is None or issue.state == "assigned"
    assert (issue.resolution is None) == (issue.state not in ("resolved", "closed"))
    assert (issue.closes_at is None) == (issue.state != "resolved")
    assert (issue.queue is None) == (issue.state != "queued" and issue.offer is None)
    assert all(clock.is_over for clock in issue.clocks) or not issue.is_over


def assert_owned(issue: Issue) -> None:
    """Somebody owns what is worked; nobody what is queued or over; a vendor alone may hold what nobody owns."""
    assert (issue.owner is None) == (issue.owner_name is None)
    if issue.state == "waiting" and issue.owner is None:
        assert issue.waiting_for == "vendor"
        assert any(case.state not in CASE_OVER for case in issue.cases)
    else:
        assert (issue.owner is not None) == (issue.state in ("assigned", "waiting"))


@pytest.mark.parametrize("kind", KINDS, ids=c.COMMANDS)
@pytest.mark.parametrize("name", STATES)
def test_every_command_in_every_state_is_obeyed_or_refused_for_everybody(name: str, kind: type[c.Command]) -> None:
    issue = STATES[name]
    command = next(one for one in every.commands(issue) if type(one) is kind)
    for person in PEOPLE:
        allowed = c.NAME_OF[kind] in allowed_in(issue, person)
        try:
            decision = ruled(issue, command, by=person)
        except Refused:
            assert not allowed
        else:
            assert allowed
            assert decision.entries
            assert decision.issue.state in TRANSITIONS[issue.state, kind]
            assert_sound(decision, issue)


@pytest.mark.parametrize("name", STATES)
def test_a_command_that_the_table_does_not_hold_is_refused_with_what_is_possible(name: str) -> None:
    issue = STATES[name]
    for command in every.commands(issue):
        if (issue.state, type(command)) in TRANSITIONS or (
            issue.owner and isinstance(command, c.AcceptHandover | c.Claim)
        ):
            continue
        with pytest.raises(NotAllowed) as refused:
            ruled(issue, command)
        assert refused.value.more == {"state": issue.state, "allowed": allowed_in(issue, ADA)}


@pytest.mark.parametrize("name", STATES)
def test_every_fact_in_every_state_has_an_effect(name: str) -> None:
    issue = STATES[name]
    for fact in every.facts(issue):
        decision = told(issue, fact)
        assert decision.entries, f"{type(fact).__name__} left no entry"
        assert decision.issue.state in EFFECTS[issue.state, type(fact)]
        assert_sound(decision, issue)


def test_the_tables_speak_of_every_state_and_of_every_command_and_fact() -> None:
    assert {kind for _, kind in TRANSITIONS} == set(KINDS) == set(GUARDS)
    assert {state for state, _ in TRANSITIONS} == set(queues.STATES)
    facts = {type(fact) for fact in every.facts(queues.queued())}
    assert set(EFFECTS) == {(state, fact) for state in queues.STATES for fact in facts}


def test_every_transition_of_the_table_can_happen() -> None:
    """A pair that nothing leads to would be a promise in the diagram that the product does not keep."""
    seen: Counter[object] = Counter()
    for issue in STATES.values():
        for command in every.commands(issue):
            for person in PEOPLE:
                if c.NAME_OF[type(command)] in allowed_in(issue, person):
                    seen[issue.state, type(command), ruled(issue, command, by=person).issue.state] += 1
    assert set(seen) == {(*pair, end) for pair, ends in TRANSITIONS.items() for end in ends}


def test_every_effect_of_a_fact_can_happen() -> None:
    shapes = [*STATES.values(), after(queues.resolved(), c.Close(reason="Done."))]
    shapes.append(queues.ticked(queues.opened(redirect="sales").issue, NOW + queues.POLICIES.close_after).issue)
    seen = {(issue.state, type(fact), told(issue, fact).issue.state) for issue in shapes for fact in every.facts(issue)}
    assert seen == {(*pair, end) for pair, ends in EFFECTS.items() for end in ends}


def test_the_loser_of_a_claim_hears_who_won() -> None:
    with pytest.raises(Taken) as refused:
        ruled(queues.assigned(), c.Claim(), by=BOB)
    assert refused.value.more == {"owner": "ada", "owner_name": "Ada"}


def test_the_loser_of_a_claim_hears_who_won_even_when_the_winner_waits_already() -> None:
    for command in (c.Claim(), c.AcceptHandover()):
        with pytest.raises(Taken, match="Ada"):
            ruled(queues.waiting_for_customer(), command, by=BOB)


def test_an_agent_of_another_tier_cannot_claim() -> None:
    with pytest.raises(WrongTier):
        ruled(queues.queued(), c.Claim(), by=TIM)


def test_an_agent_at_capacity_cannot_claim() -> None:
    with pytest.raises(OverCapacity) as refused:
        ruled(queues.queued(), c.Claim(), load=10)
    assert refused.value.more == {"capacity": 10}
    assert ruled(queues.queued(), c.Claim(), load=9).issue.owner == "ada"


def test_only_the_owner_replies() -> None:
    for person in (BOB, LEA):
        with pytest.raises(NotOwner) as refused:
            ruled(queues.assigned(), c.Reply(text="Hello"), by=person)
        assert refused.value.more["owner"] == "ada"


def test_anybody_leaves_a_note_and_its_text_stays_here() -> None:
    decision = ruled(queues.assigned(), c.Note(text="Beware of the cache."), by=EVE)
    entry = decision.entries[0]
    assert entry.private == {"text": "Beware of the cache."}
    assert "cache" not in entry.fact.model_dump_json()


def test_the_lead_of_the_team_puts_back_what_somebody_left_behind() -> None:
    assert after(queues.waiting_for_customer(), c.PutBack(reason="Ada is ill."), by=LEA).state == "queued"


@pytest.mark.parametrize("stranger", [agent("max", team="other", role=Role.LEAD), BOB, TIM], ids=lambda who: who.id)
def test_nobody_else_puts_it_back(stranger: Agent) -> None:
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), c.PutBack(reason="I want it."), by=stranger)


def test_while_nobody_owns_it_any_agent_of_the_tier_sets_its_priority() -> None:
    assert after(queues.queued(), URGENT, by=BOB).priority == 1
    assert after(queues.with_vendor(), URGENT, by=TIM).priority == 1
    with pytest.raises(NotOwner):
        ruled(queues.queued(), URGENT, by=TIM)


def test_time_never_runs_back_on_an_issue() -> None:
    issue = queues.assigned()
    offered = ruled(issue, offer(), now=NOW - queues.HOUR)
    assert offered.entries[0].fact.at == NOW
    assert offered.issue.offer is not None
    assert offered.issue.offer.offered_at == NOW
    heard = told(issue, events.customer_replied(), now=NOW - queues.HOUR)
    assert heard.entries[0].fact.at == NOW


def test_a_fact_shows_what_stood_before_it() -> None:
    decision = ruled(queues.offered(), c.AcceptHandover(), by=TIM)
    before, standing = decision.entries[0].fact.before, decision.entries[0].fact.standing
    assert before is not None
    assert (before.tier, before.owner) == (1, "ada")
    assert (standing.tier, standing.team, standing.owner, standing.offer) == (2, "technical", "tim", None)


def test_the_same_decision_made_again_is_the_same() -> None:
    issue = queues.assigned()
    command = offer()
    assert ruled(issue, command) == ruled(issue, command)
