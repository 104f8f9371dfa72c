"""Rules of automation: what sets one off, whom it concerns, what none may do, and when one is stopped."""

from datetime import timedelta
from typing import Any

import pytest

from shared.events import issues, vendor, work
from shared.located import WrongFile, located
from shared.vocabulary import IssueState
from support import events, queues
from support.queues import ADA, NOW
from tier_queues import commands as c
from tier_queues import side_commands as side
from tier_queues import tidying_commands as tidy
from tier_queues.automation import Automation, AutomationPlan, Due, Rule, due, fits, lead_by_rule, stopped_because
from tier_queues.automation_faults import faults_of
from tier_queues.automation_trial import touches, untried
from tier_queues.issue import Decision, Issue, Refused, decide

TAG = [{"command": "tag", "content": {"tags": ["seen"]}}]
BY_RULE = work.ByRule(name="tag-it", version=3, chain=("tag-it",))


def rule(**changes: Any) -> Rule:
    return Rule.model_validate({"name": "tag-it", "when": {"fact": "issue-queued"}, "then": TAG} | changes)


def dues(decision: Decision, *rules: Rule, heard: Any = ()) -> list[Due]:
    return list(due(Automation.of(3, rules), decision, heard))


def test_a_fact_sets_off_the_rules_that_name_it_and_no_others() -> None:
    other = rule(name="other", when={"fact": "issue-claimed"})
    (found,) = dues(queues.opened(), rule(), other)
    assert (found.rule, found.version, found.fact_version, found.chain, found.stay) == ("tag-it", 3, 1, (), None)
    claimed = queues.ruled(queues.queued(), c.Claim())
    assert [one.rule for one in dues(claimed, rule(), other)] == ["other"]


def test_what_others_say_sets_off_rules_too() -> None:
    issue, fact = queues.waiting_for_vendor(), vendor.VendorCaseRejected
    rejected = events.vendor_said(fact, case=issue.cases[-1].id, text="Not ours.")
    wanted = rule(when={"fact": "vendor-case-rejected"})
    assert [one.rule for one in dues(queues.told(issue, rejected), wanted, heard=[fact])] == ["tag-it"]
    replied = events.customer_replied()
    found = dues(
        queues.told(queues.assigned(), replied), rule(when={"fact": "customer-replied"}), heard=[issues.CustomerReplied]
    )
    assert [one.fact_version for one in found] == [3]


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"tier": [1, 2]}, True),
        ({"tier": [2]}, False),
        ({"team": ["frontline"]}, True),
        ({"state": ["queued"]}, True),
        ({"state": ["waiting", "resolved"]}, False),
        ({"priority": [4]}, False),
        ({"channel": ["api"]}, True),
        ({"channel": ["phone"]}, False),
        ({"plan": ["basic", "gold"]}, True),
        ({"plan": ["gold"]}, False),
        ({"category": ["billing"]}, False),
        ({"owner": False}, True),
        ({"owner": True}, False),
        ({"tag": ["slow"]}, False),
        ({"words": ["PRINTER", "database"]}, True),
        ({"words": ["the database is"]}, True),
        ({"words": ["data"]}, False),
        ({"tier": [1], "words": ["nothing"]}, False),
    ],
)
def test_all_conditions_must_hold_each_by_any_of_its_values(conditions: dict[str, Any], holds: bool) -> None:
    issue = queues.queued(of=events.submission(title="The Database is gone!"))
    assert fits(rule(**{"if": conditions}).conditions, issue.standing, issue) is holds


def test_a_rule_of_time_is_due_so_long_after_what_must_last_began() -> None:
    queue = rule(name="queue", when={"after": "PT1H", "since": "queued"})
    state = rule(name="state", when={"after": "PT2H", "in": "waiting"})
    silence = rule(name="silence", when={"after": "P7D", "since": "customer-message"})
    found = {one.rule: one for one in dues(queues.opened(), queue, state, silence)}
    assert {name: one.at - NOW for name, one in found.items()} == {
        "queue": timedelta(hours=1),
        "silence": timedelta(days=7),
    }
    waits = queues.ruled(queues.assigned(), queues.wait("customer"))
    assert [one.rule for one in dues(waits, queue, state, silence)] == ["state"]
    still = queues.ruled(waits.issue, c.Note(text="Still."))
    assert dues(still, queue, state, silence) == []
    wrote = queues.told(queues.assigned(), events.customer_replied())
    assert [one.rule for one in dues(wrote, queue, state, silence)] == ["silence"]
    back = queues.ruled(queues.assigned(), c.PutBack(reason="Lunch."))
    assert [one.rule for one in dues(back, queue, state, silence)] == ["queue"]


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"fact": "issue-queued", "after": "PT1H"},
        {"fact": "issue-queued", "since": "queued"},
        {"after": "PT1H"},
        {"after": "PT1H", "in": "waiting", "since": "queued"},
        {"after": 60, "in": "waiting"},
        {"after": "-PT1H", "in": "waiting"},
        {"after": "P400D", "in": "waiting"},
        {"after": "PT1H", "since": "state"},
    ],
)
def test_a_rule_names_a_fact_or_one_time(when: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        rule(when=when)


FILE = """\
rules:
  - name: tag-it
    when: {fact: issue-queued}
    if:
      priority: [1, 2]
    then:
      - command: tag
        content: {tags: [seen]}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("issue-queued", "issue-submitted", 3, "no fact issue-submitted"),
        ("priority: [1, 2]", "priority: [1, 9]", 5, "less than or equal to 5"),
        ("priority", "moon", 5, "Extra inputs"),
        ("priority: [1, 2]", "words: ['!!']", 5, "no word"),
        ("command: tag", "command: dance", 7, "no command dance"),
        ("[seen]", "[]", 7, "tags"),
        ("tag\n        content: {tags: [seen]}", "claim", 7, "never takes an issue"),
        ("tag\n        content: {tags: [seen]}", "accept", 7, "never takes an issue"),
        (
            "tag\n        content: {tags: [seen]}",
            "log-call\n        content: {text: Hello, direction: in}",
            7,
            "a person does",
        ),
        ("tag\n        content: {tags: [seen]}", "add-participant", 7, "name the agent"),
        ("tag\n        content: {tags: [seen]}", "leave", 7, "rule is none"),
        ("    then:", "    then: []\n    other:", 6, "at least 1"),
        (FILE[7:], FILE[7:] * 2, 9, "two rules"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(old: str, new: str, line: int, reason: str) -> None:
    assert located(FILE, "automation.yaml", AutomationPlan, faults_of).rules[0].name == "tag-it"
    with pytest.raises(WrongFile, match=reason) as refused:
        located(FILE.replace(old, new), "automation.yaml", AutomationPlan, faults_of)
    assert refused.value.line == line


def given(issue: Issue, command: c.Command) -> Decision:
    actor = lead_by_rule(BY_RULE, issue)
    return decide(issue, command, actor=actor, now=issue.last_at, policies=queues.POLICIES)


def test_what_a_rule_does_is_marked_as_the_rule_s() -> None:
    decision = given(queues.queued(), tidy.Tag(tags=("seen",)))
    actor = queues.last(decision).actor
    assert (actor.kind, actor.id, actor.by_rule) == ("rule", "rule:tag-it", BY_RULE)
    everywhere = given(queues.waiting_for_customer(), c.PutBack(reason="Nobody answered."))
    assert {entry.fact.actor.by_rule for entry in everywhere.entries} == {BY_RULE}


def test_what_nobody_but_a_person_did_says_nothing_of_rules() -> None:
    assert "by_rule" not in queues.last(queues.ruled(queues.queued(), c.Claim())).model_dump_json()


def test_a_rule_may_do_what_lead_and_owner_may_and_owns_nothing() -> None:
    assert given(queues.assigned(), c.PutBack(reason="It rests.")).issue.state is IssueState.QUEUED
    answer = given(queues.assigned(), c.Reply(text="Please wait."))
    assert answer.issue.owner == ADA.id
    assert answer.issue.participants == queues.assigned().participants
    solved = given(queues.waiting_for_customer(), queues.resolve()).issue
    assert (solved.state, solved.last_owner) == (IssueState.RESOLVED, ADA.id)
    with pytest.raises(Refused):
        given(queues.queued(), queues.resolve())


def test_a_rule_may_ask_for_what_an_issue_waits() -> None:
    rested = queues.ruled(queues.assigned(), queues.wait("customer"))
    found = [
        list(dues(rested, rule(when={"fact": "issue-waiting"}, **{"if": {"waiting_for": [reason]}})))
        for reason in ("customer", "vendor")
    ]
    assert [len(one) for one in found] == [1, 0]


def test_what_a_rule_sets_off_carries_the_chain() -> None:
    tagged = given(queues.queued(), tidy.Tag(tags=("seen",)))
    (found,) = dues(tagged, rule(name="second", when={"fact": "tags-changed"}))
    assert found.chain == ("tag-it",)
    assert found.by_rule.chain == ("tag-it", "second")


@pytest.mark.parametrize(
    ("name", "chain", "runs", "stopped"),
    [
        ("a", (), 0, None),
        ("c", ("a", "b"), 19, None),
        ("a", ("a",), 0, "set off by itself"),
        ("d", ("a", "b", "c"), 0, "set off each other 3 times"),
        ("a", (), 20, "20 times within a day"),
    ],
)
def test_a_loop_is_stopped_with_a_reason(name: str, chain: tuple[str, ...], runs: int, stopped: str | None) -> None:
    one = Due(queues.queued().id, 1, name, 1, chain, NOW)
    reason = stopped_because(one, depth_limit=3, runs=runs, runs_limit=20)
    assert reason is None if stopped is None else stopped in (reason or "")


def test_a_consent_sets_off_rules_by_what_the_customer_said_and_by_what_it_became() -> None:
    issue = queues.after(queues.assigned(), side.OfferRemoteSession(link="https://a.example/1", purpose="See."))
    assert issue.remote is not None
    fact = issues.ConsentGiven(session=issue.remote.id, at=NOW)
    names = [rule(name=name, when={"fact": name}) for name in ("consent-given", "customer-consented")]
    assert [one.rule for one in dues(queues.told(issue, fact), *names, heard=[issues.ConsentGiven])] == [
        "customer-consented",
        "consent-given",
    ]


def facts_of(*decisions: Decision) -> list[work.WorkFact]:
    return [entry.fact for decision in decisions for entry in decision.entries]


def test_a_dry_run_finds_what_would_have_acted_and_when() -> None:
    opened = queues.opened()
    claimed = queues.ruled(opened.issue, c.Claim(), now=NOW + timedelta(minutes=30))
    back = queues.ruled(claimed.issue, c.PutBack(reason="Lunch."), now=NOW + timedelta(minutes=40))
    plan = AutomationPlan(
        rules=(
            rule(name="claimed", when={"fact": "issue-claimed"}),
            rule(name="queue", when={"after": "PT1H", "since": "queued"}),
            rule(name="silence", when={"after": "P7D", "since": "customer-message"}),
        )
    )
    found = touches(plan, back.issue, facts_of(opened, claimed, back), now=NOW + timedelta(days=1))
    assert [(touch.rule.name, touch.at - NOW) for touch in found] == [
        ("claimed", timedelta(minutes=30)),
        ("queue", timedelta(minutes=100)),
    ]


def test_a_dry_run_knows_what_vendors_said_and_tells_of_what_it_cannot_know() -> None:
    issue = queues.waiting_for_vendor()
    rejected = events.vendor_said(vendor.VendorCaseRejected, case=issue.cases[-1].id, text="Not ours.")
    decision = queues.told(issue, rejected)
    plan = AutomationPlan(
        rules=(rule(when={"fact": "vendor-case-rejected"}), rule(name="said", when={"fact": "customer-replied"}))
    )
    assert [touch.rule.name for touch in touches(plan, issue, facts_of(decision), now=NOW)] == ["tag-it"]
    assert untried(plan) == ["said"]
