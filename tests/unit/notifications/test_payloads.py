"""What client applications get."""

import json
from datetime import UTC, datetime

from notifications.notices import About, Notice
from notifications.payloads import payload
from shared.customer_state import CustomerState
from shared.ids import new_id

NOTICE = Notice(
    about=About.REPLIED,
    at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
    state=CustomerState.IN_PROGRESS,
    author="Ada",
    text="Please try again.",
)


def test_a_webhook_holds_the_customers_view_and_nothing_else() -> None:
    issue = new_id()
    assert json.loads(payload(NOTICE, issue=issue, number=1001, reference="order-7")) == {
        "type": "issue-replied",
        "timestamp": "2026-11-02T09:00:00Z",
        "data": {
            "issue": str(issue),
            "number": 1001,
            "reference": "order-7",
            "state": "in_progress",
            "at": "2026-11-02T09:00:00Z",
            "text": "Please try again.",
            "files": [],
        },
    }


def test_a_repeated_webhook_has_the_same_bytes() -> None:
    issue = new_id()
    assert payload(NOTICE, issue=issue, number=1, reference=None) == payload(
        NOTICE, issue=issue, number=1, reference=None
    )
