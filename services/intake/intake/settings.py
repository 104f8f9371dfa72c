"""Settings of intake: `TIERDESK_INTAKE_<NAME>`, besides those of every service."""

from datetime import timedelta
from typing import ClassVar

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """What intake keeps, for how long, and when it raises an alarm."""

    model_config = SettingsConfigDict(env_prefix="TIERDESK_INTAKE_", frozen=True, populate_by_name=True, extra="ignore")

    SERVICE: ClassVar[str] = "intake"

    key_cache: timedelta = timedelta(seconds=5)
    """How long a verified API key is trusted without asking the database: a revoked one works no longer."""
    batch_limit: int = 100
    """Issues accepted in one transaction, at most."""
    batch_lanes: int = 2
    """Transactions that accept issues at the same time, in one process."""
    attachment_limit_bytes: int = 10 * 1024 * 1024
    unused_attachment_kept: timedelta = timedelta(days=1)
    """How long an upload may wait for the message it belongs to."""
    cleaning_every: timedelta = timedelta(minutes=10)
    announcement_poll: timedelta = timedelta(seconds=1)
    """How soon whom an announcement concerns begins to be found."""
    announcement_batch: int = 500
    """Issues or customers looked at for an announcement in one transaction."""
    rating_changeable: timedelta = timedelta(days=14)
    """How long after their first rating of an issue customers may change their mind."""
    unanswered_after: timedelta = timedelta(seconds=60)
    """An accepted issue without any fact of tier-queues for so long raises an alarm."""
