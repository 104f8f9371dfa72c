"""A client application and an agent who write down what they send before they send it, and then what came of it."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

import httpx2

from shared.ids import new_id
from support.desk import Desk
from support.people import as_command

Kind = Literal["issue", "message", "resolution"]
Outcome = Literal["intended", "ok", "fail", "unknown"]

SENDERS: Final = 4
PACE: Final = timedelta(milliseconds=200)
"""Rest of each sender after each issue, so that the load leaves time for the processes under test."""
PATIENCE: Final = timedelta(seconds=90)
"""How long a patient request is sent again, under the same key, before its outcome counts as unknown."""
AGAIN_AFTER: Final = timedelta(milliseconds=250)
ANSWER_WITHIN: Final = timedelta(seconds=20)
IMPATIENT_EVERY: Final = 7
"""One request in so many is sent once only, whatever comes of it."""
COME_BACK_LATER: Final = frozenset({429, 503})
IN_FLIGHT: Final = "request-in-flight"
"""Too many, a server is away, or the same request is still at work: it may succeed later."""

SUBJECTS: Final = (
    ("I forgot my password", "Please reset my password, I forgot my password and am locked out."),
    (
        "Stack trace after export",
        "There is an internal server error with a stack trace: a bug, an unhandled exception.",
    ),
    ("Outage at Acme Cloud", "Acme Cloud answers with errors since noon; please ask Acme Cloud."),
    ("Our data disappeared", "All data gone after the import: data loss, records are missing."),
)
"""Title and text for Tiers 1, 2, 4 and 3."""


@dataclass
class Intent:
    """A request: written down before it is sent. mark: a word of its own that its effect carries.

    issue: what it is about, or what it made; None while that is not known. effect: id of the message it made.
    """

    kind: Kind
    path: str
    body: dict[str, Any]
    mark: str
    patient: bool
    issue: UUID | None = None
    effect: UUID | None = None
    key: str = field(default_factory=lambda: str(new_id()))
    outcome: Outcome = "intended"
    statuses: list[int] = field(default_factory=list)


@dataclass
class Journal:
    """Everything that was sent, in order. run: begins every mark."""

    desk: Desk
    client: httpx2.AsyncClient
    run: str = field(default_factory=lambda: new_id().hex[-10:])
    intents: list[Intent] = field(default_factory=list)

    def of(self, kind: Kind, outcome: Outcome = "ok") -> list[Intent]:
        """The requests of one kind with one outcome."""
        return [intent for intent in self.intents if (intent.kind, intent.outcome) == (kind, outcome)]

    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return Counter(status for intent in self.intents for status in intent.statuses)

    async def post_issue(self, number: int) -> Intent:
        """Post an issue of a new customer's."""
        title, text = SUBJECTS[number % len(SUBJECTS)]
        mark = f"{self.run}-{number}"
        body = {
            "customer": {"name": "Casey", "email": f"casey.{mark}@customers.example"},
            "title": title,
            "text": text,
            "reference": mark,
        }
        intent = Intent("issue", "/intake/issues", body, mark, number % IMPATIENT_EVERY != 0)
        answer = await self._send(intent, token=self._api_key)
        if answer is not None:
            intent.issue = UUID(answer["id"])
        return intent

    async def post_message(self, about: Intent, number: int) -> Intent:
        """Let the customer of an accepted issue write again."""
        mark = f"{about.mark}-message-{number}"
        path = f"/intake/issues/{about.issue}/messages"
        intent = Intent("message", path, {"text": f"Any news? {mark}"}, mark, about.patient, about.issue)
        answer = await self._send(intent, token=self._api_key)
        if answer is not None:
            intent.effect = UUID(answer["message"])
        return intent

    async def resolve_next(self, token: str) -> bool:
        """Let an agent take what comes first at Tier 1 and solve it. False when nothing is there."""
        claimed = await self._send(
            Intent("resolution", "/tier-queues/tiers/1/claim-next", {}, "", patient=True), token=token, kept=False
        )
        if claimed is None:
            return False
        # A customer who writes again reopens the issue, and it is resolved once more: the mark tells them apart.
        mark = f"{self.run}-resolution-{new_id().hex[-10:]}"
        body = {"resolution": "solved", "text": f"This is solved. {mark}", "confirm": True}
        path = f"/tier-queues/issues/{claimed['id']}/resolve"
        await self._send(Intent("resolution", path, body, mark, patient=True, issue=UUID(claimed["id"])), token=token)
        return True

    @property
    def _api_key(self) -> str:
        key = self.desk.credentials.api_key
        assert key is not None
        return key

    async def _send(self, intent: Intent, *, token: str, kept: bool = True) -> Any:
        """Send until the outcome is known or patience ends. The answer's value when it was accepted, else None."""
        if kept:
            self.intents.append(intent)
        headers = as_command({"authorization": f"Bearer {token}"}, key=intent.key)
        deadline = time.monotonic() + PATIENCE.total_seconds()
        content: dict[str, Any] = {"json": intent.body} if intent.body else {}
        while True:
            try:
                answer = await self.client.post(intent.path, headers=headers, **content)
            except httpx2.TransportError:
                intent.outcome = "unknown"
            else:
                intent.statuses.append(answer.status_code)
                if answer.status_code not in COME_BACK_LATER and IN_FLIGHT not in answer.text:
                    intent.outcome = "ok" if answer.is_success else "fail"
                    return answer.json() if answer.is_success and answer.content else None
                # A refusal for now: this attempt had no effect, an attempt before it may have had one.
                intent.outcome = "unknown"
            if not intent.patient or time.monotonic() > deadline:
                return None
            await asyncio.sleep(AGAIN_AFTER.total_seconds())


async def load(journal: Journal, token: str, enough: asyncio.Event, *, at_least: int) -> None:
    """Post issues, write on and solve some, until `enough` and until so many issues were sent. token: an agent's."""
    numbers = itertools.count(len(journal.of("issue")))
    async with asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(_post(journal, numbers, enough, at_least))
        group.create_task(_solve(journal, token, enough))


async def _post(journal: Journal, numbers: Iterator[int], enough: asyncio.Event, at_least: int) -> None:
    for number in numbers:
        if enough.is_set() and number >= at_least:
            return
        intent = await journal.post_issue(number)
        if intent.outcome == "ok":
            await journal.post_message(intent, 1)
            await journal.post_message(intent, 2)
        await asyncio.sleep(PACE.total_seconds())


async def _solve(journal: Journal, token: str, enough: asyncio.Event) -> None:
    while not enough.is_set():
        await journal.resolve_next(token)
        await asyncio.sleep(PACE.total_seconds())


async def signed_in(journal: Journal) -> str:
    """The token of somebody at Tier 1."""
    who = {"agent": "agent1", "password": journal.desk.credentials.staff["agent1"]}
    answer = await journal.client.post("/tier-queues/session", json=who, headers=as_command({}))
    token: str = answer.raise_for_status().json()["token"]
    return token


def client_of(desk: Desk) -> httpx2.AsyncClient:
    """A client of the desk's APIs, to be closed by the caller."""
    return httpx2.AsyncClient(base_url=desk.url, timeout=ANSWER_WITHIN.total_seconds(), trust_env=False)
