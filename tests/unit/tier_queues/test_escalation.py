"""Calling the lead, or the customer's account manager, to know of an issue or to own it."""

from dataclasses import replace
from typing import Any

import pytest

from shared.events import attention, work
from support import queues
from support.queues import ADA, LEA, PARTS, POLICIES, facts_of, last, ruled
from tier_queues import commands as c
from tier_queues.escalation_commands import Escalate
from tier_queues.issue import Issue, NotOwner, Refused, Unacceptable
from tier_queues.policies import Policies

KIM = queues.agent("kim", tier=3, team="experts")
"""The customer's account manager."""


def escalate(to: str = "account-manager", **changes: Any) -> Escalate:
    return Escalate.model_validate({"to": to, "reason": "They threaten SECRETLY to leave."} | changes)


def owned() -> Issue:
    return replace(queues.assigned(), account_manager="kim")


def test_a_lead_is_told_with_the_reason_that_no_event_holds() -> None:
    decision = ruled(queues.assigned(), escalate("lead", parts=PARTS))
    assert facts_of(decision) == [attention.LeadAlerted]
    fact = last(decision)
    assert (fact.cause, fact.leads, fact.actor.id) == ("escalated", ("lea",), "ada")
    assert decision.entries[0].private["tried"] == PARTS["tried"]
    assert "SECRETLY" not in fact.model_dump_json()
    assert decision.issue.owner == "ada"


def test_the_account_manager_is_told_and_nothing_else_changes() -> None:
    decision = ruled(owned(), escalate(), receiver=KIM)
    assert facts_of(decision) == [attention.AccountManagerInformed]
    assert (last(decision).agent, last(decision).agent_name) == ("kim", "Kim")
    assert (decision.issue.owner, decision.issue.offer) == ("ada", None)


@pytest.mark.parametrize(("to", "receiver"), [("account-manager", KIM), ("lead", LEA)])
def test_who_shall_own_it_is_offered_it_where_it_is(to: str, receiver: Any) -> None:
    decision = ruled(owned(), escalate(to, **{"as": "owner", "parts": PARTS}), receiver=KIM)
    assert facts_of(decision) == [work.HandoverOffered]
    offer = last(decision).offer
    assert (offer.reason, offer.target.agent, offer.target.tier) == ("hierarchical", receiver.id, 1)
    accepted = queues.after(decision.issue, c.AcceptHandover(), by=receiver)
    assert (accepted.owner, accepted.tier, accepted.team) == (receiver.id, 1, "frontline")


def test_a_lead_who_is_there_comes_before_one_who_is_not() -> None:
    two = replace(POLICIES, tier_leads={1: ("leo", "lea")}, absent=frozenset({"leo"}))
    decision = ruled(queues.assigned(), escalate("lead", **{"as": "owner", "parts": PARTS}), policies=two)
    assert last(decision).offer.target.agent == "lea"


def test_without_a_lead_or_an_account_manager_it_is_refused_with_the_reason() -> None:
    for issue, command, given, kind in (
        (queues.assigned(), escalate(), {"receiver": None}, "no-account-manager"),
        (owned(), escalate(), {"receiver": None}, "no-account-manager"),
        (queues.after(owned(), c.PutBack(reason="Lunch.")), escalate("lead"), {"policies": Policies()}, "no-lead"),
    ):
        with pytest.raises(Unacceptable) as refused:
            ruled(issue, command, **given)
        assert refused.value.kind == kind


def test_only_the_owner_offers_it_and_only_once_but_who_leads_may_inform() -> None:
    as_owner = escalate("lead", **{"as": "owner", "parts": PARTS})
    with pytest.raises(NotOwner):
        ruled(queues.assigned(), as_owner, by=LEA)
    for issue in (queues.offered(), queues.queued()):
        with pytest.raises(Refused) as refused:
            ruled(issue, as_owner, by=ADA)
        assert refused.value.kind == "not-offerable"
    assert facts_of(ruled(owned(), escalate(), by=LEA, receiver=KIM)) == [attention.AccountManagerInformed]


def test_who_shall_own_it_gets_the_five_parts() -> None:
    with pytest.raises(ValueError, match="five parts"):
        escalate("lead", **{"as": "owner"})
