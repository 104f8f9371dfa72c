"""What fields hold in the examples of the OpenAPI document: `field`, or `Schema.field`."""

from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "about": "tierdesk.issue-resolved.v1",
    "application": "shop",
    "channel": "webhook",
    "reason": "The address answered 503.",
    "secret": "whsec_dGhpcyBpcyBhbiBleGFtcGxl",
    "topic": "support.work",
}
