"""Who follows a conversation: those who wrote in it, were added, or introduced the issue to its receiver."""

from typing import Any

from shared.events import collaboration
from tier_queues.agents import Agent
from tier_queues.circumstances import Circumstances
from tier_queues.companions import PARTICIPANTS_LIMIT, joined
from tier_queues.record import Decision, Issue
from tier_queues.refusals import Unacceptable
from tier_queues.side_commands import AddParticipant, Leave


def takes_part(agent: Agent, issue: Issue) -> bool:
    """Whether this agent follows the conversation."""
    return any(one.id == agent.id for one in issue.participants)


def writing(issue: Issue, agent: Agent) -> dict[str, Any]:
    """The change by which who writes takes part; empty when they do already, and for a rule, which nobody can ask."""
    if agent.by_rule is not None:
        return {}
    after = joined(issue.participants, agent.id, agent.name, how="wrote")
    return {} if after is issue.participants else {"participants": after}


def introducing(issue: Issue) -> dict[str, Any]:
    """The change by which the owner stays on the thread after a warm handover, until they leave."""
    if issue.owner is None or issue.owner_name is None:
        return {}
    others = tuple(one for one in issue.participants if one.id != issue.owner)
    return {"participants": joined(others, issue.owner, issue.owner_name, how="introduced")}


def add(decision: Decision, command: AddParticipant, given: Circumstances) -> Decision:
    """An agent follows from now on; who does already still does. Raises Unacceptable."""
    issue = decision.issue
    newcomer = given.agent if command.agent in (None, given.agent.id) else given.receiver
    if newcomer is None:
        raise Unacceptable("unknown-agent", f"There is no agent {command.agent}.")
    if len(issue.participants) >= PARTICIPANTS_LIMIT:
        raise Unacceptable("too-many-participants", f"{PARTICIPANTS_LIMIT} people take part already.")
    return decision.then(
        collaboration.ParticipantJoined,
        actor=given.actor,
        at=given.now,
        change={"participants": joined(issue.participants, newcomer.id, newcomer.name, how="added")},
        agent=newcomer.id,
        agent_name=newcomer.name,
    )


def leave(decision: Decision, command: Leave, given: Circumstances) -> Decision:
    """The agent follows no longer; writing again brings them back."""
    agent = given.agent
    others = tuple(one for one in decision.issue.participants if one.id != agent.id)
    return decision.then(
        collaboration.ParticipantLeft,
        actor=given.actor,
        at=given.now,
        change={"participants": others},
        agent=agent.id,
        agent_name=agent.name,
    )
