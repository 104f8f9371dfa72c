"""A policy is read strictly: what is wrong is told with its line, and none that leads nowhere is accepted."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from router.policy import parse
from router.policy_file import PolicyError
from support.policies import shipped, with_line

SMALLEST = {
    "version": 1,
    "author": "Ada",
    "note": "Everything stays at the frontline.",
    "threshold": 0.5,
    "redirect_threshold": 0.5,
    "smoothing": 1,
    "impact": "medium",
    "urgency": "medium",
    "ladder": [{"tier": 1, "team": "frontline"}],
    "rules": [],
    "entitlements": [],
    "categories": {"anything": {"title": "anything"}},
}


def test_the_shipped_policy_has_a_team_for_every_tier_and_a_vendor_for_the_last() -> None:
    policy = shipped()
    assert {rung.tier: rung.team for rung in policy.ladder} == {
        1: "frontline",
        2: "technical",
        3: "experts",
        4: "vendors",
    }
    assert policy.rungs[4].vendor == "acme-cloud"
    assert policy.rungs[4].watching_tier == 2


def test_the_shipped_policy_sends_the_categories_of_the_organisation_to_their_tiers() -> None:
    tiers = {name: row.tier for name, row in shipped().categories.items()}
    for frontline in ("password_reset", "account", "billing", "basic_usage", "installation"):
        assert tiers[frontline] == 1
    for technical in ("bug", "integration", "advanced_configuration", "import_export"):
        assert tiers[technical] == 2
    for expert in ("data_loss", "hard_bug", "feature_request"):
        assert tiers[expert] == 3
    assert tiers["vendor_product"] == 4


def test_the_shipped_policy_has_a_rule_for_everything_that_a_program_must_not_answer() -> None:
    rules = {rule.name for rule in shipped().rules}
    assert rules == {"security", "outage", "monitoring", "dispute", "a human please"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("version: 1", "version: none", "version: "),
        ("version: 1", "version: 0", "version: "),
        ("threshold: 0.6 ", "threshold: 1.6 ", "threshold: "),
        ("smoothing: 1 ", "smoothing: 0 ", "smoothing: "),
        ("impact: medium ", "impact: dreadful ", "impact: "),
        ("  - {tier: 2, team: technical}", "  - {tier: 1, team: technical}", "rising order"),
        ("  - {tier: 3, team: experts}", "  - {tier: 3, team: experts, vendor: x}", "needs a vendor"),
        ("watching_tier: 2", "watching_tier: 4", "lower tier of the ladder"),
        ("watching_tier: 2", "watching: 2", "watching: "),
        ("  - name: outage", "  - name: security", "security is given twice"),
        ("    floor: 2", "    floor: 4", "inside the organisation"),
        ("    floor: 2", "    floor: 7", "Tier 7 is no tier"),
        ("      - category: security", "      - category: nonsense", "no category nonsense"),
        ("      - category: security", "      - {}", "must name at least one field"),
        ('"charged twice", "double charged", "not my charge"', '"one two three four"', "one to 3 words"),
        ('"charged twice", "double charged", "not my charge"', '"!?"', "one to 3 words"),
        ("plans: [dedicated], ", "", "needs plans or accounts"),
        ("plans: [dedicated], floor: 2", "plans: [dedicated], teams: {8: elite}", "no Tier 8"),
        ("    tier: 3\n    impact: high", "    tier: 5\n    impact: high", "no Tier 5"),
        ("    vendor: acme-cloud", "    skills: [x]", "needs a vendor"),
        ("  import_export:", "  import-export:", "must be written as import_export"),
        ("  import_export:", "  billing:", "billing is given twice"),
        ("      3: [bill, payment,", "      3: [billed, bill, payment,", "would count twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(before: str, after: str, told: str) -> None:
    text, line = with_line(before, after)
    with pytest.raises(PolicyError) as refused:
        parse(text, file="0002.yaml")
    assert told in str(refused.value)
    assert str(refused.value).startswith("0002.yaml:")
    assert abs(refused.value.line - line) <= 2


def test_words_may_not_propose_an_impact() -> None:
    text, _ = with_line("  - name: outage\n    floor: 2", "  - name: outage\n    floor: 2\n    impact: high")
    with pytest.raises(PolicyError, match="words may propose an urgency, never an impact"):
        parse(text)


def test_a_product_belongs_to_one_category() -> None:
    text, _ = with_line(
        "  sales:\n    title: sales",
        "  other_vendor:\n    title: other\n    tier: 4\n    vendor: other\n    products: [acme cloud]\n"
        "  sales:\n    title: sales",
    )
    with pytest.raises(PolicyError, match="belongs to another category too"):
        parse(text)


def test_a_ladder_without_a_frontline_leads_nowhere() -> None:
    text, _ = with_line("  - {tier: 1, team: frontline}\n", "")
    with pytest.raises(PolicyError, match="Tier 1 is missing"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("- a\n- b\n", 1),
        ("version: 1\nnote: [\n", 3),
        ("version: 1\n\tnote: x\n", 2),
        ("version: 1\nversion: 2\n", 2),
        ("version: 1\n? [a, b]\n: c\n", 2),
        ("version: &one 1\nnote: *one\n", 2),
        ("version: !!python/object:os.system 1\n", 1),
        ("version: 1\nnote: \x01\n", 1),
    ],
)
def test_a_file_that_is_no_policy_is_refused_with_a_line(text: str, line: int) -> None:
    with pytest.raises(PolicyError) as refused:
        parse(text)
    assert refused.value.line == line


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(PolicyError):
        parse(text)


def test_the_smallest_policy_is_accepted() -> None:
    assert parse(yaml.safe_dump(SMALLEST)).rungs[1].team == "frontline"


@pytest.mark.parametrize("key", SMALLEST)
def test_a_key_that_is_left_out_is_named(key: str) -> None:
    rest = {name: part for name, part in SMALLEST.items() if name != key}
    with pytest.raises(PolicyError, match=f"{key}: Field required"):
        parse(yaml.safe_dump(rest))
