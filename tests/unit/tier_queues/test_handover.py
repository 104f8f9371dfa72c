"""Offers: the owner keeps the issue until somebody accepts."""

import pytest

from shared.events import attention, issues, work
from shared.vocabulary import Role
from support import events, queues
from support.queues import ADA, BOB, EVE, LEA, NOW, PARTS, TIM, after, agent, facts_of, last, offer, ruled, told
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.issue import NotAllowed, NotOwner, OverCapacity, Unacceptable, WrongTier, allowed_in

TAKING = (c.Claim(), c.AcceptHandover())


def to(**target: object) -> c.OfferHandover:
    return offer(target=c.Destination.model_validate(target))


def test_the_owner_keeps_the_issue_until_the_receiver_accepts() -> None:
    issue = queues.offered()
    assert (issue.state, issue.owner, issue.tier) == ("assigned", "ada", 1)
    assert issue.queue == work.Target(tier=2)


@pytest.mark.parametrize("command", TAKING, ids=lambda one: type(one).__name__)
def test_accepting_moves_owner_tier_and_team_at_once(command: c.Command) -> None:
    decision = ruled(queues.offered(), command, by=TIM)
    assert facts_of(decision) == [work.HandoverAccepted]
    issue = decision.issue
    assert (issue.owner, issue.tier, issue.team, issue.offer, issue.handovers) == ("tim", 2, "technical", None, 1)


def test_the_five_parts_stay_here() -> None:
    entry = ruled(queues.assigned(), offer()).entries[0]
    assert entry.private == PARTS | {"lower_tier_could": False}
    assert not any(part in entry.fact.model_dump_json() for part in PARTS.values())


@pytest.mark.parametrize(("tier", "direction"), [(3, "up"), (1, "across")])
def test_an_offer_has_a_direction(tier: int, direction: str) -> None:
    assert last(ruled(queues.assigned(), to(tier=tier))).direction == direction


def test_a_hand_back_goes_down_and_says_that_a_lower_tier_could_have_solved_it() -> None:
    issue = after(queues.offered(), c.Claim(), by=TIM)
    decision = ruled(issue, offer(target=c.Destination(tier=1), lower_tier_could=True), by=TIM)
    assert last(decision).direction == "down"
    assert decision.entries[0].private["lower_tier_could"] is True
    assert decision.issue.offer is not None
    assert decision.issue.offer.lower_tier_could


def test_at_most_one_offer_is_pending() -> None:
    with pytest.raises(NotAllowed) as refused:
        ruled(queues.offered(), offer())
    assert "withdraw-offer" in refused.value.more["allowed"]


@pytest.mark.parametrize(
    "command",
    [queues.wait("customer"), queues.resolve(), c.Forward(vendor="acme-cloud", ask="Please look.")],
    ids=lambda one: type(one).__name__,
)
def test_a_pending_offer_forbids_what_would_take_the_issue_away(command: c.Command) -> None:
    with pytest.raises(NotAllowed):
        ruled(queues.offered(), command)


def test_meanwhile_the_owner_replies_notes_and_withdraws() -> None:
    issue = after(queues.offered(), c.Reply(text="A colleague looks at it."), c.Note(text="Hm."))
    decision = ruled(issue, c.WithdrawOffer())
    assert last(decision).cause == "owner"
    assert decision.issue.offer is None
    assert decision.issue.owner == "ada"


def test_only_the_owner_withdraws() -> None:
    with pytest.raises(NotOwner):
        ruled(queues.offered(), c.WithdrawOffer(), by=LEA)


def test_without_an_offer_there_is_nothing_to_withdraw() -> None:
    with pytest.raises(NotAllowed):
        ruled(queues.assigned(), c.WithdrawOffer())


def test_a_returned_offer_leaves_the_owner_with_a_question() -> None:
    decision = ruled(queues.offered(), c.ReturnHandover(question="Which file?"), by=TIM)
    assert facts_of(decision) == [work.HandoverReturned]
    assert decision.entries[0].private == {"question": "Which file?"}
    assert (decision.issue.owner, decision.issue.offer, decision.issue.handovers) == ("ada", None, 0)


def test_the_owner_cannot_accept_or_return_their_own_offer() -> None:
    issue = after(queues.assigned(), to(tier=1))
    assert not {"claim", "accept", "return"} & set(allowed_in(issue, ADA))
    assert {"claim", "accept", "return"} <= set(allowed_in(issue, BOB))
    with pytest.raises(NotAllowed):
        ruled(issue, c.AcceptHandover(), by=ADA)


def test_an_offer_to_a_team_is_for_its_members_only() -> None:
    issue = after(queues.assigned(), to(tier=2, team="databases"))
    member = agent("dan", tier=2, team="databases")
    with pytest.raises(WrongTier):
        ruled(issue, c.AcceptHandover(), by=TIM)
    assert after(issue, c.AcceptHandover(), by=member).team == "databases"


def test_an_offer_to_an_agent_is_for_that_agent_only() -> None:
    issue = after(queues.assigned(), to(agent="eve"), receiver=EVE)
    assert issue.queue == work.Target(tier=3, team="experts", agent="eve")
    twin = agent("eva", tier=3, team="experts")
    with pytest.raises(WrongTier):
        ruled(issue, c.AcceptHandover(), by=twin)
    assert after(issue, c.AcceptHandover(), by=EVE).owner == "eve"


def test_a_named_agent_is_met_at_the_nearest_of_their_tiers() -> None:
    everywhere = agent("kim", tiers=frozenset({2, 3}), teams=frozenset({"experts", "technical"}))
    issue = after(queues.assigned(), to(agent="kim"), receiver=everywhere)
    assert issue.queue == work.Target(tier=2, team="technical", agent="kim")


@pytest.mark.parametrize(
    ("target", "receiver"),
    [
        ({"tier": 4}, None),
        ({"tier": 0}, None),
        ({"tier": 7}, None),
        ({"agent": "nobody"}, None),
        ({"agent": "ada"}, ADA),
        ({"agent": "tim", "tier": 3}, TIM),
        ({"agent": "tim", "team": "experts"}, TIM),
        ({"agent": "vic"}, agent("vic", tier=4)),
    ],
)
def test_an_offer_that_nobody_could_accept_is_refused(target: dict[str, object], receiver: Agent | None) -> None:
    with pytest.raises(Unacceptable) as refused:
        ruled(queues.assigned(), to(**target), receiver=receiver)
    assert refused.value.kind == "unknown-target"


def test_a_cold_offer_frees_the_owner_and_a_warm_one_does_not() -> None:
    assert queues.offered(mode="cold").held
    assert not queues.offered(mode="warm").held
    assert not after(queues.offered(mode="cold"), c.ReturnHandover(question="?"), by=TIM).held


def test_a_receiver_at_capacity_cannot_accept() -> None:
    with pytest.raises(OverCapacity):
        ruled(queues.offered(), c.AcceptHandover(), by=TIM, load=10)


def test_an_offer_nobody_takes_is_overdue_once_and_stays_open() -> None:
    issue, timeout = queues.offered(), queues.POLICIES.offer_timeout
    assert queues.ticked(issue, NOW + timeout - queues.MINUTE).entries == ()
    late = queues.ticked(issue, NOW + timeout)
    assert facts_of(late) == [work.HandoverOverdue, attention.LeadAlerted]
    assert late.issue.next_due > NOW + timeout
    assert queues.ticked(late.issue, NOW + timeout + queues.MINUTE).entries == ()
    assert after(late.issue, c.Claim(), by=TIM).owner == "tim"


def test_what_is_put_back_with_an_offer_waits_at_the_offers_target() -> None:
    decision = ruled(queues.offered(), c.PutBack(reason="My shift ends."))
    assert facts_of(decision) == [work.HandoverWithdrawn, work.IssueReleased, work.IssueQueued]
    assert last(decision).cause == "offer"
    issue = decision.issue
    assert (issue.state, issue.tier, issue.team, issue.owner) == ("queued", 2, "technical", None)


def test_a_receiver_who_accepts_just_after_it_was_put_back_gets_it() -> None:
    issue = after(queues.offered(), c.PutBack(reason="My shift ends."))
    assert after(issue, c.AcceptHandover(), by=TIM).owner == "tim"


def test_what_was_offered_to_an_agent_and_put_back_waits_for_that_agents_team() -> None:
    issue = after(queues.assigned(), to(agent="eve"), receiver=EVE)
    assert after(issue, c.PutBack(reason="My shift ends.")).queue == work.Target(tier=3, team="experts")


def test_the_customers_withdrawal_cancels_the_offer_and_resolves() -> None:
    decision = told(queues.offered(), issues.IssueWithdrawn(at=NOW, reason="It works again."))
    assert facts_of(decision) == [work.HandoverWithdrawn, work.IssueResolved]
    first = decision.entries[0].fact
    assert isinstance(first, work.HandoverWithdrawn)
    assert first.cause == "customer"
    assert decision.issue.resolution == "withdrawn"


def test_a_customers_message_leaves_the_offer_pending() -> None:
    decision = told(queues.offered(), events.customer_replied())
    assert decision.issue.offer is not None
    assert decision.issue.unseen


def test_the_lead_of_the_offered_team_may_put_it_back() -> None:
    lead = agent("lou", tier=2, team="technical", role=Role.LEAD)
    assert after(queues.offered(), c.PutBack(reason="Urgent."), by=lead).tier == 2


def test_a_handover_names_somebody() -> None:
    with pytest.raises(ValueError, match="name a tier"):
        c.Destination(team="technical")
