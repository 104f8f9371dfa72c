"""The first sign-ins of an instance: made once, kept in a file that only its owner reads, shown by `up`."""

import json
from pathlib import Path


class Credentials:
    """TIERDESK_HOME/credentials.json."""

    def __init__(self, home: Path) -> None:
        self._file = home / "credentials.json"

    def lines(self) -> list[str]:
        """What to show a person, one line each; nothing before the first installation."""
        if not self._file.exists():
            return []
        return [f"{name:17} {secret}" for name, secret in json.loads(self._file.read_text()).items()]
