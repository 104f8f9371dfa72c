"""Every issue goes to the lowest tier that can solve it, and the reasons say why."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.outcome import Correction
from shared.events.routing import Routing
from support.events import customer, submission
from support.policies import decided_by_policy, shipped

CATEGORY = st.sampled_from(sorted(shipped().categories))
WORDS = sorted(
    {phrase for row in shipped().categories.values() for phrases in row.keywords.values() for phrase in phrases}
)
TEXT = st.lists(st.sampled_from([*WORDS, "and", "the", "zebra"]), min_size=1, max_size=30).map(". ".join)
RULE_WORDS = st.sampled_from(sorted(word for rule in shipped().rules for when in rule.when for word in when.words))


def routed(text: str, **fields: Any) -> Routing:
    return decided_by_policy(submission(title="Hello", text=text, **fields))


def told(routing: Routing) -> str:
    return " ".join(routing.record.sentences)


def fired(routing: Routing) -> set[str]:
    return {rule.rule for rule in routing.record.rules if rule.fired}


@pytest.mark.parametrize(
    ("text", "tier", "category"),
    [
        ("I forgot my password and cannot sign in", 1, "password_reset"),
        ("Please create an account for a new colleague", 1, "account"),
        ("Where is my refund for the last invoice?", 1, "billing"),
        ("How do I find the user guide?", 1, "basic_usage"),
        ("I cannot install the client, the installer stops", 1, "installation"),
        ("The printer and the docking station do nothing", 1, "hardware"),
        ("The app crashes with a stack trace", 2, "bug"),
        ("Our webhook endpoint gets no signature from the API", 2, "integration"),
        ("We want single sign on behind a reverse proxy with our certificate and VPN", 2, "advanced_configuration"),
        ("The csv import failed, the spreadsheet has 12 columns", 2, "import_export"),
        ("Data loss: all our records are missing since the migration of last night, data is gone", 3, "data_loss"),
        ("There is a race condition and a memory leak", 3, "hard_bug"),
        ("Feature request: dark mode would be great", 3, "feature_request"),
        ("Acme Cloud rejects our objects", 4, "vendor_product"),
    ],
)
def test_the_text_finds_category_and_tier(text: str, tier: int, category: str) -> None:
    routing = routed(text)
    assert (routing.tier, routing.category, routing.triage) == (tier, category, False)
    assert routing.record.method == "keywords"


def test_the_whole_ladder_is_decided_at_once() -> None:
    routing = routed("I forgot my password")
    assert [(rung.tier, rung.team) for rung in routing.ladder] == [
        (1, "frontline"),
        (2, "technical"),
        (3, "experts"),
        (4, "vendors"),
    ]
    assert (routing.team, routing.vendor, routing.watching_tier) == ("frontline", "acme-cloud", 2)


def test_a_text_without_any_known_word_goes_to_a_person_at_tier_1() -> None:
    routing = routed("Zebra zebra zebra")
    assert (routing.tier, routing.triage, routing.category, routing.record.method) == (1, True, None, "none")
    assert "A person at Tier 1 decides: policy 1 knows no word of the text" in told(routing)


def test_a_text_that_speaks_for_several_tiers_goes_to_a_person_with_the_best_guesses() -> None:
    routing = routed("The disk of the server")
    assert (routing.tier, routing.triage, routing.category) == (1, True, None)
    assert {score.category for score in routing.record.categories} == {"hardware", "advanced_configuration"}
    assert "hardware check 40 % or advanced configuration 40 %, and 40 % is less than the 60 %" in told(routing)
    assert routing.record.margin == pytest.approx(-0.2)


def test_categories_of_one_tier_speak_for_it_together() -> None:
    routing = routed("The csv export fails with an error")
    (best, *_others) = routing.record.categories
    assert best.probability < 0.75
    assert routing.record.margin is not None
    assert routing.record.threshold is not None
    assert routing.record.margin + routing.record.threshold > 0.8
    assert routing.tier == 2


def test_the_client_s_category_is_followed_whatever_the_text_says() -> None:
    routing = routed("I forgot my password", category="Import export")
    assert (routing.tier, routing.category, routing.record.method) == (2, "import_export", "given")
    assert "Tier 2 because the client says that it is data import/export" in told(routing)


def test_a_client_s_category_that_the_policy_does_not_have_is_rejected_and_the_text_decides() -> None:
    routing = routed("I forgot my password", category="magic")
    assert routing.category == "password_reset"
    assert ("category magic", "the policy has no such row") in {
        (one.candidate, one.reason) for one in routing.record.rejected
    }


def test_a_vendor_s_product_goes_to_tier_4_with_its_vendor_and_the_watching_tier() -> None:
    routing = routed("It does nothing at all, zebra", product="ACME cloud")
    assert (routing.tier, routing.vendor, routing.watching_tier, routing.team) == (4, "acme-cloud", 2, "vendors")
    assert routing.category == "vendor_product"


def test_a_category_that_somebody_gave_outweighs_the_product() -> None:
    assert routed("Hello", product="Acme Cloud", category="billing").tier == 1


@pytest.mark.parametrize(
    ("rule", "text", "fields", "floor"),
    [
        ("security", "We were hacked", {}, 2),
        ("security", "Zebra", {"category": "security"}, 2),
        ("outage", "The site is down", {}, 2),
        ("monitoring", "Zebra", {"source": "Monitoring"}, 2),
        ("dispute", "I dispute this", {}, 1),
        ("a human please", "Let me talk to a human", {}, 1),
    ],
)
def test_a_hard_rule_sets_a_floor(rule: str, text: str, fields: dict[str, Any], floor: int) -> None:
    routing = routed(f"{text}. Where is my invoice?", **fields)
    assert rule in fired(routing)
    assert routing.tier == max(floor, 1)
    assert f"Rule {rule} fired" in told(routing)


def test_a_rule_whose_floor_is_higher_than_the_category_s_tier_says_so() -> None:
    routing = routed("We were hacked, and where is my invoice?")
    assert "Tier 2 because rule security asks for it; *invoice* points to billing, 80 %" in told(routing)
    assert ("Tier 1", "rule security asks for Tier 2") in {
        (one.candidate, one.reason) for one in routing.record.rejected
    }


def test_an_unknown_text_with_a_fired_rule_needs_no_triage_above_tier_1() -> None:
    routing = routed("We were hacked")
    assert (routing.tier, routing.triage, routing.category) == (2, False, None)


def test_who_belongs_elsewhere_is_told_the_right_channel() -> None:
    routing = routed("I want to talk to sales about a volume discount")
    assert routing.category == "sales"
    assert routing.redirect is not None
    assert routing.redirect.startswith("Sales")
    assert told(routing).startswith("Redirected because")


def test_nobody_is_turned_away_on_a_hint() -> None:
    routing = routed("Your sales page shows a wrong error")
    assert routing.redirect is None


def test_nobody_is_turned_away_when_a_hard_rule_fired() -> None:
    routing = routed("I want to talk to sales about a volume discount, a human please")
    assert (routing.redirect, routing.tier) == (None, 1)
    assert "not turned away" in told(routing)


def test_an_entitlement_sets_a_floor() -> None:
    routing = routed("I forgot my password", customer=customer(plan="Dedicated"))
    assert (routing.tier, routing.team) == (2, "technical")
    assert "entitlement dedicated plan starts with an engineer asks for it" in told(routing)


def test_a_person_s_category_is_followed_and_the_difference_is_told() -> None:
    issue = submission(category="billing")
    before = decided_by_policy(issue)
    routing = decided_by_policy(issue, Correction("bug", 1, before))
    assert (routing.tier, routing.category, routing.record.method) == (2, "bug", "given")
    assert routing.record.sentences[0] == (
        "Revision 1: a person chose bug instead of billing; "
        "Tier 2 instead of Tier 1, team technical instead of frontline."
    )


def test_a_person_s_category_that_the_policy_does_not_have_is_kept() -> None:
    issue = submission()
    routing = decided_by_policy(issue, Correction("Magic spells", 3, decided_by_policy(issue)))
    assert (routing.category, routing.tier, routing.triage) == ("Magic spells", 1, True)
    assert "a person chose Magic spells, which policy 1 does not have" in told(routing)


def test_the_reasons_read_as_an_agent_would_say_them() -> None:
    assert routed("The csv export").record.sentences == (
        "Tier 2 because *csv export*, *export* and *csv* point to data import/export, 91 %; "
        "policy 1 sends that to Tier 2; no rule fired.",
        "Impact medium (nobody said), urgency medium (nobody said).",
        "No model is trained yet: rules and keywords decide.",
    )


@given(TEXT)
def test_the_words_add_up_to_the_probability_that_they_explain(text: str) -> None:
    record = routed(text).record
    explained = sum(word.contribution for word in record.words)
    candidates = {score.category: score.probability for score in record.categories}
    assert not candidates or any(math.isclose(explained, share, abs_tol=1e-6) for share in candidates.values())
    category = routed(text).category
    assert category is None or math.isclose(explained, candidates[category], abs_tol=1e-6)


@given(TEXT)
def test_probabilities_leave_room_for_what_the_keywords_do_not_know(text: str) -> None:
    assert sum(score.probability for score in routed(text).record.categories) < 1


@given(TEXT, RULE_WORDS, CATEGORY)
def test_a_hard_rule_never_lowers_the_tier_of_a_given_category(text: str, words: str, category: str) -> None:
    before = routed(text, category=category)
    after = routed(f"{text}. {words}", category=category)
    assert after.tier >= before.tier
    assert after.redirect is None


@given(TEXT)
def test_every_issue_goes_to_a_tier_with_a_team(text: str) -> None:
    routing = routed(text)
    assert routing.team == {rung.tier: rung.team for rung in routing.ladder}[routing.tier]
    assert routing.category is not None or routing.triage or routing.tier > 1


@given(TEXT, CATEGORY)
def test_a_person_s_category_is_never_overridden(text: str, category: str) -> None:
    issue = submission(title="Hello", text=text, category="billing")
    assert decided_by_policy(issue, Correction(category, 1, decided_by_policy(issue))).category == category


@given(TEXT)
def test_the_same_issue_gets_the_same_decision(text: str) -> None:
    issue = submission(text=text)
    assert decided_by_policy(issue) == decided_by_policy(issue)
