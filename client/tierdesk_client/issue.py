"""An issue as answers tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue at one version. said: everything that the answer tells of it, by field; lists tell less than views."""

    id: UUID
    number: int
    version: int
    state: str
    tier: int
    owner: str | None
    said: Mapping[str, Any]

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Issue":
        """The issue that a JSON object tells of."""
        number, version, state, tier = (said[name] for name in ("number", "version", "state", "tier"))
        return cls(UUID(said["id"]), number, version, state, tier, said.get("owner"), said)
