"""All the wiring of intake, on one page."""

from collections.abc import Sequence

from intake import store
from intake.accepting import accept
from intake.announcement_api import add_announcements
from intake.api import add_commands, add_submitting, add_views
from intake.applications import Applications
from intake.consumer import consumer
from intake.examples import EXAMPLES
from intake.files import Files
from intake.settings import Settings
from intake.timers import timers
from intake.uploads import add_uploads
from shared.api import Api, application
from shared.auth import StaffTokens
from shared.db import Database, Transaction
from shared.operations import add_operations
from shared.service import Service
from shared.together import Together


def build(settings: Settings | None = None) -> Service:
    """The service, ready to run. Raises NotSet when attachments have no place."""
    settings = settings or Settings()
    db = Database(settings)
    tokens = StaffTokens.of(settings.staff_public_keys)
    applications = Applications(db, settings)
    accepting = Together(db, accept, limit=settings.batch_limit, lanes=settings.batch_lanes)
    facts = consumer(db)
    files = Files(settings.object_store)

    async def alarms(tx: Transaction) -> Sequence[str]:
        return await unanswered(tx, settings)

    api = Api(settings.SERVICE)
    add_submitting(api, accepting, applications)
    add_commands(api, db, applications, settings)
    add_views(api, db, applications)
    add_announcements(api, db, applications, tokens)
    add_uploads(api, db, applications, tokens, files, settings.attachment_limit_bytes)
    add_operations(api, db, tokens, facts, alarms)
    return Service(
        name=settings.SERVICE,
        db=db,
        api=application([api], title="Tierdesk intake", examples=EXAMPLES),
        tokens=tokens,
        consumer=facts,
        timers=timers(db, files, settings),
        draining=(accepting.close,),
    )


async def unanswered(tx: Transaction, settings: Settings) -> list[str]:
    """The alarm for accepted issues that never reached a queue."""
    count, lowest = await store.unanswered(tx, settings.unanswered_after)
    waited = f"{settings.unanswered_after.total_seconds():.0f} s"
    return [f"{count} accepted issues are in no queue after {waited}, the first is number {lowest}"] if count else []
