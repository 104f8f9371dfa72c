"""All the wiring of the router, on one page."""

from router.api import add_decisions
from router.audit_api import add_audit
from router.consumer import consumer
from router.dry_runs_api import add_dry_runs
from router.examples import EXAMPLES
from router.handlers import Desk
from router.keywords import KeywordClassifier
from router.models import Models
from router.models_api import add_models
from router.policies import Policies
from router.policies_api import add_policies
from router.policy import parse
from router.quality import Watch, alarms
from router.settings import Settings
from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database
from shared.operations import add_operations
from shared.service import Service, Timer


def build(settings: Settings | None = None) -> Service:
    """The service, ready to run. Raises PolicyError when the policy's file is wrong, OSError when it is missing."""
    settings = settings or Settings()
    desk = desk_of(settings)
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    policies = Policies(db, desk, first_policy(settings), settings.policies_look)
    models = Models(db, desk, settings.models_look)
    consuming = consumer(db, desk)
    api = Api(settings.SERVICE)
    add_decisions(api, db, tokens, desk)
    add_policies(api, policies, tokens)
    add_dry_runs(api, policies, tokens)
    add_models(api, models, tokens, settings.models_folder)
    add_audit(api, db, tokens, desk)
    add_operations(api, db, tokens, consuming, alarms(policies, models))
    page = application([api], title="Tierdesk router", examples=EXAMPLES)
    timers = [Timer(settings.quality_look, Watch(db).look, "look how decisions fare")]
    return Service(settings.SERVICE, db, page, tokens, consumer=consuming, timers=timers, resources=[policies, models])


def desk_of(settings: Settings) -> Desk:
    """What decides while no model does. Raises PolicyError, OSError."""
    policy = parse(first_policy(settings), file=settings.policy_file.name)
    return Desk(policy, KeywordClassifier(policy))


def first_policy(settings: Settings) -> str:
    """The text of the policy that a new installation begins with. Raises OSError."""
    return settings.policy_file.read_text(encoding="utf-8")
