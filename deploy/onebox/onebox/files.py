"""Small files that are there whole or not at all, and that only their owner reads."""

import json
import os
from pathlib import Path


def write_json(file: Path, value: object) -> None:
    """Replace a file by a value as JSON."""
    write_text(file, json.dumps(value, indent=2))


def write_text(file: Path, text: str) -> None:
    """Replace a file. It is on the disk when this returns: a lost secret would need a repair by hand."""
    unfinished = file.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as writer:
        writer.write(text)
        writer.flush()
        os.fsync(writer.fileno())
    unfinished.rename(file)
