"""Settings that every service has; each service's `settings.py` adds its own and names its prefix.

Environment: `TIERDESK_<SERVICE>_<NAME>` for one service, the names in `validation_alias` for all.
"""

from datetime import timedelta
from typing import Annotated, ClassVar
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Where the real parts are and how long to wait for them. Frozen; read once, at start."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    SERVICE: ClassVar[str]
    """The service's name, e.g. `tier-queues`."""

    server_url: SecretStr = Field(validation_alias="DATABASE_URL")
    """PostgreSQL server and administrator; only `migrate` signs in with it."""
    kafka_bootstrap: str = Field(validation_alias="KAFKA_BOOTSTRAP")
    partitions: Annotated[int, Field(validation_alias="TIERDESK_PARTITIONS", ge=1, le=1000)] = 12
    """Partitions that topics of facts are made with: as many processes can share a service's consumption at most."""
    secret: SecretStr = Field(validation_alias="TIERDESK_SECRET")
    """32 random bytes as hex; other keys are derived from it."""
    namespace: str = Field(default="", validation_alias="TIERDESK_NAMESPACE", pattern=r"^([a-z][a-z0-9_]{0,20}\.)?$")
    """Prefix of topics, groups and databases, ending in a dot, so that installations can share servers."""
    instance: str = Field(default="0", validation_alias="TIERDESK_INSTANCE", pattern=r"^[A-Za-z0-9._-]{1,60}$")
    """This process among its service's replicas; stable over restarts (static membership)."""
    staff_public_keys: str = Field(default='{"keys":[]}', validation_alias="TIERDESK_STAFF_PUBLIC_KEYS")
    """JSON Web Key Set of tier-queues' public signing keys."""
    public_url: str = Field(default="http://localhost:8080", validation_alias="TIERDESK_PUBLIC_URL")
    """Where people and vendors reach this installation, without a trailing slash."""
    trusted_proxies: str = Field(default="", validation_alias="TIERDESK_TRUSTED_PROXIES")
    """Addresses whose X-Forwarded-For is believed, with commas; `*` where only the gateway can reach us."""
    object_store: str = Field(default="", validation_alias="TIERDESK_OBJECT_STORE")
    """file:///folder or s3://bucket of attachments."""
    allowed_private_targets: Annotated[frozenset[str], NoDecode] = frozenset()
    """Exact `scheme://host:port` that outgoing HTTP may reach although they are not public https."""
    outgoing_connect_timeout: timedelta = timedelta(seconds=5)
    outgoing_timeout: timedelta = timedelta(seconds=20)
    """An outgoing request in all, its answer included."""
    outgoing_connections: int = 200
    """Outgoing connections open at the same time, of this service in this process."""

    pool_size: int = 5
    """Database connections of this service in this process."""
    lock_timeout: timedelta = timedelta(seconds=5)
    statement_timeout: timedelta = timedelta(seconds=30)
    idle_in_transaction_timeout: timedelta = timedelta(seconds=15)
    relay_poll: timedelta = timedelta(milliseconds=250)
    relay_batch: int = 500
    """Events published in one pass of the relay."""
    publish_timeout: timedelta = timedelta(seconds=10)
    poll_limit: int = 200
    """Events handled in one transaction."""
    fetch_wait: timedelta = timedelta(milliseconds=50)
    """How long the broker holds an empty fetch; partitions drained meanwhile wait for it (one fetch per broker)."""
    session_timeout: timedelta = timedelta(seconds=10)
    rebalance_timeout: timedelta = timedelta(seconds=60)
    progress_timeout: timedelta = timedelta(seconds=60)
    """A consumer with lag that does not advance for so long ends its process."""
    retry_wait: timedelta = timedelta(seconds=1)
    """Wait after a fault of database or broker before trying again."""
    idempotency_window: timedelta = timedelta(days=7)
    housekeeping_every: timedelta = timedelta(minutes=1)
    """How often what is over is looked for and forgotten."""
    drain_timeout: timedelta = timedelta(seconds=20)

    @field_validator("allowed_private_targets", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @property
    def database_name(self) -> str:
        """Database and role of this service."""
        return f"{self.namespace.replace('.', '_')}tierdesk_{self.SERVICE.replace('-', '_')}"

    @property
    def database_url(self) -> str:
        """This service's own database, signed in as its own role."""
        server = urlsplit(self.server_url.get_secret_value())
        host = server.netloc.rpartition("@")[2]
        user = f"{self.database_name}:{self.derived_key('database').hex()}"
        return urlunsplit(("postgresql+asyncpg", f"{user}@{host}", f"/{self.database_name}", server.query, ""))

    def derived_key(self, purpose: str) -> bytes:
        """32 bytes for one purpose of this service (HKDF-SHA256 of the root secret, RFC 5869)."""
        return self.common_key(f"{self.SERVICE}/{purpose}")

    def common_key(self, purpose: str) -> bytes:
        """32 bytes for one purpose that several services share."""
        root = bytes.fromhex(self.secret.get_secret_value())
        return HKDF(SHA256(), 32, salt=None, info=f"tierdesk/{purpose}".encode()).derive(root)
