"""Agents whom a note names, as in `@grace`. Pure."""

import re
from typing import Final

MENTIONS_LIMIT: Final = 20
"""Agents that one note can call; further names are only text."""

# Behind a letter or digit the sign belongs to a mail address; a dot or a dash at the end belongs to the sentence.
_MENTION: Final = re.compile(r"(?<![\w.@+-])@([a-z0-9](?:[a-z0-9._@-]{0,58}[a-z0-9])?)")


def mentioned(text: str) -> tuple[str, ...]:
    """Sign-in names that a text calls, each once, in the order of their first call; whether they exist is not known."""
    return tuple(dict.fromkeys(_MENTION.findall(text)))[:MENTIONS_LIMIT] if "@" in text else ()
