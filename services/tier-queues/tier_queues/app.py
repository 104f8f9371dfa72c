"""All the wiring of tier-queues, on one page."""

from functools import partial
from typing import Final

from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database
from shared.operations import add_operations
from shared.service import Service
from shared.together import Together
from tier_queues import handlers
from tier_queues.agents_api import add_agents
from tier_queues.alarms import alarms
from tier_queues.api import Counter, add_commands, add_lists
from tier_queues.attempts import Attempts
from tier_queues.consumer import consumer
from tier_queues.lists import Counts
from tier_queues.passwords import Passwords
from tier_queues.presence import Presence
from tier_queues.session_api import Desk, add_sessions
from tier_queues.sessions import Signer
from tier_queues.settings import Settings
from tier_queues.timers import timers

TITLE: Final = "Tierdesk: tier queues"


def build(settings: Settings | None = None) -> Service:
    """The service of a process. Without settings, those of the environment."""
    settings = settings or Settings()
    policies = settings.policies
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    presence = Presence(settings.instance, settings.tiers, settings.announcement_life, settings.announce_every)
    orders = Together(
        db, partial(handlers.carry_out, policies=policies), limit=settings.batch_limit, lanes=settings.batch_lanes
    )
    counter = Counter(db, tokens, policies, orders, Counts(db, settings.counts_life), presence)
    signer = Signer(settings.signing_key.get_secret_value(), settings.token_life)
    attempts = Attempts(settings.sign_ins_per_minute)
    desk = Desk(db, settings, tokens, signer, Passwords(settings.passwords_at_once), attempts)
    facts = consumer(db, policies)

    api = Api(settings.SERVICE)
    # Routes are tried in this order: what agents do all day comes first.
    add_commands(api, counter)
    add_lists(api, counter)
    add_sessions(api, desk)
    add_agents(api, desk)
    add_operations(api, db, tokens, facts, alarms(settings))
    return Service(
        name=settings.SERVICE,
        db=db,
        api=application([api], title=TITLE),
        tokens=tokens,
        consumer=facts,
        timers=timers(db, settings, policies, presence),
        draining=[orders.close],
    )
