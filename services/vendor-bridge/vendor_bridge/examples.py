"""What fields hold in the examples of the OpenAPI document: `field`, or `Schema.field`."""

from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "CallbackBody.state": "resolved",
    "callback_url": "https://support.example.com/vendor-bridge/callbacks/acme-cloud",
    "id": "acme-cloud",
    "name": "Acme Cloud",
    "reference": "ACME-4711",
    "text": "The disk is replaced.",
    "topic": "support.work",
    "url": "https://support.acme.example.com/cases",
    "vendor_name": "Acme Cloud",
}
