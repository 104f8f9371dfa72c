"""When a vendor is given a rest."""

import pytest

from vendor_bridge.breaker import FAILED, WELL, WINDOW, after, is_open


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("", False),
        (FAILED * (WINDOW - 1), False),
        (FAILED * WINDOW, True),
        (WELL * 3 + FAILED * 7, True),
        (WELL * 4 + FAILED * 6, False),
    ],
)
def test_a_circuit_opens_when_seven_of_the_last_ten_failed(outcomes: str, expected: bool) -> None:
    assert is_open(outcomes) is expected


def test_only_the_latest_outcomes_count() -> None:
    assert after(FAILED * WINDOW, "") == FAILED * WINDOW
    assert after(WELL * WINDOW, FAILED * 7) == WELL * 3 + FAILED * 7


def test_one_success_closes_an_open_circuit_and_old_failures_are_forgotten() -> None:
    assert after(FAILED * WINDOW, WELL) == WELL
    assert after(FAILED * WINDOW, FAILED + WELL + FAILED) == WELL + FAILED


def test_a_failed_probe_leaves_it_open() -> None:
    assert is_open(after(FAILED * WINDOW, FAILED))
