"""One issue in the hands of agents: what they see of it, and what they do with it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from onebox.demo.client import Client
from onebox.demo.customers import Posted
from onebox.demo.staff import Agent

ATTEMPTS: Final = 6
"""A command is tried again when the issue has changed under the agent's hands."""
LOOK_AGAIN: Final = timedelta(milliseconds=50)
LOOK_AGAIN_AT_MOST: Final = timedelta(seconds=1)
PATIENCE: Final = timedelta(seconds=60)
"""How long a story waits for something that others do."""

View = Mapping[str, Any]


class Stuck(Exception):
    """An issue did not get to where its story goes on. The message says what was hoped for and how it stands."""


@dataclass
class Case:
    """An issue as its agents know it. said, heard: what support and the customer wrote, in order."""

    client: Client
    posted: Posted
    said: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    version: int | None = None

    @property
    def id(self) -> UUID:
        return self.posted.id

    @property
    def number(self) -> int:
        return self.posted.number

    async def look(self, agent: Agent) -> View | None:
        """How it stands now; None before it is on any tier."""
        view: View | None = await self.client.get(f"/tier-queues/issues/{self.id}", token=agent.token)
        if view is not None:
            self.version = view["version"]
        return view

    async def until(self, agent: Agent, hope: str, reached: Callable[[View], bool] = lambda view: True) -> View:
        """Look again and again until it is reached. Raises Stuck."""
        deadline, wait = time.monotonic() + PATIENCE.total_seconds(), LOOK_AGAIN
        while True:
            view = await self.look(agent)
            if view is not None and reached(view):
                return view
            if time.monotonic() > deadline:
                standing = "on no tier" if view is None else f"{view['state']} at Tier {view['tier']}"
                raise Stuck(f"{hope} was awaited, but it is {standing}")
            await asyncio.sleep(wait.total_seconds())
            wait = min(2 * wait, LOOK_AGAIN_AT_MOST)

    async def claim(self, agent: Agent) -> bool:
        """Try to take it; False when somebody else was faster. Raises Refused."""
        for _ in range(ATTEMPTS):
            answer = await self._send(agent, "claim", {})
            if answer.status < httpx.codes.BAD_REQUEST:
                self.version = answer.value["version"]
                return True
            if answer.status == httpx.codes.CONFLICT:
                return False
            if answer.status != httpx.codes.PRECONDITION_FAILED:
                break
            await self.look(agent)
        raise answer.refusal(f"claim of {self.id} by {agent.id}")

    async def command(self, agent: Agent, name: str, **body: Any) -> View:
        """Give a command, looking again when the issue has changed meanwhile. Raises Refused."""
        for _ in range(ATTEMPTS):
            answer = await self._send(agent, name, body)
            if answer.status < httpx.codes.BAD_REQUEST:
                view: View = answer.value
                self.version = view["version"]
                return view
            if answer.status not in (httpx.codes.CONFLICT, httpx.codes.PRECONDITION_FAILED):
                break
            await asyncio.sleep(LOOK_AGAIN.total_seconds())
            await self.look(agent)
            if name in ("reply", "resolve"):  # what the customer wrote meanwhile has been read now
                body |= {"confirm": True}
        raise answer.refusal(f"{name} of {self.id} by {agent.id}")

    async def _send(self, agent: Agent, name: str, body: Mapping[str, Any]) -> Any:
        return await self.client.send(
            "POST",
            f"/tier-queues/issues/{self.id}/{name}",
            body,
            token=agent.token,
            expected=self.version,
            what=name,
        )

    async def reply(self, agent: Agent, text: str) -> None:
        """Write to the customer."""
        await self.command(agent, "reply", text=text)
        self.said.append(text)

    async def resolve(self, agent: Agent, text: str, resolution: str = "solved") -> None:
        """Answer the issue."""
        await self.command(agent, "resolve", resolution=resolution, text=text)
        self.said.append(text)
