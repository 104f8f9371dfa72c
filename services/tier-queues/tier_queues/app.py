"""All the wiring of tier-queues, on one page."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database, Transaction
from shared.idempotency import Answer
from shared.operations import add_operations
from shared.problems import Problem
from shared.service import Service
from shared.together import Together
from tier_queues import handlers
from tier_queues.agents_api import add_agents
from tier_queues.alarms import alarms
from tier_queues.announcement_api import add_announcements
from tier_queues.api import Counter, add_commands, add_lists
from tier_queues.attempts import Attempts
from tier_queues.attendance import absences
from tier_queues.automation_api import add_automation
from tier_queues.automation_layer import StandingAutomation
from tier_queues.automation_trial_api import add_automation_trials
from tier_queues.beside_api import add_asides, add_drafts
from tier_queues.bulk_api import add_bulk
from tier_queues.consumer import consumer
from tier_queues.examples import EXAMPLES
from tier_queues.forecast import add_forecast
from tier_queues.handlers import Order
from tier_queues.incident_list import add_incidents
from tier_queues.lists import Counts
from tier_queues.organisation_api import add_organisation
from tier_queues.organisation_layer import StandingOrganisation
from tier_queues.passwords import Passwords
from tier_queues.presence import Presence
from tier_queues.problem_api import add_problem_lists, add_problems
from tier_queues.promise_api import add_promises
from tier_queues.promise_layer import StandingPromises, patient
from tier_queues.release_api import add_bulletins, add_releases
from tier_queues.report_api import add_reports
from tier_queues.report_targets_api import add_report_targets
from tier_queues.rules import Rules
from tier_queues.search_api import add_search
from tier_queues.session_api import Desk, add_sessions
from tier_queues.sessions import Signer
from tier_queues.settings import Settings
from tier_queues.shelves_api import add_canned_replies, add_forms, add_guides, add_macros, add_saved_filters
from tier_queues.timers import timers
from tier_queues.watching_api import add_watching

TITLE: Final = "Tierdesk: tier queues"


def build(settings: Settings | None = None) -> Service:
    """The service of a process. Without settings, those of the environment."""
    settings = settings or Settings()
    db = Database(settings)
    layers = (StandingOrganisation(), StandingPromises(), StandingAutomation(), absences)
    rules = Rules(db, patient(settings.policies), layers, settings.rules_look)
    tokens = StaffTokens.of(settings.staff_public_keys)
    presence = Presence(settings.instance, settings.tiers, settings.announcement_life, settings.announce_every)
    orders = Together(db, partial(_carry_out, rules), limit=settings.batch_limit, lanes=settings.batch_lanes)
    counter = Counter(db, tokens, rules, orders, Counts(db, settings.counts_life), presence)
    signer = Signer(settings.signing_key.get_secret_value(), settings.token_life)
    attempts = Attempts(settings.sign_ins_per_minute)
    desk = Desk(db, settings, tokens, signer, Passwords(settings.passwords_at_once), attempts, rules)
    facts = consumer(db, rules)

    api = Api(settings.SERVICE)
    # Routes are tried in this order: what agents do all day comes first.
    add_commands(api, counter)
    add_lists(api, counter)
    add_asides(api, counter)
    add_drafts(api, counter)
    add_guides(api, counter)
    add_forms(api, counter)
    add_canned_replies(api, counter)
    add_macros(api, counter)
    add_problems(api, counter)
    add_problem_lists(api, counter)
    add_releases(api, counter)
    add_bulletins(api, counter)
    add_saved_filters(api, counter)
    add_search(api, counter)
    add_watching(api, counter)
    add_bulk(api, counter)
    add_automation(api, counter)
    add_automation_trials(api, counter)
    add_announcements(api, counter)
    add_incidents(api, counter)
    add_sessions(api, desk)
    add_agents(api, desk)
    add_organisation(api, desk)
    add_promises(api, db, tokens, settings)
    add_forecast(api, db, tokens)
    add_report_targets(api, db, tokens, settings)
    add_reports(api, db, tokens, settings)
    add_operations(api, db, tokens, facts, alarms(settings))
    return Service(
        name=settings.SERVICE,
        db=db,
        api=application([api], title=TITLE, examples=EXAMPLES),
        tokens=tokens,
        consumer=facts,
        timers=timers(db, settings, rules, presence),
        resources=[rules],
        draining=[orders.close],
    )


async def _carry_out(rules: Rules, tx: Transaction, orders: Sequence[Order]) -> Sequence[Answer | Problem]:
    """Each batch by the rules in force when it begins."""
    return await handlers.carry_out(tx, orders, policies=rules.policies)
