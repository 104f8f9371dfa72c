"""What a command comes with, besides its own content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events import work
from tier_queues.agents import Agent
from tier_queues.companions import Form
from tier_queues.policies import Policies
from tier_queues.problem import Problem
from tier_queues.record import Issue


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who asks, when, and by which rules.

    load: units the agent owns that no cold offer frees. receiver: the agent that an offer names, if they exist.
    messages: what customer and staff wrote to each other, oldest first; needed to forward. mentioned: active agents
    whom a note names. helping: why the agent's tier takes this from a tier that is too busy, if that is so.
    problem, other, form: the problem, the second issue and the form that a command names, if they exist.
    """

    agent: Agent
    now: datetime
    policies: Policies
    load: int = 0
    receiver: Agent | None = None
    messages: Sequence[work.PublicMessage] = ()
    mentioned: Sequence[Agent] = ()
    helping: str | None = None
    problem: Problem | None = None
    other: Issue | None = None
    form: Form | None = None

    @property
    def actor(self) -> work.Actor:
        """The agent as facts name them."""
        return self.agent.actor
