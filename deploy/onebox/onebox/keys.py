"""The secrets of one instance, made once and kept in a file that only its owner reads."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from onebox.files import write_json


class Secrets:
    """Named secrets in TIERDESK_HOME/secrets.json."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._values: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}

    def get(self, name: str, make: Callable[[], str]) -> str:
        """The secret of that name, made and saved when there is none yet."""
        if name not in self._values:
            self._values[name] = make()
            write_json(self._file, self._values)
        return self._values[name]


def root_secret() -> str:
    """32 random bytes, in hexadecimal."""
    return secrets.token_hex(32)


def staff_signing_key() -> str:
    """A private Ed25519 key as a JSON Web Key."""
    from joserfc.jwk import OKPKey

    key = OKPKey.generate_key("Ed25519", parameters={"use": "sig"}, private=True)
    return json.dumps({**key.as_dict(private=True), "kid": key.thumbprint()})


def staff_public_keys(signing_key: str) -> str:
    """The JSON Web Key Set with the public half, which is all that other services are given."""
    public = {name: value for name, value in json.loads(signing_key).items() if name != "d"}
    return json.dumps({"keys": [public]})
