"""Of the promises that fit an issue the most specific one counts."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tier_queues.goals import DEFAULT_GOALS, PICKUP, RESOLUTION, Goal, GoalRow, GoalTable

ORDER = (
    ("category", "plan", "priority"),
    ("category", "plan"),
    ("category", "priority"),
    ("category",),
    ("plan", "priority"),
    ("plan",),
    ("priority",),
    (),
)
"""As the README says it."""
PLACE = {"category": "billing", "plan": "gold", "priority": 1}


def row(conditions: tuple[str, ...], hours: int, **changes: object) -> GoalRow:
    values = {name: PLACE[name] for name in conditions} | changes
    return GoalRow(RESOLUTION, Goal(timedelta(hours=hours)), **values)  # type: ignore[arg-type]


@given(st.sets(st.sampled_from(range(len(ORDER)))), st.randoms(use_true_random=False))
def test_the_first_of_the_documented_order_wins(known: set[int], randomly: object) -> None:
    rows = [row(ORDER[rank], rank + 1) for rank in known]
    randomly.shuffle(rows)  # type: ignore[attr-defined]
    goal = GoalTable(rows).goal(RESOLUTION, ("billing", "gold", 1, None))
    assert goal == (Goal(timedelta(hours=min(known) + 1)) if known else None)


def test_a_promise_for_another_issue_never_counts() -> None:
    table = GoalTable([row(("category",), 1, category="bug"), row(("plan",), 2, plan="basic"), row(("priority",), 3)])
    assert table.goal(RESOLUTION, ("billing", "gold", 2, None)) is None
    assert table.goal(RESOLUTION, (None, "gold", 1, None)) == Goal(timedelta(hours=3))


def test_nothing_may_be_promised_to_some_where_others_are_promised_something() -> None:
    table = GoalTable([row(("priority",), 1), GoalRow(RESOLUTION, None, plan="free", priority=1)])
    assert table.goal(RESOLUTION, (None, "free", 1, None)) is None
    assert table.goal(RESOLUTION, (None, "gold", 1, None)) == Goal(timedelta(hours=1))


def test_of_two_rows_with_the_same_conditions_the_later_counts() -> None:
    table = GoalTable([row(("priority",), 1), row(("priority",), 2)])
    assert table.goal(RESOLUTION, (None, "gold", 1, None)) == Goal(timedelta(hours=2))


def test_pickups_are_promised_at_the_tiers_above_the_first() -> None:
    assert [tier for tier in range(6) if DEFAULT_GOALS.picked_up_in_time(tier)] == [2, 3]
    assert DEFAULT_GOALS.goal(PICKUP, (None, "gold", 2, 3)) == Goal(timedelta(hours=1))
    assert DEFAULT_GOALS.goal(PICKUP, (None, "gold", 5, 3)) is None
