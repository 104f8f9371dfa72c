"""What fields hold in the examples of the OpenAPI document: `field`, or `Schema.field`."""

from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "body": "The export stops at 80 % with an error.",
    "category": "import_export",
    "form": {"browser": "Firefox 131"},
    "key": "0193f0a1-7c3e-7b52-9d4e-2f6a8b1c0d3e",
    "media_type": "text/plain",
    "name": "Grace Hopper",
    "Attachment.name": "export.log",
    "product": "shop",
    "reason": "It works again since this morning.",
    "reference": "ORDER-4711",
    "source": "web",
    "status_url": "/intake/issues/0193f0a1-7c3e-7b52-9d4e-2f6a8b1c0d3e",
    "text": "Since this morning the export to CSV stops at 80 % with an error.",
    "title": "CSV export fails",
    "topic": "support.issues",
    "type": "tierdesk.issue-submitted.v1",
    "customer": {"email": "grace@example.com", "name": "Grace Hopper"},
    "granted": True,
    "score": 5,
    "comment": "Quick and friendly, thank you.",
    "ReopenBody.text": "It stops again.",
}
