"""Settings of vendor-bridge: `TIERDESK_VENDOR_BRIDGE_<NAME>`, besides those of every service."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    """How vendors are reached, how long secrets overlap, and when an alarm is raised."""

    model_config = SettingsConfigDict(
        env_prefix="TIERDESK_VENDOR_BRIDGE_", frozen=True, populate_by_name=True, extra="ignore"
    )

    SERVICE: ClassVar[str] = "vendor-bridge"

    delivery_poll: timedelta = timedelta(milliseconds=250)
    """How often due deliveries are looked for when nothing in this process announces one."""
    deliveries_at_once: int = Field(default=8, ge=1)
    """Deliveries on their way to one vendor at the same time, in one process; a hanging vendor holds no others."""
    delivery_lease: timedelta = timedelta(seconds=30)
    """After this a delivery whose process died is claimed by another; longer than `outgoing_timeout`."""
    secret_overlap: timedelta = timedelta(hours=24)
    """How long a replaced secret still works."""
    callback_memory: timedelta = timedelta(days=30)
    """How long ids of callbacks are remembered; longer than any vendor goes on repeating one."""
    breaker_probe_every: timedelta = timedelta(seconds=30)
    """How often a vendor whose circuit is open is tried with one delivery."""
    late_after: timedelta = timedelta(minutes=5)
    """A due delivery that nobody tried for so long raises an alarm."""
    cleaning_every: timedelta = timedelta(minutes=10)
