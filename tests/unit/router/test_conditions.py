"""Conditions on hours, entitlements and levels; what a policy may hold at most; and what no rule may do."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.decide import decide
from router.keywords import KeywordClassifier
from router.policy import Policy, parse
from router.policy_file import PolicyError
from shared.events.issues import IssueSubmitted
from shared.events.routing import Routing
from support.events import customer, submission
from support.policies import version_of_policy, with_floor

HOURS_OF_THE_OFFICE = """
hours:
  office:
    - {zone: Europe/Berlin, days: [mon, tue, wed, thu, fri], opens: 08:00, closes: 17:30, holidays: [2026-12-25]}
"""
HOURS = ("ladder:\n", f"{HOURS_OF_THE_OFFICE}\nladder:\n")


def policy_with(condition: str, *changes: tuple[str, str]) -> Policy:
    rule = f"  - {{name: added, floor: 3, when: [{{{condition}}}]}}\n"
    return parse(version_of_policy(2, HOURS, ("rules:\n", f"rules:\n{rule}"), *changes))


def fires(policy: Policy, **fields: Any) -> bool:
    return "added" in {rule.rule for rule in routed(policy, **fields).record.rules if rule.fired}


def routed(policy: Policy, **fields: Any) -> Routing:
    return decide(submission(**fields), policy, KeywordClassifier(policy))


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), True),  # Monday, 8:00 in Berlin
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 16, 29, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 16, 30, tzinfo=UTC), False),
        (datetime(2026, 7, 20, 6, 0, tzinfo=UTC), True),  # summer time
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), False),  # Sunday
        (datetime(2026, 12, 25, 12, 0, tzinfo=UTC), False),  # a holiday on a Friday
    ],
)
def test_a_rule_holds_in_hours_by_the_clock_on_the_wall(at: datetime, open_: bool) -> None:
    assert fires(policy_with("hours: office"), accepted_at=at) is open_
    assert fires(policy_with("outside_hours: office"), accepted_at=at) is not open_


def test_hours_are_told_as_a_reason() -> None:
    sunday = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    told = " ".join(routed(policy_with("outside_hours: office, plan: basic"), accepted_at=sunday).record.sentences)
    assert "Rule added fired (plan basic, outside hours office): at least Tier 3" in told


def test_a_rule_asks_for_an_entitlement_or_a_level() -> None:
    entitled = policy_with("entitlement: dedicated plan starts with an engineer")
    assert fires(entitled, customer=customer(plan="dedicated"))
    assert not fires(entitled)
    assert fires(policy_with("urgency: high"), urgency="high")
    assert not fires(policy_with("urgency: high"), urgency="low")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("zone: Europe/Berlin", "zone: Atlantis"), "is no zone"),
        (("zone: Europe/Berlin", "zone: ../../etc/passwd"), "is no zone"),
        (("opens: 08:00", "opens: 18:00"), "open before it closes"),
        (("opens: 08:00", "opens: '8'"), "must be a time"),
        (("closes: 17:30", "closes: '25:00'"), "closes"),
        (("days: [mon, ", "days: [monday, "), "days"),
        (("hours: office", "hours: night"), "there is no hours night"),
        (("hours: office", "entitlement: nothing"), "there is no entitlement nothing"),
        (("weights: {under: 3,", "weights: {under: .inf,"), "weights.under"),
        (("smoothing: 1 ", "smoothing: .nan "), "smoothing"),
        (("      12: [", "      " + "9" * 400 + ": ["), "keywords"),
        (("author: Tierdesk", 'author: "\\ud800"'), "author"),
        (("note: First", 'note: "\\ud800"\n#'), "note"),
        (("note: First", 'note: "\\UFFFFFFFF"\n#'), "int"),
        (("version: 2", "version: 2024-99-99"), "cannot be read"),
        (("version: 2", "version: 3000000000"), "version"),
        (("words: [hacked", "words: [" + "x" * 101), "at most 100 letters"),
    ],
)
def test_a_wrong_condition_or_a_number_beyond_bounds_is_refused(change: tuple[str, str], told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        policy_with("hours: office", change)


@pytest.mark.parametrize(
    "bomb",
    [
        "a: " + "[" * 100_000,
        "a: " + "{a: " * 50_000,
        "- " * 50_000,
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "version: " + "9" * 100_000,
        "version: 1" + ":59" * 10_000,
    ],
)
def test_a_policy_that_is_a_bomb_is_refused(bomb: str) -> None:
    with pytest.raises(PolicyError):
        parse(bomb)


def test_a_word_is_never_a_pattern() -> None:
    policy = policy_with('words: "(a+)+"')
    assert fires(policy, text="An a it is")
    assert not fires(policy, text="a" * 20_000)


def test_a_decision_stays_small_however_many_rules_fire() -> None:
    name = "x" * 90
    rules = "".join(f"  - {{name: {name}{n}, floor: 2, when: [{{plan: basic}}]}}\n" for n in range(300))
    policy = parse(version_of_policy(2, ("rules:\n", f"rules:\n{rules}")))
    routing = routed(policy, title="We were hacked", text="invoice")
    assert routing.tier == 2
    assert len(routing.model_dump_json()) < 16 * 1024
    assert routing.record.rules[-1].rule == "(285 more)"
    assert "293 more rules fired." in routing.record.sentences
    assert IssueSubmitted.LIMIT_BYTES < 128 * 1024


TEXT = st.lists(st.sampled_from(["invoice", "csv export", "crash", "password", "zebra", "lawyer", "talk to sales"]))


@given(TEXT, st.integers(1, 3))
def test_a_hard_rule_never_lowers_the_tier_whatever_its_floor(words: list[str], floor: int) -> None:
    text = ". ".join(["Hello", *words])
    before = routed(PLAIN, text=text)
    after = routed(with_floor(floor), text=text)
    assert after.tier >= max(before.tier, floor)
    assert after.redirect is None


@given(st.text(max_size=300))
def test_abstaining_never_loses_an_issue(text: str) -> None:
    routing = routed(PLAIN, text=f"x{text}".replace("\x00", ""))
    assert routing.team == {rung.tier: rung.team for rung in routing.ladder}[routing.tier]
    assert routing.category is not None or routing.triage or routing.tier > 1
    assert not routing.triage or (routing.tier, routing.redirect) == (1, None)


PLAIN = parse(version_of_policy(2))
