"""Any life an issue can have: commands, facts and time in any order never break what always holds."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter

from shared.events import collaboration, issues, work
from shared.events.forms import FormAsked
from shared.ids import new_id
from shared.vocabulary import FAR_FUTURE, Role
from support import every, queues
from support.queues import HOUR, MINUTE, NOW, agent
from tier_queues import clocks, incidents, linking, problem_links, pushing
from tier_queues import commands as c
from tier_queues import frontline_commands as first
from tier_queues import incident_commands as major
from tier_queues import tidying_commands as tidy
from tier_queues.automation import lead_by_rule
from tier_queues.circumstances import Circumstances
from tier_queues.companions import FORMS_LIMIT, OPEN_FORMS_LIMIT
from tier_queues.goals import PICKUP
from tier_queues.issue import TRANSITIONS, Decision, Issue, Refused, allowed_in, decide, heard, tick
from tier_queues.links import Relation
from tier_queues.problem import Topic
from tier_queues.problem_links import Heard
from tier_queues.promises import clock_of, visit
from tier_queues.pushing import Candidate
from tier_queues.record import CASE_OVER
from tier_queues.teams import Push, Step, Team

STEPS = (Step(30 * MINUTE, "lead"), Step(HOUR, "agent", "kim"))
FRONTLINE = Team(
    "frontline",
    frozenset({1}),
    push=Push.ROUND_ROBIN,
    accept_within=5 * MINUTE,
    idle_after=4 * HOUR,
    steps=STEPS,
)
POLICIES = replace(queues.POLICIES, teams={"frontline": FRONTLINE})
"""Those of every test, with a team that is given work, may not let it lie, and is told when nobody takes it."""
ISSUES = TypeAdapter(Issue)
ADA = agent("ada")
KIM = agent("kim", tiers=frozenset({1, 2, 3}), teams=frozenset({"frontline", "technical", "experts"}))
LEA = agent("lea", role=Role.LEAD, tiers=frozenset({1, 2, 3}), teams=KIM.teams)
PEOPLE = (ADA, queues.TIM, queues.EVE, KIM, LEA)
BY_RULE = work.ByRule(name="tag-it", version=3, chain=("tag-it",))
ROUTES: tuple[dict[str, Any], ...] = (
    {},
    {"tier": 2, "impact": "high", "urgency": "high"},
    {"tier": 4, "urgency": "high"},
    {"triage": True},
    {"redirect": "sales"},
    {"impact": "low", "urgency": "low"},
)
OFFERS = (
    queues.offer(),
    queues.offer(mode="warm", target=c.Destination(tier=3, team="experts")),
    queues.offer(target=c.Destination(tier=1)),
    queues.offer(target=c.Destination(agent="kim")),
)
WAITS = ("customer", "fix", "time", "vendor")


class Life(RuleBasedStateMachine):
    """One issue, and a small model beside it: who owns it, and what is owed to nobody twice."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.issue: Issue = queues.queued()
        self.breached: list[str] = []
        self.overdue: list[object] = []
        self.asked: set[object] = set()
        self.answered: set[object] = set()

    @initialize(route=st.sampled_from(ROUTES))
    def open(self, route: dict[str, Any]) -> None:
        decision = queues.opened(policies=POLICIES, **route)
        assert len(decision.entries) == 1
        assert decision.entries[0].fact.before is None
        self.issue = decision.issue

    @rule(minutes=st.integers(0, 2_000))
    def pass_time(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def tick(self) -> None:
        due = self.issue.next_due <= self.now
        decision = tick(self.issue, now=self.now, policies=POLICIES)
        assert bool(decision.entries) == due
        self.take(decision)
        assert self.issue.next_due > self.now
        assert tick(self.issue, now=self.now, policies=POLICIES).entries == ()

    @precondition(lambda self: self.issue.next_due < FAR_FUTURE)
    @rule()
    def nothing_happens_early(self) -> None:
        assert tick(self.issue, now=self.issue.next_due - timedelta(microseconds=1), policies=POLICIES).entries == ()

    @rule(data=st.data(), person=st.sampled_from((*PEOPLE, None)))
    def command(self, data: st.DataObject, person: Any) -> None:
        """By a person, or by a rule of automation."""
        person = person or lead_by_rule(BY_RULE, self.issue)
        names = allowed_in(self.issue, person)
        kind = c.COMMANDS[data.draw(st.sampled_from(names))]
        self.give(next(one for one in every.commands(self.issue) if type(one) is kind), person)

    @rule(position=st.integers(0, len(c.COMMANDS) - 1), person=st.sampled_from(PEOPLE))
    def command_without_asking(self, position: int, person: Any) -> None:
        self.give(every.commands(self.issue)[position], person)

    @rule(follow=st.booleans())
    def incident(self, follow: bool) -> None:
        self.give(major.JoinIncident(master=new_id()) if follow else major.DeclareMajorIncident(reason="All."), LEA)

    @rule(wait=st.booleans())
    def ask_a_form(self, wait: bool) -> None:
        self.give_as_owner(first.AskForm(form="printer", confirm=True, wait=wait))

    @rule(merged=st.booleans())
    def another_issue_joins(self, merged: bool) -> None:
        """It is merged into this one, or follows it; each is linked with the other."""
        other, now = queues.queued(), max(self.now, self.issue.last_at)
        command = tidy.Merge(into=self.issue.id) if merged else major.JoinIncident(master=self.issue.id)
        try:
            joined = decide(other, command, actor=KIM, now=now, policies=POLICIES, other=self.issue).issue
        except Refused:
            return
        self.take(linking.mirrored(self.issue, other, joined, Circumstances(KIM, now, POLICIES)))

    @precondition(lambda self: linking.incident_of(self.issue) is not None)
    @rule(then=st.sampled_from((None, "resolve", "return")))
    def news_of_its_incident(self, then: str | None) -> None:
        master = linking.incident_of(self.issue)
        assert master is not None
        decision = incidents.told(self.issue, master, "It is back.", then=then, now=self.now, policies=POLICIES)
        assert decision.entries
        self.take(decision)

    @precondition(lambda self: self.issue.state == "queued" and self.issue.pushed is None)
    @rule(person=st.sampled_from(PEOPLE))
    def give_out(self, person: Any) -> None:
        able = pushing.able(person.skills)
        taker = Candidate(person.id, person.name, person.tiers, person.teams, able, person.capacity, 0, None)
        for issue, to in pushing.handed_out([self.issue], [taker], now=self.now, policies=POLICIES):
            self.take(pushing.pushed(issue, to, now=self.now, policies=POLICIES))

    @rule(offer=st.sampled_from(OFFERS))
    def offer(self, offer: c.OfferHandover) -> None:
        self.give_as_owner(offer, receiver=KIM)

    @rule(what_for=st.sampled_from(WAITS), minutes=st.integers(1, 2_000))
    def wait(self, what_for: str, minutes: int) -> None:
        self.give_as_owner(queues.wait(what_for, self.now + minutes * MINUTE))

    @rule(position=st.integers(0, len(every.facts(queues.queued())) - 1))
    def fact(self, position: int) -> None:
        fact = every.facts(self.issue)[position]
        decision = heard(self.issue, fact, now=self.now, policies=POLICIES)
        if isinstance(fact, issues.FormAnswered) and fact.form in self.asked:
            self.answered.add(fact.form)
        assert decision.entries
        self.take(decision)

    @rule(topic=st.sampled_from(Topic), resolve=st.booleans(), data=st.data())
    def news_of_a_problem(self, topic: Topic, resolve: bool, data: st.DataObject) -> None:
        linked = [one.id for one in self.issue.problems] or [queues.PROBLEM.id]
        problem = data.draw(st.sampled_from(linked))
        news = Heard(problem, topic, "It is fixed.", resolve, "2026.11", queues.PROBLEM)
        decision = problem_links.heard(self.issue, news, now=self.now, policies=POLICIES)
        assert bool(decision.entries) == bool(self.issue.problems)
        self.take(decision)

    def give_as_owner(self, command: c.Command, **given: Any) -> None:
        owner = next((person for person in PEOPLE if person.id == self.issue.owner), ADA)
        self.give(command, owner, **given)

    def give(self, command: c.Command, person: Any, **given: Any) -> None:
        allowed = allowed_in(self.issue, person)
        given = queues.meant(command) | given
        try:
            decision = decide(self.issue, command, actor=person, now=self.now, policies=POLICIES, **given)
        except Refused:
            return
        assert c.NAME_OF[type(command)] in allowed
        assert decision.issue.state in TRANSITIONS[self.issue.state, type(command)]
        self.take(decision)

    def take(self, decision: Decision) -> None:
        """Follow the issue, and check what its entries say against what came before them."""
        version, at, tier, owner = self.issue.version, self.issue.last_at, self.issue.tier, self.issue.owner
        for entry in decision.entries:
            fact = entry.fact
            assert fact.before == work.Before(tier=tier, owner=owner)
            assert fact.standing.version == version + 1
            assert fact.at >= at
            version, at = fact.standing.version, fact.at
            tier, owner = fact.standing.tier, fact.standing.owner
            self.count(fact)
        assert not decision.entries or decision.issue.standing == decision.entries[-1].fact.standing
        self.issue = decision.issue

    def count(self, fact: work.WorkFact) -> None:
        if isinstance(fact, work.ClockBreached):
            self.breached.append(fact.clock)
            assert fact.due_at <= fact.at
        if isinstance(fact, work.HandoverOverdue):
            self.overdue.append(fact.offer.id)
        if isinstance(fact, FormAsked):
            self.asked.add(fact.form)
        if isinstance(fact, collaboration.ConsultOverdue):
            self.overdue.append(fact.consult)

    @invariant()
    def somebody_owns_what_is_worked(self) -> None:
        issue = self.issue
        if issue.state == "waiting" and issue.owner is None:
            assert issue.waiting_for == "vendor"
            assert any(case.state not in CASE_OVER for case in issue.cases)
        else:
            assert (issue.owner is not None) == (issue.state in ("assigned", "waiting"))
        assert (issue.owner is None) == (issue.owner_name is None)

    @invariant()
    def an_offer_is_pending_only_while_somebody_works_the_issue(self) -> None:
        assert self.issue.offer is None or self.issue.state == "assigned"

    @invariant()
    def what_can_be_claimed_can_be_claimed_by_somebody(self) -> None:
        claimers = [person for person in PEOPLE if "claim" in allowed_in(self.issue, person)]
        if self.issue.pushed is not None:
            assert [person.id for person in claimers] == [self.issue.pushed.agent]
        assert self.issue.queue is not None or not claimers
        if self.issue.state == "queued":
            assert claimers

    @invariant()
    def it_rests_or_ends_for_a_reason(self) -> None:
        issue = self.issue
        assert (issue.waiting_for is None) == (issue.state != "waiting")
        assert issue.wait_until is None or issue.state == "waiting"
        assert (issue.resolution is None) == (not issue.is_over)
        assert (issue.closes_at is None) == (issue.state != "resolved")

    @invariant()
    def clocks_run_rest_and_stop_with_the_issue(self) -> None:
        resolution = self.issue.clocks[1]
        assert resolution.is_met == self.issue.is_over
        assert resolution.is_paused == (self.issue.waiting_for == "customer")
        for clock in self.issue.clocks:
            fresh = clocks.Clock(clock.name, clock.ledger)
            assert clocks.replayed(fresh, POLICIES.calendars) == clock

    @invariant()
    def a_pickup_is_owed_exactly_while_the_issue_waits_for_people_of_a_higher_tier(self) -> None:
        pickup = clock_of(self.issue, PICKUP)
        tier = self.issue.queue.tier if self.issue.queue else None
        assert (pickup is not None and not pickup.is_over) == (tier in (2, 3))
        if pickup is not None and tier in (2, 3):
            assert pickup.round[0].reason == visit(tier)

    @invariant()
    def nobody_is_asked_about_what_is_over(self) -> None:
        assert not self.issue.is_over or self.issue.consults == ()
        assert self.issue.standing.on_hold == any(consult.on_hold for consult in self.issue.consults)

    @invariant()
    def while_nobody_takes_it_the_next_step_comes_until_there_is_none(self) -> None:
        issue = self.issue
        waits = issue.state == "queued" and issue.team == "frontline"
        assert (issue.step_at is not None) == (waits and issue.steps_taken < len(STEPS))

    @invariant()
    def who_leads_an_incident_follows_none_and_follows_only_one(self) -> None:
        followed = [link for link in self.issue.links if link.relation is Relation.CHILD_OF]
        assert len(followed) <= 1
        assert not followed or not (self.issue.major or linking.children_of(self.issue))

    @invariant()
    def what_was_merged_is_the_duplicate_of_one_and_of_nothing_that_is_a_duplicate(self) -> None:
        masters = [link for link in self.issue.links if link.relation is Relation.DUPLICATE_OF]
        assert len(masters) <= 1
        assert not masters or not linking.duplicates_of(self.issue)

    @invariant()
    def a_form_is_open_until_it_is_answered(self) -> None:
        is_open = {form.id for form in self.issue.forms if form.is_open}
        assert is_open == self.asked - self.answered
        assert len(is_open) <= OPEN_FORMS_LIMIT
        assert len(self.issue.forms) <= FORMS_LIMIT

    @rule(tier=st.sampled_from([1, 2, 3]), on_hold=st.booleans())
    def consult(self, tier: int, on_hold: bool) -> None:
        self.give_as_owner(queues.consult(target=c.Destination(tier=tier), on_hold=on_hold))

    @invariant()
    def only_who_works_an_issue_can_be_idle_and_only_what_waits_is_given_to_somebody(self) -> None:
        issue = self.issue
        assert (issue.idle_at is not None) == (issue.state == "assigned" and issue.team == "frontline")
        assert issue.pushed is None or (issue.state == "queued" and issue.pushed.agent in issue.pushed_to)
        assert issue.path == () or issue.path[-1] == (issue.tier, issue.team)

    @invariant()
    def nothing_is_told_twice(self) -> None:
        for clock in self.issue.clocks:
            breaches = [line.kind for line in clock.ledger if line.kind in ("started", "breached")]
            assert ("breached", "breached") not in pairwise(breaches)
            assert breaches.count("breached") == self.breached.count(clock.name)
        assert len(self.overdue) == len(set(self.overdue))

    @invariant()
    def it_survives_being_stored(self) -> None:
        assert ISSUES.validate_json(ISSUES.dump_json(self.issue)) == self.issue


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
