"""The audit names every fault that is planted, and nothing where nothing is wrong."""

from typing import Any
from uuid import UUID

import pytest

from onebox.demo.audit import offenders
from support.evidence import ANSWER, CASE, RECEIVED, SOLVED, delivery, entry, evidence, mail, timeline, view

OTHER = UUID("0198a000-0000-7000-8000-000000000002")


def faults(**changes: Any) -> list[str]:
    """What the audit says about issue 1001 with one thing changed."""
    return [offender.fault for offender in offenders([evidence(**changes)])]


def test_an_issue_about_which_everything_agrees_is_no_offender() -> None:
    assert faults() == []


def test_what_could_not_be_read_is_not_held_against_an_issue() -> None:
    assert faults(received=None, mails=None) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"view": None}, "accepted, but unknown to the tiers"),
        ({"places": frozenset()}, "resolved at Tier 1, but found in no list"),
        (
            {"places": frozenset({(1, "resolved"), (2, "queued")})},
            "resolved at Tier 1, but found in Tier 1 resolved, Tier 2 queued",
        ),
        ({"places": frozenset({(2, "resolved")})}, "resolved at Tier 1, but found in Tier 2 resolved"),
        ({"without": [3]}, "its timeline has the versions [1, 2, 4, 5]"),
        ({"view": view(version=6)}, "version is 6, but its last entry says 5"),
        ({"view": view(owner="bruno")}, "owner is bruno, but its last entry says None"),
        ({"decisions": []}, "the router's decisions are for the revisions [] instead of [0]"),
        (
            {"decisions": [{"revision": 0}, {"revision": 0}]},
            "the router's decisions are for the revisions [0, 0] instead of [0]",
        ),
        ({"customer": None}, "its customer cannot see it"),
        ({"customer": {"state": "received"}}, "its customer sees received while it is resolved"),
        ({"customer": {"state": "solved", "owner": {}}}, "its customer sees owner"),
        ({"messages": []}, f"its customer sees “{ANSWER}…” 0 times, it was written 1 times"),
        (
            {"messages": [{"text": ANSWER}, {"text": ANSWER}]},
            f"its customer sees “{ANSWER}…” 2 times, it was written 1 times",
        ),
        ({"received": []}, f"the vendor took case {CASE} under 0 message ids"),
        (
            {"received": [{"case": CASE, "id": "msg_1"}, {"case": CASE, "id": "msg_2"}]},
            f"the vendor took case {CASE} under 2 message ids",
        ),
        ({"mails": [mail(RECEIVED)]}, f"the mail about {SOLVED} was taken 0 times"),
        ({"mails": [mail(RECEIVED), mail(SOLVED), mail(SOLVED)]}, f"the mail about {SOLVED} was taken 2 times"),
        ({"mails": [mail(RECEIVED), mail(SOLVED), mail(CASE)]}, f"a mail came from nowhere: {CASE}"),
        (
            {"deliveries": [delivery("issue-received", RECEIVED)], "mails": [mail(RECEIVED)]},
            "0 mails say solved instead of 1",
        ),
        (
            {"deliveries": [delivery("issue-received", RECEIVED), delivery("issue-solved", SOLVED, state="waiting")]},
            "the mail issue-solved is waiting",
        ),
    ],
)
def test_a_planted_fault_is_named(changes: dict[str, Any], fault: str) -> None:
    assert faults(**changes) == [fault]


def test_a_doubled_or_missing_timeline_is_named() -> None:
    assert "its timeline has the versions [1, 2, 3, 4, 5, 5]" in faults(timeline=[*timeline(), timeline()[-1]])
    assert "its timeline has the versions []" in faults(timeline=[])


def test_an_issue_that_nobody_has_solved_is_named() -> None:
    begun = timeline()[:2]
    queued = view(version=2, state="assigned", owner="clara", cases=[])
    found = faults(
        view=queued,
        timeline=begun,
        places=frozenset({(1, "assigned")}),
        customer={"state": "in_progress"},
        deliveries=[delivery("issue-received", RECEIVED)],
        mails=[mail(RECEIVED)],
        received=[],
    )
    assert found == ["not solved: assigned at Tier 1"]


def test_a_timeline_that_was_not_begun_by_the_routing_is_named() -> None:
    claimed_first = [entry(1, "issue-claimed", "assigned"), *timeline()[1:]]
    assert faults(timeline=claimed_first) == ["its timeline begins with tierdesk.issue-claimed.v1"]


def test_a_timeline_that_goes_back_in_time_is_named() -> None:
    entries = timeline()
    entries[2]["at"] = "2026-11-22T09:00:00Z"
    assert faults(timeline=entries) == ["its timeline goes back in time"]


def test_a_reclassification_needs_a_second_decision() -> None:
    entries = timeline()
    entries[2] = entry(3, "issue-reclassified", "assigned", owner="clara")
    found = faults(timeline=entries, view=view(cases=[]), received=[])
    assert found == ["the router's decisions are for the revisions [0] instead of [0, 1]"]


def test_a_number_that_two_issues_have_is_named() -> None:
    found = offenders([evidence(), evidence(id=OTHER)])
    assert [(each.subject, each.fault) for each in found] == [("issue 1001", "2 issues have this number")]


def test_an_issue_that_was_accepted_twice_is_named() -> None:
    assert "accepted 2 times" in [each.fault for each in offenders([evidence(), evidence()])]
