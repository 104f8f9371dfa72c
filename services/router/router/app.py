"""All the wiring of the router, on one page."""

from router.api import add_decisions
from router.consumer import consumer
from router.handlers import Desk
from router.keywords import KeywordClassifier
from router.models import Models
from router.models_api import add_models
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
    desk = desk_of(settings)
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    models = Models(db, desk, settings.models_look)
    consuming = consumer(db, desk)
    api = Api(settings.SERVICE)
    add_decisions(api, db, tokens, desk)
    add_models(api, models, tokens, settings.models_folder)
    add_operations(api, db, tokens, consuming)
    page = application([api], title="Tierdesk router")
    return Service(settings.SERVICE, db, page, tokens, consumer=consuming, resources=[models])


def desk_of(settings: Settings) -> Desk:
    """What decides while no model does. Raises PolicyError, OSError."""
    policy = parse(settings.policy_file.read_text(encoding="utf-8"), file=settings.policy_file.name)
    return Desk(policy, KeywordClassifier(policy))
