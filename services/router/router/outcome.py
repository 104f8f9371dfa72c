"""PURE. What was decided about an issue, before it is written down as a record and as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from router.finding import Finding
from router.policy import Policy
from router.policy_parts import Entitlement
from router.priority import Proposal
from router.rules import Fired
from shared.events.routing import Routing, Rung
from shared.vocabulary import FRONTLINE_TIER, TECHNICAL_TIER


@dataclass(frozen=True, slots=True)
class Correction:
    """Another category was chosen. before: the routing that stood until then. rule: that chose it; else a person."""

    category: str
    revision: int
    before: Routing
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was decided, before it is put into words."""

    policy: Policy
    finding: Finding
    firing: Sequence[Fired]
    entitled: Entitlement | None
    tier: int
    ladder: tuple[Rung, ...]
    redirect: str | None
    impact: Proposal
    urgency: Proposal

    @property
    def triage(self) -> bool:
        """Nobody could tell, and nothing asks for more than the frontline: a person there decides."""
        return not self.finding.certain and self.tier == FRONTLINE_TIER

    @property
    def team(self) -> str:
        return next(rung.team for rung in self.ladder if rung.tier == self.tier)

    @property
    def vendor(self) -> str | None:
        row, outside = self.finding.row, self.policy.outside
        return row.vendor if row and row.vendor else outside.vendor if outside else None

    @property
    def watching_tier(self) -> int:
        outside = self.policy.outside
        return outside.watching_tier if outside and outside.watching_tier is not None else TECHNICAL_TIER
