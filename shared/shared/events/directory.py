"""<service>.directory: slow-changing data that other services keep a copy of; compacted, higher version wins."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import Fact
from shared.vocabulary import Moment, Role, Tier, Word


class Entry(Fact):
    """A snapshot without secrets. `KIND` and `entity` together are the key of the compacted topic."""

    KIND: ClassVar[str]

    entity: str
    version: int

    @property
    def key(self) -> str:
        """The key of the compacted topic, under which only newer snapshots of the same entry replace it."""
        return f"{self.KIND}:{self.entity}"


class ClientApplicationListed(Entry, type="tierdesk.client-application-listed.v1"):
    """A client application that may post issues."""

    KIND: ClassVar[str] = "client-application"

    name: Word
    active: bool


class SessionRevoked(Entry, type="tierdesk.session-revoked.v1"):
    """A staff session whose tokens are refused from now on. entity: the session's id."""

    KIND: ClassVar[str] = "revoked-session"

    session: UUID
    expires_at: Moment
    """When its last token ends by itself and the entry may be forgotten."""


class VendorListed(Entry, type="tierdesk.vendor-listed.v1"):
    """A vendor to whom issues may be forwarded. entity: the vendor's id."""

    KIND: ClassVar[str] = "vendor"

    name: Word
    products: tuple[Word, ...]
    active: bool


class AgentListed(Entry, type="tierdesk.agent-listed.v1"):
    """A member of staff. entity: the sign-in name; address: of their mailbox, if known; leads: teams they lead."""

    KIND: ClassVar[str] = "agent"

    name: Word
    address: str | None = None
    role: Role | str
    tiers: tuple[Tier, ...] = ()
    teams: tuple[Word, ...] = ()
    leads: tuple[Word, ...] = ()
    active: bool


class TeamListed(Entry, type="tierdesk.team-listed.v1"):
    """A team. entity: its name; leads: sign-in names, those of its members with the role where none is named."""

    KIND: ClassVar[str] = "team"

    tiers: tuple[Tier, ...] = ()
    leads: tuple[Word, ...] = ()
    active: bool
