"""Where things lie: the state of one instance, the downloads that checkouts share, and what PostgreSQL may reach."""

import hashlib
import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
UNPRIVILEGED_USER = "nobody"
SHARED_STATE = Path("/var/lib/tierdesk")
SHARED_CACHE = Path("/var/cache/tierdesk")


@dataclass(frozen=True)
class Places:
    """The folders of one instance. All absolute."""

    home: Path
    cache: Path
    postgres: Path

    @property
    def kafka(self) -> Path:
        return self.home / "kafka"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def objects(self) -> Path:
        return self.home / "objects"

    @property
    def models(self) -> Path:
        """Where administrators put trained models, to be added by the API."""
        return self.home / "models"

    def contents(self) -> tuple[str, ...]:
        """Everything that we put into home: what a reset deletes. Nothing else there is ours. The lock comes last."""
        folders = ("kafka", "logs", "objects", "models", "postgres", "mail")
        return (*folders, *("state.json", "ports.json", "secrets.json", "credentials.json", "installed"), "lock")

    def make(self) -> None:
        """Make the folders. Others may pass through home (PostgreSQL's user must), but not list it."""
        for folder in (self.home, self.cache, self.postgres):
            _make_passable(folder)
        self.home.chmod(0o711)
        for folder in (self.kafka, self.logs, self.objects, self.models):
            folder.mkdir(mode=0o700, exist_ok=True)


def places(environment: Mapping[str, str] = os.environ) -> Places:
    """The folders that TIERDESK_HOME and TIERDESK_CACHE name (relative to the current folder), or the usual ones.

    PostgreSQL refuses to run as root and is then run as an unprivileged user. What that user cannot reach because a
    parent folder is closed (0700) lies under /var instead.
    """
    home = Path(environment.get("TIERDESK_HOME") or CHECKOUT / ".tierdesk").resolve()
    cache = Path(environment.get("TIERDESK_CACHE") or Path.home() / ".cache" / "tierdesk").resolve()
    postgres = home / "postgres"
    if os.geteuid() == 0:
        if not _others_may_pass(cache):
            cache = SHARED_CACHE
        if not _others_may_pass(home):
            postgres = SHARED_STATE / hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Places(home=home, cache=cache, postgres=postgres)


def unprivileged_user() -> int:
    """The user id to run PostgreSQL as, or -1 for the current user."""
    return pwd.getpwnam(UNPRIVILEGED_USER).pw_uid if os.geteuid() == 0 else -1


def _others_may_pass(folder: Path) -> bool:
    """Whether every existing parent lets any user through. What does not exist yet is made by us, open."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.parents if parent.exists())


def _make_passable(folder: Path) -> None:
    """Make a folder and its missing parents so that others may pass, whatever the umask says."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        parent.chmod(0o711)
