"""What the demo prints."""

import io
import json
from dataclasses import replace

from rich.console import Console

from onebox.demo.audit import Offender
from onebox.demo.outcome import Outcome

GOOD = Outcome(
    posted=3,
    accepted=3,
    per_tier={2: 1, 1: 2},
    handovers=1,
    vendor_cases=1,
    mails=9,
    latency_ms={"post": {"p50": 4.0, "p99": 9.0}},
    checked=3,
    offenders=[],
    not_checked=[],
    seconds=12.34,
)
BAD = replace(GOOD, offenders=[Offender("issue 1001", "not solved: queued at Tier 1")])


def shown(outcome: Outcome) -> str:
    """What a person reads."""
    page = io.StringIO()
    outcome.show(Console(file=page, width=120))
    return page.getvalue()


def test_the_json_object_has_the_promised_members() -> None:
    value = json.loads(GOOD.as_json())
    assert value["posted"] == value["accepted"] == 3
    assert value["per_tier"] == {"1": 2, "2": 1}
    assert (value["handovers"], value["vendor_cases"]) == (1, 1)
    assert value["latency_ms"] == {"post": {"p50": 4.0, "p99": 9.0}}
    assert value["audit"]["checked"] == 3
    assert value["audit"]["offenders"] == []


def test_an_offender_is_listed_and_the_demo_does_not_hold() -> None:
    assert not BAD.holds
    assert json.loads(BAD.as_json())["audit"]["offenders"] == [
        {"subject": "issue 1001", "fault": "not solved: queued at Tier 1"}
    ]
    assert "issue 1001: not solved: queued at Tier 1" in shown(BAD)
    assert "1 offender" in shown(BAD)


def test_a_post_that_was_not_accepted_is_a_failure() -> None:
    assert not replace(GOOD, accepted=2).holds


def test_a_half_of_the_audit_that_was_not_done_is_said() -> None:
    page = shown(replace(GOOD, not_checked=["PostgreSQL (no DATABASE_URL)"]))
    assert "not checked: PostgreSQL (no DATABASE_URL)" in page
    assert "nothing is wrong" in page
