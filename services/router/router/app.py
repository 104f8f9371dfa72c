"""All the wiring of the router, on one page."""

from router.api import add_decisions
from router.consumer import consumer
from router.handlers import Desk
from router.keywords import KeywordClassifier
from router.policy import parse
from router.settings import Settings
from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database
from shared.operations import add_operations
from shared.service import Service


def build(settings: Settings | None = None) -> Service:
    """The service, ready to run. Raises PolicyError when the policy's file is wrong, OSError when it is missing."""
    settings = settings or Settings()
    policy = parse(settings.policy_file.read_text(encoding="utf-8"), file=settings.policy_file.name)
    desk = Desk(policy, KeywordClassifier(policy))
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    consuming = consumer(db, desk)
    api = Api(settings.SERVICE)
    add_decisions(api, db, tokens, desk)
    add_operations(api, db, tokens, consuming)
    return Service(settings.SERVICE, db, application([api], title="Tierdesk router"), tokens, consumer=consuming)
