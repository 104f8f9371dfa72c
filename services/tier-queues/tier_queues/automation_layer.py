"""What automation changes of the rules of work: which facts set something off."""

from dataclasses import dataclass, replace

from shared.db import Transaction
from tier_queues import automation_store
from tier_queues.automation import NO_RULES, Automation
from tier_queues.policies import Policies


@dataclass(eq=False)
class StandingAutomation:
    """A layer of the rules of work: the automation in force, read anew only when there is a newer version."""

    _automation: Automation = NO_RULES

    async def __call__(self, tx: Transaction, policies: Policies) -> Policies:
        """The policies with the automation in force."""
        if await automation_store.VERSIONS.newest_number(tx) != self._automation.version:
            found = await automation_store.newest(tx)
            self._automation = Automation.of(found.version, found.readable())
        return replace(policies, automation=self._automation)
