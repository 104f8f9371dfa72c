"""Words in canned texts that stand for something of the issue, as `{{customer_name}}`. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tier_queues.record import Issue

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


def values_of(issue: Issue, agent_name: str) -> Mapping[str, str]:
    """What the placeholders of an issue stand for."""
    return {"customer_name": issue.customer_name, "issue_number": str(issue.number), "agent_name": agent_name}


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with what its placeholders stand for; one that stands for nothing stays, so that somebody sees it."""
    # In one pass: what a customer calls themselves is never read as a placeholder.
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def filled_all(content: Any, values: Mapping[str, str]) -> Any:
    """JSON values with every text in them filled."""
    if isinstance(content, str):
        return filled(content, values)
    if isinstance(content, dict):
        return {name: filled_all(value, values) for name, value in content.items()}
    return [filled_all(value, values) for value in content] if isinstance(content, list) else content
