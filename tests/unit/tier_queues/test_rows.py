"""An issue as a row: what lists see of it, and that nothing is lost on the way."""

from typing import Any

import pytest

from shared.vocabulary import FAR_FUTURE
from support import every, queues
from tier_queues import commands as c
from tier_queues.issue import Issue
from tier_queues.rows import issue_of, row_of


@pytest.mark.parametrize("name", every.states())
def test_an_issue_read_back_from_its_row_is_the_same(name: str) -> None:
    issue = every.states()[name]
    assert issue_of(row_of(issue)["body"]) == issue


def queue_of(issue: Issue) -> tuple[Any, ...]:
    row = row_of(issue)
    return (row["queue_tier"], row["queue_team"], row["queue_agent"], row["members_only"])


def test_a_queued_issue_is_in_its_own_queue_for_everybody_of_the_tier() -> None:
    assert queue_of(queues.queued()) == (1, "frontline", None, False)


def test_an_owned_issue_is_in_no_queue() -> None:
    assert queue_of(queues.assigned()) == (None, None, None, False)


def test_an_offer_to_a_tier_is_for_everybody_there() -> None:
    assert queue_of(queues.offered()) == (2, None, None, False)


def test_an_offer_to_a_team_is_for_its_members_only() -> None:
    offered = queues.offered(target=c.Destination(tier=2, team="technical"))
    assert queue_of(offered) == (2, "technical", None, True)


def test_an_offer_to_an_agent_names_the_agent() -> None:
    offer = queues.offer(target=c.Destination(agent="tim"))
    offered = queues.after(queues.assigned(), offer, receiver=queues.TIM)
    assert queue_of(offered) == (2, "technical", "tim", False)


def test_the_timers_of_a_vendors_issue_are_minded_by_the_tier_that_watches_it() -> None:
    row = row_of(queues.with_vendor())
    assert (row["tier"], row["timer_tier"]) == (4, 2)


def test_what_is_never_due_by_itself_has_no_due_time() -> None:
    row = row_of(queues.closed())
    assert (row["next_due"], row["deadline"]) == (None, FAR_FUTURE)
    assert row["ended_at"] is not None
