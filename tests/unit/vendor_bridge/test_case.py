"""Every state of a vendor case, and everything that can happen in it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.events import vendor as facts
from shared.ids import new_id
from vendor_bridge.case import (
    CALLBACKS,
    TRANSITIONS,
    UNDELIVERED,
    Case,
    CaseState,
    Decision,
    Heard,
    NotAllowed,
    Signal,
    decide,
    learned,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVERY = [(state, signal) for state in CaseState for signal in Signal]


def case(state: CaseState = CaseState.OPEN, **changes: object) -> Case:
    values = {
        "id": new_id(),
        "issue": new_id(),
        "vendor": "acme-cloud",
        "vendor_name": "Acme Cloud",
        "state": state,
        "reference": None,
        "attempts": 0,
        "opened_at": NOW,
        "updated_at": NOW,
        "version": 3,
    }
    return Case(**values | changes)  # type: ignore[arg-type]


def kinds(decision: Decision) -> list[type]:
    return [type(fact) for fact in decision.facts]


@pytest.mark.parametrize(("state", "signal"), EVERY)
def test_everything_but_a_replay_has_a_meaning_in_every_state(state: CaseState, signal: Signal) -> None:
    if signal is Signal.REPLAYED and state not in UNDELIVERED:
        with pytest.raises(NotAllowed) as refused:
            decide(case(state), Heard(signal), NOW)
        assert refused.value.allowed == ["exhausted", "open"]
        return

    decision = decide(case(state), Heard(signal, text="Hello."), NOW + timedelta(seconds=1))

    assert decision.case.state is TRANSITIONS[signal][state]
    assert (decision.case.version, decision.case.updated_at) == (4, NOW + timedelta(seconds=1))
    assert {fact.at for fact in decision.facts} <= {NOW + timedelta(seconds=1)}


@pytest.mark.parametrize("signal", sorted(CALLBACKS))
@pytest.mark.parametrize("state", list(CaseState))
def test_whatever_a_vendor_says_and_whenever_becomes_a_fact(state: CaseState, signal: Signal) -> None:
    said = kinds(decide(case(state), Heard(signal, text="Hello."), NOW))

    delivered = [facts.VendorCaseDelivered] if state in UNDELIVERED else []
    assert said[: len(delivered)] == delivered
    assert len(said) > len(delivered)
    assert facts.VendorCaseDelivered not in said[len(delivered) :]


@pytest.mark.parametrize("signal", sorted(CALLBACKS))
def test_a_word_of_the_vendor_proves_a_delivery_that_was_not_recorded(signal: Signal) -> None:
    early = decide(case(CaseState.OPEN), Heard(signal), NOW)
    later = decide(early.case, Heard(Signal.DELIVERED, attempts=1), NOW)

    assert early.proven
    assert (later.case.state, later.facts, later.proven) == (early.case.state, (), False)


def test_a_delivery_tells_the_reference_and_how_many_attempts_it_took() -> None:
    decision = decide(case(attempts=4), Heard(Signal.DELIVERED, reference="ACME-7", attempts=1), NOW)

    (fact,) = decision.facts
    assert isinstance(fact, facts.VendorCaseDelivered)
    assert (fact.attempts, fact.reference) == (5, "ACME-7")


def test_exhaustion_is_told_once_with_its_reason() -> None:
    first = decide(case(attempts=24), Heard(Signal.EXHAUSTED, attempts=1, reason="HTTP 500"), NOW)

    (fact,) = first.facts
    assert isinstance(fact, facts.VendorDeliveryExhausted)
    assert (fact.attempts, fact.reason) == (25, "HTTP 500")
    assert decide(first.case, Heard(Signal.EXHAUSTED), NOW).facts == ()


def test_an_acknowledgement_with_a_text_keeps_the_text() -> None:
    state = case(CaseState.DELIVERED)

    assert kinds(decide(state, Heard(Signal.ACKNOWLEDGED), NOW)) == [facts.VendorCaseAcknowledged]
    assert kinds(decide(state, Heard(Signal.ACKNOWLEDGED, text="Tomorrow."), NOW)) == [
        facts.VendorCaseAcknowledged,
        facts.VendorCaseUpdated,
    ]


def test_a_vendor_that_sends_no_text_gets_a_sentence_that_says_so() -> None:
    (fact,) = decide(case(CaseState.DELIVERED), Heard(Signal.RESOLVED, vendor_state="done"), NOW).facts

    assert isinstance(fact, facts.VendorCaseResolved)
    assert "“done”" in fact.text


def test_an_acknowledgement_that_comes_late_does_not_undo_an_answer() -> None:
    assert decide(case(CaseState.RESOLVED), Heard(Signal.ACKNOWLEDGED), NOW).case.state is CaseState.RESOLVED


def test_a_failed_attempt_is_counted_and_a_late_reference_never_overwrites_one() -> None:
    tried = learned(case(reference="ACME-1"), NOW, reference="ACME-2", attempts=1)

    assert (tried.case.attempts, tried.case.reference, tried.facts) == (1, "ACME-1", ())
