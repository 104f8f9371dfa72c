"""All the wiring of notifications, on one page."""

from collections.abc import Sequence
from dataclasses import replace

from notifications import deliveries, upkeep
from notifications.api import add_deliveries, add_webhooks
from notifications.consumer import consumer
from notifications.examples import EXAMPLES
from notifications.listeners import Listeners
from notifications.mail_sender import MailSender, letterhead
from notifications.settings import Settings
from notifications.timers import timers
from notifications.webhook_sender import WebhookSender
from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database, Transaction
from shared.http import Outgoing
from shared.operations import add_operations
from shared.service import Service


def build(settings: Settings | None = None) -> Service:
    """The service, ready to run."""
    settings = settings or Settings()
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    facts = consumer(db)
    listeners = Listeners(settings.derived_key("webhook-secrets"), settings.secret_overlap)
    outgoing = Outgoing(settings)
    mails = MailSender(db, settings, letterhead(settings))
    staff_mails = replace(mails, claim=deliveries.claim_staff_mails)
    webhooks = WebhookSender(db, settings, outgoing, listeners)

    async def alarms(tx: Transaction) -> Sequence[str]:
        return await upkeep.alarms(tx, settings)

    api = Api(settings.SERVICE)
    add_deliveries(api, db, tokens, settings)
    add_webhooks(api, db, tokens, settings, listeners)
    add_operations(api, db, tokens, facts, alarms)
    return Service(
        settings.SERVICE,
        db,
        application([api], title="Tierdesk notifications", examples=EXAMPLES),
        tokens,
        consumer=facts,
        timers=timers(db, settings, mails, staff_mails, webhooks),
        resources=[outgoing],
        draining=[webhooks.drain],
    )
