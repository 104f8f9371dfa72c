"""Impact and urgency are the client's, the policy's, or what rules and a category that somebody gave propose."""

from typing import Any

from shared.events.routing import Routing
from shared.vocabulary import Level
from support.events import submission
from support.policies import decided_by_policy


def routed(text: str, **fields: Any) -> Routing:
    return decided_by_policy(submission(title="Hello", text=text, **fields))


def test_without_any_proposal_impact_and_urgency_are_the_policy_s() -> None:
    routing = routed("I forgot my password")
    assert (routing.impact, routing.urgency) == (Level.MEDIUM, Level.MEDIUM)


def test_the_client_s_impact_and_urgency_are_taken() -> None:
    routing = routed("I forgot my password", impact="low", urgency="high")
    assert (routing.impact, routing.urgency) == (Level.LOW, Level.HIGH)


def test_a_level_that_nobody_knows_counts_as_not_said() -> None:
    assert routed("I forgot my password", impact="cosmic").impact == Level.MEDIUM


def test_the_text_may_propose_an_urgency_but_never_an_impact() -> None:
    routing = routed("Data loss, our data is gone, and the site is down")
    assert (routing.category, routing.impact, routing.urgency) == ("data_loss", Level.MEDIUM, Level.HIGH)


def test_the_text_does_not_outvote_the_client_s_urgency() -> None:
    routing = routed("We were hacked", urgency="low")
    assert routing.urgency == Level.LOW
    assert "Rule security proposes high; the client's word stands." in " ".join(routing.record.sentences)


def test_a_category_that_somebody_gave_proposes_an_impact() -> None:
    assert routed("Zebra", category="data_loss").impact == Level.HIGH


def test_a_rule_on_a_field_outvotes_the_client() -> None:
    routing = routed("Zebra", source="monitoring", impact="low", urgency="low")
    assert (routing.impact, routing.urgency) == (Level.HIGH, Level.HIGH)
