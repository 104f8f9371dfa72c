"""How an issue begins."""

import json

import pytest

from shared.events import work
from shared.events.base import EVENT_LIMIT_BYTES
from shared.vocabulary import TEXT_LIMIT
from support import events, queues
from support.queues import NOW, after, facts_of, last, opened, told
from tier_queues import commands as c
from tier_queues.agents import Agent
from tier_queues.policies import Policies


def test_a_routed_issue_waits_in_the_queue_of_its_tier() -> None:
    decision = opened(tier=2)
    assert facts_of(decision) == [work.IssueQueued]
    fact = last(decision)
    assert (fact.cause, fact.triage, fact.before) == ("routed", False, None)
    assert decision.issue.queue == work.Target(tier=2, team="technical")
    assert decision.issue.version == 1


def test_the_customers_words_and_the_reasons_stay_here() -> None:
    decision = opened(of=events.submission(text="The import stops.", form={"file": "a.csv"}))
    entry = decision.entries[0]
    assert entry.private["text"] == "The import stops."
    assert entry.private["form"] == {"file": "a.csv"}
    assert entry.private["because"]
    assert json.dumps(entry.private)
    assert "import stops" not in entry.fact.model_dump_json()


def test_what_the_router_abstains_on_is_for_the_frontline_to_sort() -> None:
    decision = opened(triage=True, tier=3)
    assert last(decision).triage
    assert (decision.issue.tier, decision.issue.team, decision.issue.triage) == (1, "frontline", True)


def test_a_claim_alone_does_not_sort_what_the_router_abstained_on() -> None:
    assert after(queues.assigned(triage=True), c.PutBack(reason="Lunch.")).triage


@pytest.mark.parametrize(
    "sorting",
    [
        [(c.Reclassify(category="bug", reason="It is one."), queues.ADA)],
        [(queues.offer(), queues.ADA), (c.Claim(), queues.TIM)],
        [(queues.resolve(), queues.ADA)],
    ],
    ids=["category", "handover", "answer"],
)
def test_a_person_sorts_what_the_router_abstained_on(sorting: list[tuple[c.Command, Agent]]) -> None:
    issue = queues.assigned(triage=True)
    for command, person in sorting:
        assert issue.triage
        issue = after(issue, command, by=person)
    assert not issue.triage


def test_the_router_may_abstain_again() -> None:
    issue = after(queues.queued(), c.Reclassify(category="bug", reason="It is one."))
    assert told(issue, events.routed(revision=1, triage=True)).issue.triage


def test_what_belongs_elsewhere_is_resolved_with_the_right_channel() -> None:
    decision = opened(redirect="sales@example.com")
    assert facts_of(decision) == [work.IssueResolved]
    assert last(decision).resolution == "redirected"
    assert "sales@example.com" in last(decision).text
    assert all(clock.is_met for clock in decision.issue.clocks)


def test_what_a_vendor_solves_is_forwarded_at_once_and_owned_by_nobody() -> None:
    decision = opened(tier=4)
    fact = last(decision)
    assert facts_of(decision) == [work.IssueForwarded]
    assert (fact.vendor, fact.truncated, fact.standing.waiting_for) == ("acme-cloud", False, "vendor")
    assert [message.text for message in fact.messages] == ["Please reset my password, I cannot sign in any more."]
    issue = decision.issue
    assert (issue.state, issue.owner, issue.tier, issue.minding_tier) == ("waiting", None, 4, 2)
    assert [case.id for case in issue.cases] == [fact.case]


def test_without_a_vendor_tier_4_means_the_tier_that_watches_it() -> None:
    issue = opened(tier=4, vendor=None).issue
    assert (issue.state, issue.tier, issue.team) == ("queued", 2, "technical")


def test_a_tier_that_nobody_works_means_one_that_somebody_does() -> None:
    assert opened(tier=7, team="nobody").issue.tier == 2
    assert opened(tier=7, team="nobody", watching_tier=8).issue.tier == 1


def test_a_tier_that_is_configured_is_used() -> None:
    issue = opened(tier=5, team="wizards", policies=Policies(staffed_tiers=frozenset({1, 5}))).issue
    assert (issue.tier, issue.team) == (5, "wizards")


def test_clocks_start_when_the_issue_was_accepted_however_late_it_is_routed() -> None:
    late = opened(now=NOW + queues.HOUR, impact="high", urgency="high").issue
    assert late.deadline == NOW + 15 * queues.MINUTE
    assert late.last_at == NOW + queues.HOUR


def test_a_clock_that_is_behind_intakes_does_not_bring_times_before_the_acceptance() -> None:
    assert opened(now=NOW - queues.HOUR).issue.last_at == NOW


def test_a_level_of_a_later_version_counts_as_medium() -> None:
    assert opened(impact="catastrophic", urgency="low").issue.priority == 4


def test_the_longest_message_in_the_widest_letters_still_fits_an_event() -> None:
    fact = last(opened(tier=4, of=events.submission(text="\N{PILE OF POO}" * TEXT_LIMIT)))
    assert fact.truncated
    assert 0 < len(fact.messages[0].text) < TEXT_LIMIT
    assert len(fact.model_dump_json().encode()) < EVENT_LIMIT_BYTES
