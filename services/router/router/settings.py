"""Settings of the router: `TIERDESK_ROUTER_<NAME>`, besides those of every service."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

POLICIES: Final = Path(__file__).parent / "policies"


class Settings(ServiceSettings):
    """Which policy decides, and where models come from."""

    model_config = SettingsConfigDict(env_prefix="TIERDESK_ROUTER_", frozen=True, populate_by_name=True, extra="ignore")

    SERVICE: ClassVar[str] = "router"

    policy_file: Path = POLICIES / "0001.yaml"
    """The first version of the policy in a new installation; later ones are kept in the database."""
    policies_look: timedelta = timedelta(seconds=2)
    """How often each process looks which policy is active."""
    models_folder: Path | None = None
    """Where administrators find trained models to add, each in a folder of its own."""
    models_look: timedelta = timedelta(seconds=2)
    """How often each process looks which models are active and in the shadow."""
    quality_look: timedelta = timedelta(seconds=15)
    """How often a worker looks how many decisions needed no person, and what the audit says."""
