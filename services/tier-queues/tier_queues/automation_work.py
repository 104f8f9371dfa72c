"""Rules act: in the order in which they were set off, each exactly once whatever crashes, all its commands or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID

from shared.auth import Caller
from shared.db import Database, Transaction
from shared.idempotency import Key
from shared.outbox import EventTooLarge
from shared.problems import Problem, conflict, invalid
from shared.vocabulary import Role
from tier_queues import automation_queue, automation_store, custody, handlers, macros, store
from tier_queues.automation import Due, Rule, fits, marked, stopped_because
from tier_queues.automation_queue import DONE, REFUSED, STOPPED, Acted, Outcome
from tier_queues.commands import COMMANDS
from tier_queues.handlers import Order
from tier_queues.issue import Decision
from tier_queues.placeholders import values_of
from tier_queues.policies import Policies
from tier_queues.store import Drafts, Locked
from tier_queues.tidying_commands import other_of

ALONE: Final = 1
LOOP: Final = "automation-stopped"
"""Why a lead is alerted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """depth: how many rules may set off each other; per_issue: how often rules may act on an issue within a day."""

    depth: int
    per_issue: int


class _Refused(Exception):
    """Some of the rules tried are refused: nothing has happened, and the others are tried without them."""

    def __init__(self, problems: Mapping[int, Problem]) -> None:
        super().__init__(sorted(problems))
        self.problems = problems


async def act(db: Database, *, policies: Policies, limits: Limits, limit: int) -> bool:
    """Let at most `limit` rules that are due act. Returns whether there may be more to do.

    What they do and that they did it are one transaction. What is refused is found by trying, and tried once more
    without it, so that the refusal of one rule leaves nothing behind and keeps nobody else waiting.
    """
    refused: dict[int, Problem] = {}
    while True:
        acting = _Acting(policies, limits, refused)
        try:
            async with db.transaction() as tx:
                return await acting.batch(tx, limit)
        except _Refused as found:
            refused |= found.problems
        except EventTooLarge:
            # One of them has too much to tell: they go one by one, until it is the first.
            if limit == ALONE:
                refused |= {due.id: invalid("Together this is too long to be passed on.") for due in acting.dues}
            limit = ALONE


@dataclass(slots=True)
class _Acting:
    """One attempt. refused: ids of what need not be tried again, and why."""

    policies: Policies
    limits: Limits
    refused: Mapping[int, Problem]
    dues: Sequence[Due] = ()
    runs: list[tuple[Due, Outcome, Problem | None]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    tried: list[tuple[Due, Rule, range]] = field(default_factory=list)

    async def batch(self, tx: Transaction, limit: int) -> bool:
        """Act on what comes first. Returns whether there was as much as was asked for. Raises _Refused."""
        if not await automation_queue.begin(tx):
            return False
        self.dues = await automation_queue.following(tx, limit)
        if not self.dues:
            return False
        rules = await _rules(tx, self.dues)
        locked = await store.lock(tx, _touched(self.dues, rules))
        lasting = await automation_queue.lasting(tx, self.dues)
        acted = await automation_queue.acted(tx, locked.issues)
        alerts = Drafts(automation=self.policies.automation)
        for due in self.dues:
            rule = rules.get((due.version, due.rule))
            if rule is not None and self._is_wanted(due, rule, locked, lasting):
                acted[due.issue] = self._sort(due, rule, locked, acted.get(due.issue, Acted()), alerts)
        await store.save(tx, alerts)
        await self._carry_out(tx)
        await automation_queue.end(tx, self.dues, sorted(self.runs, key=lambda run: (run[0].at, run[0].id)))
        return len(self.dues) == limit

    def _is_wanted(self, due: Due, rule: Rule, locked: Locked, lasting: frozenset[int]) -> bool:
        """A rule of time acts when all has lasted that must, and the issue is then as the rule wants it."""
        issue = locked.issues.get(due.issue)
        if issue is None or due.stay is None:
            return issue is not None
        return due.id in lasting and fits(rule.conditions, issue.standing, issue)

    def _sort(self, due: Due, rule: Rule, locked: Locked, acted: Acted, alerts: Drafts) -> Acted:
        """Into what is stopped, what was refused, and what is tried. Returns what rules did within a day then."""
        limits = self.limits
        reason = stopped_because(due, depth_limit=limits.depth, runs=acted.times, runs_limit=limits.per_issue)
        if reason is not None:
            self.runs.append((due, STOPPED, conflict(LOOP, reason)))
            if not acted.stopped:
                self._alert(due, locked, alerts)
            return Acted(acted.times + 1, stopped=True)
        if (problem := self.refused.get(due.id)) is not None:
            self.runs.append((due, REFUSED, problem))
        else:
            self._order(due, rule, locked)
        return Acted(acted.times + 1, acted.stopped)

    def _alert(self, due: Due, locked: Locked, alerts: Drafts) -> None:
        issue = locked.issues[due.issue]
        told = custody.alerted(Decision(issue), LOOP, tier=issue.tier, team=issue.team, policies=self.policies)
        alerts.take(marked(told, due.by_rule))

    def _order(self, due: Due, rule: Rule, locked: Locked) -> None:
        """Add the rule's commands. Raises _Refused when its texts become too long."""
        issue = locked.issues[due.issue]
        try:
            commands = macros.commands_of(rule.then, values_of(issue, due.rule))
        except Problem as problem:
            raise _Refused({due.id: problem}) from problem
        caller = Caller("rule", due.rule, due.rule, Role.LEAD)
        start = len(self.orders)
        for place, command in enumerate(commands):
            name = f"{due.id}\n{place}"
            key = Key(caller.key, name, sha256(name.encode()).digest())
            self.orders.append(Order(due.issue, command, caller, key, by_rule=due.by_rule))
        self.tried.append((due, rule, range(start, len(self.orders))))

    async def _carry_out(self, tx: Transaction) -> None:
        if not self.orders:
            return
        outcomes = await handlers.carry_out(tx, self.orders, policies=self.policies)
        problems: dict[int, Problem] = {}
        for due, rule, places in self.tried:
            for place in places:
                outcome = outcomes[place]
                if isinstance(outcome, Problem):
                    problems.setdefault(due.id, macros.at_step(outcome, rule.then, place - places.start))
        if problems:
            raise _Refused(problems)
        self.runs.extend((due, DONE, None) for due, _, _ in self.tried)


async def _rules(tx: Transaction, dues: Sequence[Due]) -> dict[tuple[int, str], Rule]:
    """What is due, by version and name, without the rules that are gone from the version in force."""
    found = await automation_store.with_newest(tx, {due.version for due in dues})
    standing = {raw["name"] for raw in found[max(found)].rules} if found else set()
    return {
        (number, rule.name): rule
        for number, version in found.items()
        for rule in version.readable()
        if rule.name in standing
    }


def _touched(dues: Sequence[Due], rules: Mapping[tuple[int, str], Rule]) -> set[UUID]:
    """The issues that are acted on, and those that commands name, so that all are locked in one order."""
    touched = {due.issue for due in dues}
    for due in dues:
        rule = rules.get((due.version, due.rule))
        for step in rule.then if rule is not None else ():
            other = other_of(COMMANDS[step.command].model_validate(step.content))
            touched |= {other} if other is not None else set()
    return touched
