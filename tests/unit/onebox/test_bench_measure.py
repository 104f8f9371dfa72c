"""Bars, quantiles and the report."""

import json

import pytest

from onebox.bench import NothingMeasured
from onebox.bench.measure import (
    against_floor,
    at_most,
    at_most_times,
    median,
    quantile,
    report,
)


def test_a_share_of_the_floor_holds_at_the_bar_and_not_below() -> None:
    assert against_floor("accepted", 850, "issues/s", floor=1000, at_least=0.85).holds
    assert not against_floor("accepted", 849, "issues/s", floor=1000, at_least=0.85).holds


def test_nothing_holds_against_a_floor_that_was_not_measured() -> None:
    assert not against_floor("accepted", 850, "issues/s", floor=0, at_least=0.85).holds


def test_a_limit_holds_up_to_itself() -> None:
    assert at_most("ready", 8.0, "s", limit=8.0).holds
    assert not at_most("ready", 8.1, "s", limit=8.0).holds
    assert not at_most_times("page", 3.1, "ms", base=2.0, limit=1.5).holds


def test_quantiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert quantile(values, 0.5) == 51
    assert quantile(values, 0.99) == 100
    assert quantile([7.0], 0.99) == 7


def test_a_quantile_of_nothing_is_an_error() -> None:
    with pytest.raises(NothingMeasured):
        quantile([], 0.5)


def test_one_disturbed_round_does_not_move_the_median() -> None:
    assert median([100.0, 3.0, 104.0]) == 100.0


def test_the_report_tells_a_missed_bar_and_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [
        at_most("ready", 9.0, "s", limit=8.0),
        against_floor("claim", 700, "commands/s", floor=1000, at_least=0.3),
    ]
    assert not report("up", figures, as_json=True)
    value = json.loads(capsys.readouterr().out)
    assert value["bench"] == "up"
    assert value["figures"][0] == {
        "name": "ready",
        "value": 9.0,
        "unit": "s",
        "floor": None,
        "ratio": None,
        "bar": "≤ 8 s",
        "holds": False,
    }
    assert value["figures"][1]["ratio"] == 0.7
