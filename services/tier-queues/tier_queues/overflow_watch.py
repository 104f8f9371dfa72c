"""Watches tiers that another one may help: help begins above its limits, and ends by itself below the lower ones."""

from typing import Final

from shared.db import NOW, Transaction
from shared.telemetry import log
from tier_queues import overflow
from tier_queues.organisation import Overflow
from tier_queues.overflow import Waiting
from tier_queues.policies import Policies
from tier_queues.presence import Minded

_WAITING: Final = f"""
SELECT count(*), coalesce((SELECT {NOW}) - min(queued_since), interval '0') FROM issues
WHERE queue_tier = $1 AND state = 'queued'
"""  # noqa: S608
_BEGIN: Final = f"""
INSERT INTO overflowing (tier, since, because) VALUES ($1, {NOW}, $2)
ON CONFLICT (tier) DO UPDATE SET because = excluded.because
"""  # noqa: S608


async def watch(tx: Transaction, minded: Minded, policies: Policies) -> bool:
    """Look at the tiers of this process. Returns whether help began or ended anywhere."""
    helped = {busy.tier for helps in policies.helps.values() for busy in helps}
    changed = False
    for tier, rule in policies.overflows.items():
        if minded.holds(tier):
            changed |= await _look(tx, tier, rule, helped=tier in helped)
    return changed


async def _look(tx: Transaction, tier: int, rule: Overflow, *, helped: bool) -> bool:
    count, oldest = (await tx.fetch(_WAITING, tier))[0]
    waiting = Waiting(count, oldest)
    if helped:
        over = overflow.is_over(rule, waiting)
        if over:
            await tx.fetch("DELETE FROM overflowing WHERE tier = $1", tier)
            log().info("overflow ends", tier=tier)
        return over
    reason = overflow.because(tier, rule, waiting)
    if reason is not None:
        await tx.fetch(_BEGIN, tier, reason)
        log().info("overflow begins", tier=tier, helper=rule.to, because=reason)
    return reason is not None
