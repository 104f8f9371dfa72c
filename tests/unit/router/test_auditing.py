"""The blind audit takes a fair and fixed sample, and chance alone gives no alarm."""

import pytest

from router.auditing import Coverage, Quality, alarms, is_sampled
from shared.ids import new_id

STEADY = Coverage(1_000, 800)


def test_two_of_a_hundred_issues_are_sampled_and_always_the_same() -> None:
    issues = [new_id() for _ in range(20_000)]
    sampled = [issue for issue in issues if is_sampled(issue)]
    assert 0.014 < len(sampled) / len(issues) < 0.026
    assert all(is_sampled(issue) for issue in sampled)


@pytest.mark.parametrize(
    ("judged", "agreed", "alarmed"),
    [(0, 0, False), (10, 0, False), (20, 18, False), (200, 190, False), (200, 170, True)],
)
def test_an_alarm_needs_a_proof_that_decisions_are_bad(judged: int, agreed: int, alarmed: bool) -> None:
    assert bool(alarms(Quality(judged, agreed, STEADY, STEADY))) is alarmed


@pytest.mark.parametrize(
    ("day", "alarmed"), [(Coverage(1_000, 750), False), (Coverage(1_000, 600), True), (Coverage(100, 10), False)]
)
def test_coverage_that_drifts_is_told(day: Coverage, alarmed: bool) -> None:
    assert bool(alarms(Quality(0, 0, day, STEADY))) is alarmed
