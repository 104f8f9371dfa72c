"""Why a command is refused. Facts are never refused."""

from typing import Any


class Refused(Exception):
    """The command has no effect. kind: a stable slug; detail: one sentence; more: members for the caller."""

    def __init__(self, kind: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.more = more


class NotAllowed(Refused):
    """Illegal in the issue's present state (409). more: state, allowed (names of commands possible now)."""


class Taken(Refused):
    """Somebody else owns the issue already (409). more: owner, owner_name."""


class NotOwner(Refused):
    """Only the owner, or for some commands the lead, may do this (409). more: owner, owner_name."""


class WrongTier(Refused):
    """The issue waits for another tier, team or agent (403). more: tier, team."""


class OverCapacity(Refused):
    """The agent owns as many issues as they may (409). more: capacity."""


class UnseenMessages(Refused):
    """The customer wrote since the owner last looked, and the reply does not say it was seen (409). more: message."""


class BehindTheScenes(Refused):
    """The issue's team does not write to customers (409). more: team."""


class Unrelatable(Refused):
    """The other issue cannot take it in its present state (409)."""


class Unacceptable(Refused):
    """Legal now, but what it asks for cannot be: an unknown target, a time that has passed (422)."""
