"""All the wiring of vendor-bridge, on one page."""

from collections.abc import Sequence

from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database, Transaction
from shared.http import Outgoing
from shared.operations import add_operations
from shared.service import Service
from vendor_bridge import store
from vendor_bridge.api import add_callbacks, add_cases
from vendor_bridge.consumer import consumer
from vendor_bridge.examples import EXAMPLES
from vendor_bridge.sender import Sender
from vendor_bridge.settings import Settings
from vendor_bridge.timers import timers
from vendor_bridge.vendor_api import add_vendors
from vendor_bridge.vendors import SECRETS_KEY


def build(settings: Settings | None = None) -> Service:
    """The service, ready to run."""
    settings = settings or Settings()
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    outgoing = Outgoing(settings)
    sender = Sender(db, settings, outgoing, settings.derived_key(SECRETS_KEY))
    facts = consumer(db, settings)

    async def alarms(tx: Transaction) -> Sequence[str]:
        return await store.alarms(tx, settings.late_after)

    api = Api(settings.SERVICE)
    add_vendors(api, db, tokens, settings)
    add_cases(api, db, tokens, settings)
    add_callbacks(api, db, settings)
    add_operations(api, db, tokens, facts, alarms)
    return Service(
        name=settings.SERVICE,
        db=db,
        api=application([api], title="Tierdesk vendor-bridge", examples=EXAMPLES),
        tokens=tokens,
        consumer=facts,
        timers=timers(db, settings, sender),
        resources=[outgoing],
        draining=[sender.drain],
    )
