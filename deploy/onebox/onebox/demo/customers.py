"""The client application: posts issues for its customers, and remembers what it was promised."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from onebox.demo.client import Client
from onebox.demo.issues import Draft
from shared.ids import new_id
from tierdesk_client import Answer, NoAnswer

POSTS_AT_ONCE: Final = 16
REPEATED_SHARE: Final = 10
"""One in so many posts is sent again later, with the same key."""

LOOK_AGAIN: Final = timedelta(milliseconds=100)
PATIENCE: Final = timedelta(seconds=60)

Outcome = Literal["intended", "ok", "fail", "unknown"]


class NeverSeen(Exception):
    """The customer's view did not follow what happened to the issue."""


@dataclass
class Intent:
    """A post: written down before it is sent, and completed by what came of it."""

    draft: Draft
    key: str = field(default_factory=lambda: str(new_id()))
    outcome: Outcome = "intended"
    answer: Answer | None = None


@dataclass(frozen=True)
class Posted:
    """An issue that was accepted, as the client application was told."""

    id: UUID
    number: int
    intent: Intent

    @property
    def answer(self) -> Answer:
        assert self.intent.answer is not None
        return self.intent.answer


@dataclass
class Customers:
    """The customers of one client application, writing through it."""

    client: Client
    api_key: str
    journal: list[Intent] = field(default_factory=list)

    async def post_all(self, drafts: Sequence[Draft], on_accepted: Callable[[Posted], None]) -> None:
        """Post every draft, several at a time; on_accepted is called for each that was accepted."""
        self.journal = [Intent(draft) for draft in drafts]
        waiting = iter(self.journal)

        async def post_some() -> None:
            for intent in waiting:
                posted = await self._post(intent)
                if posted is not None:
                    on_accepted(posted)

        async with asyncio.TaskGroup() as group:
            for _ in range(POSTS_AT_ONCE):
                group.create_task(post_some())

    async def _post(self, intent: Intent) -> Posted | None:
        try:
            answer = await self._send(intent, what="post")
        except NoAnswer:
            intent.outcome = "unknown"
            return None
        intent.answer = answer
        if answer.status != 202:
            intent.outcome = "fail"
            return None
        intent.outcome = "ok"
        return Posted(UUID(answer.value["id"]), answer.value["number"], intent)

    async def _send(self, intent: Intent, *, what: str | None = None) -> Answer:
        return await self.client.send(
            "POST", "/intake/issues", intent.draft.body, token=self.api_key, key=intent.key, what=what
        )

    async def repeat_some(self) -> list[Intent]:
        """Send a sample of the accepted posts again. Returns those that were not answered with the same bytes."""
        accepted = [intent for intent in self.journal if intent.outcome == "ok"]
        different = []
        for intent in accepted[::REPEATED_SHARE]:
            again = await self._send(intent)
            assert intent.answer is not None
            if (again.status, again.content) != (intent.answer.status, intent.answer.content):
                different.append(intent)
        return different

    async def write(self, issue: UUID, text: str) -> None:
        """A further message of the customer."""
        await self.client.post(f"/intake/issues/{issue}/messages", {"text": text}, token=self.api_key, what="message")

    async def withdraw(self, issue: UUID, reason: str) -> None:
        """The customer no longer needs an answer."""
        await self.client.post(f"/intake/issues/{issue}/withdraw", {"reason": reason}, token=self.api_key)

    async def reopen(self, issue: UUID, text: str) -> None:
        """The customer says that it is not solved."""
        await self.client.post(f"/intake/issues/{issue}/reopen", {"text": text}, token=self.api_key)

    async def until(self, issue: UUID, state: str) -> None:
        """Wait until the customer's view says so: who has not seen an answer does not react to it. Raises NeverSeen."""
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while (view := await self.view(issue)) is None or view["state"] != state:
            if time.monotonic() > deadline:
                raise NeverSeen(f"the customer never saw {state}, but {view and view['state']}")
            await asyncio.sleep(LOOK_AGAIN.total_seconds())

    async def view(self, issue: UUID) -> Any:
        """The issue as its customer sees it; None when there is none."""
        return await self.client.get(f"/intake/issues/{issue}", token=self.api_key)

    async def messages(self, issue: UUID, view: Any) -> list[Any]:
        """Everything that was said, as the customer sees it. view: the issue's, with the newest messages."""
        if view["messages"]["next"] is None:
            return list(view["messages"]["items"])
        return await self.client.pages(f"/intake/issues/{issue}/messages", token=self.api_key, limit=200)
