"""An event that is put together from its parts says what the fact would say."""

from typing import Any

import pytest

from router.handlers import decision_id, outgoing
from router.outcome import Correction
from router.store import Decided
from shared.ids import new_id
from support.events import ACCEPTED_AT, submission
from support.policies import decided_by_policy

ISSUES: list[dict[str, Any]] = [
    {},
    {"title": 'A "quoted" title\\', "text": "Zebra \u2028 \x01 émoji \U0001f469"},
    {"category": "billing", "form": {"a": [1, None, {"b": 1.5}]}, "source": "monitoring"},
]


@pytest.mark.parametrize("changes", ISSUES)
@pytest.mark.parametrize("revision", [0, 1])
def test_the_text_of_a_decision_s_event_is_that_of_its_fact(changes: dict[str, Any], revision: int) -> None:
    issue = submission(**changes)
    routing = decided_by_policy(issue)
    if revision:
        routing = decided_by_policy(issue, Correction("bug", revision, routing))
    event = outgoing(Decided(new_id(), revision, new_id(), new_id(), issue, routing), ACCEPTED_AT, None)
    assert event.json == event.fact.model_dump_json()


def test_a_decision_s_id_depends_on_submission_and_revision_only() -> None:
    event = new_id()
    assert decision_id(event, 1) == decision_id(event, 1)
    assert len({decision_id(event, 0), decision_id(event, 1), decision_id(new_id(), 0)}) == 3
