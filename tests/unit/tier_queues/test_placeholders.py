"""Canned texts, filled in for an issue, and who may write them for whom."""

from dataclasses import replace

import pytest

from shared.auth import Caller
from shared.vocabulary import Role
from support import queues
from tier_queues.catalogue import may_fill, shelves_of
from tier_queues.placeholders import filled, filled_all, values_of
from tier_queues.policies import Policies
from tier_queues.teams import Team

CALLER = Caller("staff", "ada", "Ada", Role.AGENT, frozenset({1}), frozenset({"frontline", "billing"}))
LEAD = replace(CALLER, role=Role.LEAD)
ADMIN = replace(CALLER, role=Role.ADMIN, teams=frozenset())


def test_placeholders_stand_for_customer_number_and_agent_and_unknown_ones_stay() -> None:
    values = values_of(queues.queued(), "Ada")
    text = "Dear {{customer_name}}, about {{ issue_number }}: {{moon}}. {{agent_name}} {x}"
    assert filled(text, values) == "Dear Grace Hopper, about 1001: {{moon}}. Ada {x}"


def test_what_a_customer_calls_themselves_is_never_read_as_a_placeholder() -> None:
    issue = replace(queues.queued(), customer_name="{{agent_name}}")
    assert filled("Dear {{customer_name}}", values_of(issue, "Ada")) == "Dear {{agent_name}}"


def test_every_text_of_a_commands_content_is_filled_and_nothing_else_changes() -> None:
    content = {"text": "{{agent_name}}", "confirm": True, "deep": [{"a": "{{agent_name}}"}, 7, None]}
    assert filled_all(content, {"agent_name": "Ada"}) == {
        "text": "Ada",
        "confirm": True,
        "deep": [{"a": "Ada"}, 7, None],
    }


def test_the_nearest_shelf_comes_first() -> None:
    assert shelves_of(CALLER, Policies()) == ["agent:ada", "team:billing", "team:frontline", "all"]


@pytest.mark.parametrize(
    ("caller", "shelves"),
    [
        (CALLER, {"agent:ada"}),
        (LEAD, {"agent:ada", "team:billing", "all"}),
        (ADMIN, {"agent:ada", "team:billing", "team:night", "all"}),
    ],
    ids=lambda one: one.role if isinstance(one, Caller) else "",
)
def test_agents_write_for_themselves_leads_for_their_teams_and_all_and_admins_for_every_team(
    caller: Caller, shelves: set[str]
) -> None:
    every = {"agent:ada", "agent:bob", "team:billing", "team:night", "all"}
    assert {shelf for shelf in every if may_fill(shelf, caller, Policies())} == shelves


def test_the_shelf_of_a_team_that_names_its_leads_is_filled_by_those_alone() -> None:
    night = Policies(teams={"night": Team("night", frozenset({1}), leads=(LEAD.id,), named=True)})
    billing = Policies(teams={"billing": Team("billing", frozenset({1}), leads=("bob",), named=True)})
    assert may_fill("team:night", LEAD, night)
    assert "team:night" in shelves_of(LEAD, night), "who fills it may take from it"
    assert not may_fill("team:billing", LEAD, billing)
    assert not may_fill("team:night", replace(LEAD, role=Role.AGENT), night)
