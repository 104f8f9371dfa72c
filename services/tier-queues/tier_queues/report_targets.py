"""What an organisation wants of its measures, and what its work costs. Values only."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.vocabulary import Tier
from tier_queues.measures import MEANINGS, Measure

FIGURE_LIMIT: Final = 1e12
"""The largest target, and the most that an hour may cost."""

Amount = Annotated[float, Field(ge=0, le=FIGURE_LIMIT)]


class MeasureTarget(BaseModel):
    """What a measure should be, and from where on somebody should look; which side is good follows from the two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Amount
    alarm: Amount

    @model_validator(mode="after")
    def _has_two_sides(self) -> Self:
        if self.alarm == self.target:
            raise ValueError("target and alarm must differ: which side is good follows from the two")
        return self


def _shares_up_to_one(targets: dict[Measure, MeasureTarget]) -> dict[Measure, MeasureTarget]:
    for measure, wanted in targets.items():
        if MEANINGS[measure].unit == "share" and max(wanted.target, wanted.alarm) > 1:
            raise ValueError(f"{measure} is a share, from 0 to 1")
    return targets


Targets = Annotated[dict[Measure, MeasureTarget], AfterValidator(_shares_up_to_one)]
Costs = dict[Tier, Amount]
"""What an hour of work costs at each tier, in the organisation's currency."""


class ReportTargets(BaseModel):
    """What reports measure by. A measure may have no target; an hour at a tier that is not named costs nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: Targets
    cost_per_hour: Costs
