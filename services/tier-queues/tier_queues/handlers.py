"""Every use case that changes an issue: load, decide, save, in one transaction for many at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from shared import directories, idempotency, trace
from shared.auth import Caller
from shared.db import Transaction, Unavailable
from shared.events import Envelope, Fact
from shared.events.directory import VendorListed
from shared.events.routing import IssueRouted
from shared.events.work import ByRule
from shared.idempotency import Answer, Key
from shared.problems import Problem, forbidden, not_found, stale, unexpected
from shared.vocabulary import IssueState, Role
from tier_queues import origins, roster, store
from tier_queues.agents import Agent
from tier_queues.answers import answer_of, problem_of
from tier_queues.automation import lead_by_rule
from tier_queues.circumstances import Circumstances
from tier_queues.commands import AcceptHandover, Claim, Command
from tier_queues.consulted import Consulted, consult
from tier_queues.isolation import attempted
from tier_queues.issue import Decision, Issue, OverCapacity, Refused, WrongTier, decide, heard, open_issue, tick
from tier_queues.linking import mirrored
from tier_queues.overflow import Source, sources_of
from tier_queues.policies import Policies
from tier_queues.roster import Member
from tier_queues.store import Drafts, Locked
from tier_queues.tidying_commands import RELATING, other_of

PUT_OFF: Final = timedelta(minutes=1)
"""Until the deadlines of an issue that could not be dealt with are looked at again."""
TAKING: Final = (Claim, AcceptHandover)
"""The commands that use an agent's capacity."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command as somebody gave it. expected: the version that the caller saw, or None.

    traceparent: of the request, because the transaction that it will share works for many. by_rule: the rule of
    automation that gives it, with the rights of the issue's lead and owner.
    """

    issue: UUID
    command: Command
    caller: Caller
    key: Key
    expected: int | None = None
    traceparent: str | None = field(default_factory=trace.current)
    by_rule: ByRule | None = None


class OneKeyForTwo(Exception):
    """A batch holds one idempotency key for two different requests; each must be looked at alone."""


async def carry_out(tx: Transaction, orders: Sequence[Order], *, policies: Policies) -> Sequence[Answer | Problem]:
    """Take effect of agents' commands, in the order given; a refusal is that command's alone.

    At most seven statements for any number of orders, two more when one forwards to a vendor or names an agent, and
    one for each kind of question or mention among them.
    """
    _check_keys(orders)
    takers = [order.caller.id for order in orders if isinstance(order.command, TAKING)]
    members = await roster.lock_all(tx, takers)
    # A second issue that a command names is locked with the others, so that all are locked in one order.
    others = {other for order in orders if (other := other_of(order.command)) is not None}
    locked = await store.lock(tx, others.union(order.issue for order in orders), claimants=members)
    answered = await idempotency.stored(tx, [order.key for order in orders])
    consulted = await consult(tx, [(order.issue, order.command) for order in orders], locked.issues)
    batch = _Batch(policies, members, locked, answered, consulted, Drafts(automation=policies.automation))
    outcomes = [batch.outcome(order) for order in orders]
    await store.save(tx, batch.drafts)
    await idempotency.store(tx, batch.fresh)
    return outcomes


@dataclass(slots=True)
class _Batch:
    """Commands decided one after the other, each on what the one before left."""

    policies: Policies
    members: dict[str, Member]
    locked: Locked
    answered: dict[tuple[str, str], Answer | Problem]
    consulted: Consulted
    drafts: Drafts
    fresh: list[tuple[Key, Answer]] = field(default_factory=list)

    def outcome(self, order: Order) -> Answer | Problem:
        """Order of checks: the stored answer, whether it exists, whether it is legal now, the expected version."""
        place = (order.key.caller, order.key.key)
        if place in self.answered:
            return self.answered[place]
        issue = self._issue(order.issue)
        if issue is None:
            return not_found()
        # Whatever is wrong with one order, the others do not wait for it.
        outcome = attempted(order.issue, "command", partial(self._decided, order, issue)) or unexpected()
        if isinstance(outcome, Answer):
            self.answered[place] = outcome
            self.fresh.append((order.key, outcome))
        return outcome

    def _decided(self, order: Order, issue: Issue) -> Answer | Problem:
        agent = self._agent(order) if order.by_rule is None else lead_by_rule(order.by_rule, issue)
        if agent is None:
            return forbidden()
        try:
            self.consulted.check(order.command)
            decision = decide(
                issue,
                order.command,
                actor=agent,
                now=self.locked.now,
                policies=self.policies,
                load=self.locked.loads.get(agent.id, 0),
                receiver=self.consulted.receiver(issue, order.command),
                messages=self.consulted.messages(order.command, issue.id, self.drafts.entries),
                mentioned=self.consulted.mentioned(order.command),
                problem=self.consulted.problem(order.command),
                other=self._issue(other_of(order.command)),
                form=self.consulted.form(order.command),
            )
            mirror = self._mirror(order, agent, issue, decision)
        except Refused as refused:
            return problem_of(refused)
        if order.expected is not None and order.expected != issue.version:
            return stale(issue.version)
        self._take(decision, issue, order)
        if mirror is not None:
            self.drafts.take(mirror, traceparent=order.traceparent)
        return answer_of(decision.issue)

    def _issue(self, wanted: UUID | None) -> Issue | None:
        """An issue as the commands before have left it."""
        return None if wanted is None else self.drafts.issues.get(wanted) or self.locked.issues.get(wanted)

    def _mirror(self, order: Order, agent: Agent, before: Issue, decision: Decision) -> Decision | None:
        """What the command does to the second issue that it names, as far as that exists."""
        if not isinstance(order.command, RELATING) or (other := self._issue(other_of(order.command))) is None:
            return None
        given = Circumstances(agent, max(self.locked.now, other.last_at), self.policies)
        return mirrored(other, before, decision.issue, given)

    def _take(self, decision: Decision, before: Issue, order: Order) -> None:
        """Draft what was decided; an owner's load counts for the commands behind it too."""
        self.drafts.take(decision, traceparent=order.traceparent, command=order.command)
        for issue, change in ((before, -1), (decision.issue, 1)):
            if issue.owner is not None and uses_capacity(issue):
                self.locked.loads[issue.owner] = self.locked.loads.get(issue.owner, 0) + change * issue.weight

    def _agent(self, order: Order) -> Agent | None:
        """Who gives the order; None when it would own an issue and is no active agent."""
        if not isinstance(order.command, TAKING):
            return agent_of(order.caller, self.policies)
        member = self.members.get(order.caller.id)
        return agent_of(order.caller, self.policies, member) if member else None


async def claim_next(
    tx: Transaction, caller: Caller, tiers: Collection[int], *, named: bool = False, policies: Policies
) -> Issue | None:
    """Claim what is first in these tiers' queues for this agent, offers included; None when there is nothing.

    named: and of what is offered to the agent by name at other tiers. Order: skills, then priority, then nearest
    deadline. Two agents never get the same issue; neither waits for the other. Raises WrongTier, OverCapacity, Problem
    403 for who is no active agent.
    """
    for tier in tiers:
        if tier not in caller.tiers:
            raise WrongTier("wrong-tier", "You do not work this tier.", tier=tier)
    members = await roster.lock_all(tx, [caller.id])
    if caller.id not in members:
        raise forbidden()
    agent = agent_of(caller, policies, members[caller.id])
    load, elsewhere = await store.load_of(tx, agent.id, caller.tiers)
    if load >= agent.capacity:
        raise OverCapacity("over-capacity", f"You own {load} units, as many as you may.", capacity=agent.capacity)
    sources = sources_of(agent, tiers, room=agent.capacity - load, elsewhere=elsewhere, policies=policies)
    found = await _first_of(tx, sources, agent, policies, named=agent.capacity - load if named else 0)
    if found is None:
        return None
    issue, now, source = found
    drafts = Drafts(automation=policies.automation)
    helper = replace(agent, tiers=agent.tiers | {source.tier})
    drafts.take(decide(issue, Claim(), actor=helper, now=now, policies=policies, load=load, helping=source.because))
    await store.save(tx, drafts)
    return drafts.issues[issue.id]


async def _first_of(
    tx: Transaction, sources: Sequence[Source], agent: Agent, policies: Policies, *, named: int
) -> tuple[Issue, datetime, Source] | None:
    """What comes first in all these queues together, the present, and where it is. named: units of offers by name."""
    offered = await store.lock_offered(tx, agent, room=named) if named else None
    found = [(*offered, Source(offered[0].tier, named))] if offered else []
    for source in sources:
        first = await store.lock_next(tx, source.tier, agent, room=source.room, skills_wait=policies.skills_wait)
        if first is not None:
            found.append((*first, source))
    return min(found, key=lambda one: (one[0].priority, one[0].deadline, one[0].id), default=None)


async def take_facts(tx: Transaction, events: Sequence[Envelope[Any]], *, policies: Policies) -> None:
    """Take effect of what other services said, in the order given. Raises ValueError for a subject that is no issue."""
    await directories.keep(tx, [event.data for event in events if isinstance(event.data, VendorListed)])
    facts = [_About.of(event) for event in events if not isinstance(event.data, VendorListed)]
    if not facts:
        return
    ids = {about.issue for about in facts} | origins.named(about.fact for about in facts)
    routed = {about.issue for about in facts if isinstance(about.fact, IssueRouted)}
    locked, early = await store.lock_with_early(tx, ids, routed=routed)
    drafts = _heard_all(facts, locked, early, policies)
    await store.save(tx, drafts)
    await store.keep_early(tx, [(issue, fact) for issue, waiting in early.items() for fact in waiting])


@dataclass(frozen=True, slots=True)
class _About:
    """A fact about an issue, and the trace it belongs to."""

    issue: UUID
    fact: Fact
    traceparent: str | None

    @classmethod
    def of(cls, event: Envelope[Any]) -> "_About":
        return cls(UUID(event.subject), event.data, event.traceparent)


def _heard_all(facts: Sequence[_About], locked: Locked, early: dict[UUID, list[Fact]], policies: Policies) -> Drafts:
    """Apply facts to the issues they speak of. early: facts without an issue; those that find theirs leave it."""
    drafts, now = Drafts(automation=policies.automation), locked.now
    for about in facts:
        issue = drafts.issues.get(about.issue) or locked.issues.get(about.issue)
        if issue is not None:
            heard_of = heard(issue, about.fact, now=now, policies=policies)
            drafts.take(heard_of, traceparent=about.traceparent, heard=[type(about.fact)])
        elif isinstance(about.fact, IssueRouted):
            before = early.pop(about.issue, ())
            opened = open_issue(about.fact, before, id=about.issue, policies=policies, now=now)
            drafts.take(opened, new=True, traceparent=about.traceparent, heard=[IssueRouted, *map(type, before)])
            origins.relate(opened.issue, about.fact, locked, drafts, traceparent=about.traceparent)
        else:
            early.setdefault(about.issue, []).append(about.fact)
    return drafts


async def take_due(
    tx: Transaction, *, tiers: frozenset[int], others: frozenset[int] | None, limit: int, policies: Policies
) -> int:
    """Do what is due by itself for at most `limit` issues of these tiers. Returns how many changed."""
    drafts, broken = Drafts(automation=policies.automation), []
    for issue, now in await store.lock_due(tx, tiers=tiers, others=others, limit=limit):
        try:
            decision = attempted(issue.id, "deadline", partial(tick, issue, now=now, policies=policies))
        except Unavailable:
            decision = None  # A calendar of its ledger is not read yet: it waits, and the others do not.
        if decision is None:
            broken.append(issue.id)
        elif decision.issue is not issue:
            drafts.take(decision)
    await store.put_off(tx, broken, PUT_OFF)
    await store.save(tx, drafts)
    return len(drafts.issues)


def agent_of(caller: Caller, policies: Policies, member: Member | None = None) -> Agent:
    """Who gives a command. member: their row in the roster, for what takes an issue."""
    assert caller.role is not None, "only staff give commands"
    capacity = member.capacity if member else policies.capacity
    skills = member.skills if member else {}
    led = policies.led_by(caller.id, caller.teams) if caller.role is Role.LEAD else frozenset[str]()
    return Agent(caller.id, caller.name, caller.role, caller.tiers, caller.teams, capacity, skills, led)


def uses_capacity(issue: Issue) -> bool:
    """Whether its owner has it in hand; a cold offer frees the owner."""
    return issue.state in (IssueState.ASSIGNED, IssueState.WAITING) and not issue.held


def _check_keys(orders: Sequence[Order]) -> None:
    digests: dict[tuple[str, str], bytes] = {}
    for order in orders:
        if digests.setdefault((order.key.caller, order.key.key), order.key.digest) != order.key.digest:
            raise OneKeyForTwo(order.key.key)
