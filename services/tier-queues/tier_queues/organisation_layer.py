"""What the organisation changes of the rules of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from shared.db import Transaction
from shared.vocabulary import Role
from tier_queues.organisation import Escalation, Overflow, TeamPlan
from tier_queues.organisation_store import CHANNEL_WEIGHTS, VERSION, teams, tiers
from tier_queues.policies import Policies
from tier_queues.teams import Help, Step, Team

_IN_FORCE: Final = f"SELECT ({VERSION}), tier, because FROM (VALUES (1)) AS one LEFT JOIN overflowing ON true"  # noqa: S608
_LEADS: Final = "SELECT id, tiers, teams FROM agents WHERE role = $1 AND active ORDER BY id"


@dataclass(eq=False)
class StandingOrganisation:
    """A layer of the rules: what the organisation changes of the policies, read anew only when it has changed."""

    _version: int = -1
    _parts: dict[str, Any] = field(default_factory=dict)

    async def __call__(self, tx: Transaction, policies: Policies) -> Policies:
        """The policies with the organisation in force."""
        rows = await tx.fetch(_IN_FORCE)
        if rows[0][0] != self._version:
            self._parts = await _parts(tx)
            self._version = rows[0][0]
        overflows: Mapping[int, Overflow] = self._parts["overflows"]
        helps: dict[int, list[Help]] = {}
        for _, tier, because in rows:
            if tier in overflows:
                helps.setdefault(overflows[tier].to, []).append(Help(tier, overflows[tier].share, because))
        return replace(policies, **self._parts, helps=MappingProxyType(helps))


async def _parts(tx: Transaction) -> dict[str, Any]:
    plans = {number: plan for number, (plan, _) in (await tiers(tx)).items()}
    leads = await tx.fetch(_LEADS, str(Role.LEAD))
    groups = {name: _group(name, plan, leads) for name, (plan, _) in (await teams(tx)).items()}
    return {
        "overflows": MappingProxyType({number: plan.overflow for number, plan in plans.items() if plan.overflow}),
        "teams": MappingProxyType(groups),
        "tier_leads": MappingProxyType({number: _leads_of(number, groups, leads) for number in plans}),
        "default_teams": MappingProxyType({number: plan.team for number, plan in plans.items() if plan.team}),
        "staffed_tiers": frozenset(number for number, plan in plans.items() if plan.staffed),
        "weights": MappingProxyType(dict(map(tuple, await tx.fetch(CHANNEL_WEIGHTS)))),
    }


def _group(name: str, plan: TeamPlan, leads: Sequence[Any]) -> Team:
    # Who was named may have left since.
    named = tuple(row.id for row in leads if row.id in plan.leads)
    return Team(
        name=name,
        tiers=frozenset(plan.tiers),
        leads=named or tuple(row.id for row in leads if name in row.teams),
        named=bool(named),
        push=plan.push,
        accept_within=plan.accept_within,
        idle_after=plan.idle_after,
        behind_the_scenes=plan.behind_the_scenes,
        steps=_steps(plan.escalation),
    )


def _steps(escalation: Escalation | None) -> tuple[Step, ...]:
    """All steps, one round after the other."""
    if escalation is None:
        return ()
    return tuple(Step(step.after, step.tell, step.agent) for step in escalation.steps) * (1 + escalation.repeats)


def _leads_of(tier: int, groups: Mapping[str, Team], leads: Sequence[Any]) -> tuple[str, ...]:
    """Who leads a tier where no team is named: the leads of its teams, and those with the role who work it."""
    of_teams = {lead for team in groups.values() if tier in team.tiers for lead in team.leads}
    return tuple(sorted(of_teams | {row.id for row in leads if tier in row.tiers}))
