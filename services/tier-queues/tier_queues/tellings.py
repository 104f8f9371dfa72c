"""What a command says to the customers of other issues too: soon, as a job.

Not in the command's transaction: there may be a thousand of them, and who locks more issues now locks out of order.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.events import work
from tier_queues import incidents
from tier_queues.agents import Agent
from tier_queues.bulk_store import INFORM, Job, NewJob
from tier_queues.commands import Command, Reply, Resolve
from tier_queues.incident_commands import UpdateIncident
from tier_queues.linking import children_of, duplicates_of, informed
from tier_queues.policies import Policies
from tier_queues.record import Decision, Issue


def told_of(master: Issue, command: Command, agent: Agent, now: datetime) -> Iterator[NewJob]:
    """The jobs that a command makes: an answer, and a reply that says so, for duplicates; what is said of a major
    incident for those that follow it. master: as it was before the command.
    """
    if isinstance(command, Resolve) or (isinstance(command, Reply) and command.to_duplicates):
        content = {"master": str(master.id), "text": command.text, "actor": agent.actor.model_dump(mode="json")}
        if duplicates := duplicates_of(master):
            yield NewJob(agent.id, agent.name, INFORM, content, duplicates, now)
    if not master.major or not isinstance(command, (Resolve, UpdateIncident)):
        return
    then = command.children if isinstance(command, Resolve) else None
    if children := children_of(master):
        following: dict[str, Any] = {"master": str(master.id), "text": command.text, "incident": True, "then": then}
        yield NewJob(agent.id, agent.name, INFORM, following, children, now)


def told(issue: Issue, job: Job, *, now: datetime, policies: Policies) -> Decision:
    """What a part of such a job does to its issue; no entries when the two belong together no longer."""
    content: dict[str, Any] = job.content
    master, text = UUID(content["master"]), content["text"]
    if content.get("incident"):
        return incidents.told(issue, master, text, then=content["then"], now=now, policies=policies)
    # A job from before they were written down was asked for by an agent.
    usual = {"kind": "agent", "id": job.asked_by, "name": job.asked_by_name}
    actor = work.Actor.model_validate(content.get("actor", usual))
    return informed(issue, master, text, actor=actor, at=now)
