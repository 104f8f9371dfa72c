"""An update promised to the customer until a time."""

from datetime import UTC

from shared.events.promises import UpdatePromised
from tier_queues import promises
from tier_queues.circumstances import Circumstances
from tier_queues.commands import PromiseUpdate
from tier_queues.record import Decision
from tier_queues.refusals import Unacceptable


def promise(decision: Decision, command: PromiseUpdate, given: Circumstances) -> Decision:
    """The owner owes the customer a reply until a time, which the customer sees. Raises Unacceptable."""
    limit = given.policies.longest_wait
    if not given.now < command.until <= given.now + limit:
        raise Unacceptable("promise-out-of-range", f"Promise an update within the next {limit.days} days.")
    until = command.until.astimezone(UTC)
    clocks = promises.update_promised(
        decision.issue, until, at=given.now, reason=command.reason, policies=given.policies
    )
    return decision.then(
        UpdatePromised,
        actor=given.actor,
        at=given.now,
        change={"clocks": clocks},
        private={"reason": command.reason},
        until=until,
    )
