"""Settings of the router: `TIERDESK_ROUTER_<NAME>`, besides those of every service."""

from pathlib import Path
from typing import ClassVar, Final

from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

POLICIES: Final = Path(__file__).parent / "policies"


class Settings(ServiceSettings):
    """Which policy decides."""

    model_config = SettingsConfigDict(env_prefix="TIERDESK_ROUTER_", frozen=True, populate_by_name=True, extra="ignore")

    SERVICE: ClassVar[str] = "router"

    policy_file: Path = POLICIES / "0001.yaml"
    """The policy that decides from the next start on; decisions made before keep theirs."""
