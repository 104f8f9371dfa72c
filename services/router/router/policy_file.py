"""PURE. The YAML of a policy: a wrong one is refused with the line and the reason."""

from shared.located import Fault, Path, located
from shared.located import WrongFile as PolicyError

__all__ = ["Fault", "Path", "PolicyError", "located"]
