"""Work given out: whose turn it is, and what becomes of what they do not take."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from shared.events import attention
from tier_queues import skills
from tier_queues.policies import Policies
from tier_queues.record import TIERDESK, Decision, Issue, Pushed
from tier_queues.teams import Push, Team

NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An available agent. load: units in hand, what is given and not taken yet included; turn: of the last push."""

    id: str
    name: str
    tiers: Collection[int]
    teams: Collection[str]
    able: Collection[str]
    capacity: int
    load: int
    turn: datetime | None

    def fits(self, issue: Issue, asked: Sequence[str]) -> bool:
        """Whether the agent works there, can do it, and has room."""
        room = self.load + issue.weight <= self.capacity
        return room and issue.tier in self.tiers and issue.team in self.teams and set(asked) <= set(self.able)


def chosen(issue: Issue, team: Team, candidates: Sequence[Candidate], asked: Sequence[str]) -> Candidate | None:
    """Whose turn it is, or None when nobody has room. asked: the issue's skills that are still asked for.

    Those to whom it was given before come last; by name where nothing else decides.
    """
    fitting = [one for one in candidates if one.fits(issue, asked)]
    fresh = [one for one in fitting if one.id not in issue.pushed_to] or fitting
    if team.push is Push.LEAST_LOADED:
        return min(fresh, key=lambda one: (one.load, one.id), default=None)
    return min(fresh, key=lambda one: (one.turn is not None, one.turn or NEVER, one.id), default=None)


def asked_for(issue: Issue, now: datetime, policies: Policies) -> Sequence[str]:
    """The skills that are still asked for: after each wait one less, the last named first."""
    if policies.skills_wait is None or issue.queued_since is None:
        return issue.asked_skills
    dropped = int((now - issue.queued_since) / policies.skills_wait)
    return issue.asked_skills[: max(len(issue.asked_skills) - dropped, 0)]


def handed_out(
    issues: Sequence[Issue],
    candidates: Sequence[Candidate],
    *,
    passed_by: Collection[tuple[str, UUID]] = (),
    now: datetime,
    policies: Policies,
) -> Iterator[tuple[Issue, Candidate]]:
    """Who is given what, each on what the ones before left.

    issues: in the order in which they are given out. passed_by: agents and what they do not want.
    """
    standing = {one.id: one for one in candidates}
    turns = count(1)
    for issue in issues:
        team = policies.teams.get(issue.team)
        if team is None or team.push is None:
            continue
        asked = asked_for(issue, now, policies)
        willing = [one for one in standing.values() if (one.id, issue.id) not in passed_by]
        taker = chosen(issue, team, willing, asked)
        if taker is not None:
            yield issue, taker
            standing[taker.id] = replace(taker, load=taker.load + issue.weight, turn=turn(now, next(turns)))


def turn(now: datetime, place: int) -> datetime:
    """When an agent had the turn at a place of a round, so that turns of one round differ."""
    return now + timedelta(microseconds=place)


def pushed(issue: Issue, to: Candidate, *, now: datetime, policies: Policies) -> Decision:
    """A queued issue given to an agent for as long as the team says."""
    until = max(now, issue.last_at) + policies.teams[issue.team].accept_within
    tried = issue.pushed_to if to.id in issue.pushed_to else (*issue.pushed_to, to.id)
    dropped = [skill for skill in issue.asked_skills if skill not in to.able]
    return Decision(issue).then(
        attention.IssuePushed,
        actor=TIERDESK,
        at=now,
        change={"pushed": Pushed(to.id, until), "pushed_to": tried},
        private={"dropped_skills": dropped} if dropped else {},
        agent=to.id,
        agent_name=to.name,
        until=until,
    )


def expired(decision: Decision, *, now: datetime) -> Decision:
    """Not taken in time: it is the next one's turn. Unchanged while there is time."""
    given = decision.issue.pushed
    return decision if given is None or given.until > now else ended(decision, cause="timeout", at=now)


def ended(decision: Decision, *, cause: str, at: datetime) -> Decision:
    """The agent does not have it any more; unchanged when it was given to nobody."""
    given = decision.issue.pushed
    if given is None:
        return decision
    return decision.then(
        attention.PushEnded, actor=TIERDESK, at=at, change={"pushed": None}, agent=given.agent, cause=cause
    )


def able(of: Mapping[str, int]) -> frozenset[str]:
    """What can be asked of an agent with these skills."""
    return frozenset(skills.words(of))
