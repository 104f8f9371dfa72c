"""What reports measure by: what makes sense, and what an installation begins with."""

from typing import Any

import pytest
from pydantic import ValidationError

from tier_queues.measures import Measure
from tier_queues.report_targets import ReportTargets
from tier_queues.settings import COST_PER_HOUR, REPORT_TARGETS

FINE: dict[str, Any] = {"targets": {"reopen": {"target": 0.05, "alarm": 0.08}}, "cost_per_hour": {"1": 30}}


def test_measures_without_a_target_and_tiers_without_a_cost_are_fine() -> None:
    assert ReportTargets.model_validate({"targets": {}, "cost_per_hour": {}}).targets == {}
    read = ReportTargets.model_validate(FINE)
    assert (read.targets[Measure.REOPEN].alarm, read.cost_per_hour) == (0.08, {1: 30.0})


def test_the_product_s_own_targets_make_sense() -> None:
    read = ReportTargets(targets=REPORT_TARGETS, cost_per_hour=COST_PER_HOUR)
    assert (read.targets, read.cost_per_hour) == (REPORT_TARGETS, COST_PER_HOUR)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"targets": {"mood": {"target": 1, "alarm": 2}}}, ("targets", "mood", "[key]")),
        ({"targets": {"reopen": {"target": 5, "alarm": 8}}}, ("targets",)),
        ({"targets": {"transfers": {"target": 1, "alarm": 1}}}, ("targets", "transfers")),
        ({"targets": {"transfers": {"target": 1}}}, ("targets", "transfers", "alarm")),
        ({"cost_per_hour": {"17": 30}}, ("cost_per_hour", "17", "[key]")),
        ({"cost_per_hour": {"1": -30}}, ("cost_per_hour", "1")),
        ({"cost_per_hour": {"1": 1e300}}, ("cost_per_hour", "1")),
    ],
    ids=["no measure", "no share", "no side", "no alarm", "no tier", "negative", "too much"],
)
def test_what_makes_no_sense_is_refused_at_its_place(change: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        ReportTargets.model_validate(FINE | change)
    assert [fault["loc"] for fault in refused.value.errors()] == [place]
