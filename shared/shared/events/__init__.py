"""Every event of the system, frozen and versioned: the contract between the services."""

from shared.events import (
    attention,
    collaboration,
    deliveries,
    directory,
    forms,
    frontline,
    issues,
    problems,
    promises,
    routing,
    tidying,
    vendor,
    work,
)
from shared.events.base import ENVELOPES, EVENT_LIMIT_BYTES, FACTS, Envelope, Fact, Value, decode

__all__ = [
    "ENVELOPES",
    "EVENT_LIMIT_BYTES",
    "FACTS",
    "Envelope",
    "Fact",
    "Value",
    "attention",
    "collaboration",
    "decode",
    "deliveries",
    "directory",
    "forms",
    "frontline",
    "issues",
    "problems",
    "promises",
    "routing",
    "tidying",
    "vendor",
    "work",
]
