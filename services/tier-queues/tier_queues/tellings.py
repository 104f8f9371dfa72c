"""What is said to the customers of other issues too, as it follows from a decision: soon, as a job.

Not in the decision's transaction: there may be a thousand of them, and who locks more issues now locks out of order.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.events import incidents as about
from shared.events import work
from shared.vocabulary import Resolution
from tier_queues import incidents
from tier_queues.bulk_store import INFORM, Job, NewJob
from tier_queues.commands import Command, Reply, Resolve
from tier_queues.incident_commands import UpdateIncident
from tier_queues.linking import children_of, duplicates_of, informed
from tier_queues.policies import Policies
from tier_queues.record import Decision, Entry, Issue

CUSTOMER: Final = "customer"


def told_of(decision: Decision, command: Command | None = None) -> Iterator[NewJob]:
    """The jobs that a decision makes: an answer, and a reply that says so, for duplicates; what is said of a major
    incident for those that follow it. command: what it was decided on, None for a fact or news of a problem.

    A customer's own word that no answer is needed is nobody else's business.
    """
    for entry in decision.entries:
        fact = entry.fact
        content: dict[str, Any]
        match fact, command:
            case work.IssueResolved(), _ if fact.actor.kind != CUSTOMER:
                content = {"text": fact.text, "actor": fact.actor.model_dump(mode="json")}
                yield from _job(entry, duplicates_of(decision.issue), content)
            case work.IssueReplied(), Reply(to_duplicates=True):
                content = {"text": fact.text, "actor": fact.actor.model_dump(mode="json")}
                yield from _job(entry, duplicates_of(decision.issue), content)
            case about.IncidentUpdated(), UpdateIncident():
                content = {"text": command.text, "incident": True, "then": None}
                yield from _job(entry, children_of(decision.issue), content)
            case about.MajorIncidentEnded(), Resolve():
                content = {"text": command.text, "incident": True, "then": command.children}
                content |= {"resolution": command.resolution}
                yield from _job(entry, children_of(decision.issue), content)


def _job(entry: Entry, issues: Sequence[UUID], content: dict[str, Any]) -> Iterator[NewJob]:
    """version: orders what is said of one master, whenever it is passed on."""
    fact = entry.fact
    if issues and entry.before is not None:
        content |= {"master": str(entry.before.id), "version": fact.standing.version}
        yield NewJob(fact.actor.id, fact.actor.name, INFORM, content, issues, fact.at)


def told(issue: Issue, job: Job, *, now: datetime, policies: Policies) -> Decision:
    """What a part of such a job does to its issue; no entries when the two belong together no longer."""
    content: dict[str, Any] = job.content
    master, text = UUID(content["master"]), content["text"]
    if content.get("incident"):
        # A job from before it was written down answered everybody as solved.
        resolution = Resolution(content.get("resolution", Resolution.SOLVED))
        then = content["then"]
        return incidents.told(issue, master, text, then=then, now=now, policies=policies, resolution=resolution)
    # A job from before they were written down was asked for by an agent.
    usual = {"kind": "agent", "id": job.asked_by, "name": job.asked_by_name}
    actor = work.Actor.model_validate(content.get("actor", usual))
    return informed(issue, master, text, actor=actor, at=now)
