"""Who chose a category is told truly: an agent, a rule of automation, whoever split the issue off, or nobody."""

import pytest

from router.decide import decide
from router.outcome import Correction
from router.policy import parse
from shared.events.routing import Routing
from shared.ids import new_id
from support.events import submission
from support.models import small_classifier
from support.policies import decided_by_policy, policy_of_one_category


def first_sentence(routing: Routing) -> str:
    return routing.record.sentences[0]


@pytest.mark.parametrize(("category", "title"), [("bug", "bug"), ("magic", "magic")])
def test_what_a_rule_chose_is_never_told_as_a_person_s_word(category: str, title: str) -> None:
    issue = submission()
    routing = decided_by_policy(issue, Correction(category, 1, decided_by_policy(issue), rule="Printers"))
    assert first_sentence(routing).startswith(f"Revision 1: rule Printers chose {title} instead of password reset")
    assert "rule Printers chose" in routing.record.sentences[1]
    assert not any("person chose" in sentence for sentence in routing.record.sentences)


def test_an_agent_s_category_of_a_part_is_told_as_a_person_s() -> None:
    routing = decided_by_policy(submission(category="bug", split_from=new_id()))
    assert (routing.category, routing.tier) == ("bug", 2)
    assert "because a person chose bug" in first_sentence(routing)


def test_an_agent_s_category_of_a_part_is_kept_although_the_policy_does_not_have_it() -> None:
    routing = decided_by_policy(submission(category="Magic spells", split_from=new_id()))
    assert (routing.category, routing.triage) == ("Magic spells", True)
    assert "a person chose Magic spells, which policy 1 does not have" in first_sentence(routing)


def test_a_policy_without_any_category_of_the_model_is_told_apart_from_words_that_nobody_knows() -> None:
    routing = decide(submission(), parse(policy_of_one_category(1, "magic")), small_classifier())
    assert (routing.triage, routing.record.method) == (True, "model")
    assert "policy 1 has none of the model's categories" in first_sentence(routing)
    assert not any("No model is trained" in sentence for sentence in routing.record.sentences)
