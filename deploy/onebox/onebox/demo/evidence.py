"""What is known about one issue of the demo, read from every API after the last story has ended."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx

from onebox.demo.case import Case
from onebox.demo.client import Client
from onebox.demo.customers import Customers
from onebox.demo.mails import Sink
from onebox.demo.staff import Staff

READ_AT_ONCE: Final = 12
LIST_STATES: Final = ("queued", "assigned", "waiting", "resolved", "closed")
TIERS: Final = (1, 2, 3, 4)
PAGE: Final = 200
PAGES_LIMIT: Final = 50
"""A list is read this far: on an instance with other work, the demo's own issues are the newest ended ones."""

ISSUE_IN_REPLY: Final = re.compile(r"reply\+([0-9a-f-]{36})\.")

Row = Mapping[str, Any]
Place = tuple[int, str]
"""Tier and state: a list in which an issue was found."""


@dataclass(frozen=True)
class Evidence:
    """Everything about one issue. None: nobody knows it there, or nobody could be asked.

    received: the vendor's log, every message that it took for this issue's cases. deliveries: what notifications says
    that it sent. mails: what the sink holds of it.
    said, heard: what the demo's agents and customer wrote, in order.
    """

    id: UUID
    number: int
    view: Row | None
    timeline: Sequence[Row]
    places: frozenset[Place]
    decisions: Sequence[Row]
    customer: Row | None
    messages: Sequence[Row]
    received: Sequence[Row] | None
    deliveries: Sequence[Row]
    mails: Sequence[Row] | None
    said: Sequence[str]
    heard: Sequence[str]

    @property
    def facts(self) -> list[Row]:
        """The timeline's facts, oldest first."""
        return [entry["fact"] for entry in self.timeline]

    def entries(self, kind: str) -> list[Row]:
        """The timeline's entries of one type, e.g. `issue-forwarded`."""
        return [entry for entry in self.timeline if entry["type"] == f"tierdesk.{kind}.v1"]


@dataclass
class Reader:
    """Reads evidence. vendor_log: where the vendor tells what it received; sink: the mails, where they can be read."""

    client: Client
    staff: Staff
    customers: Customers
    http: httpx.AsyncClient
    vendor_log: str | None
    sink: Sink | None

    async def read(self, cases: Sequence[Case]) -> list[Evidence]:
        """Evidence about each case, in the same order."""
        places = await self._places({case.id for case in cases})
        received = await self._received()
        mails = await self._mails(cases)
        gate = asyncio.Semaphore(READ_AT_ONCE)

        async def read_one(case: Case) -> Evidence:
            async with gate:
                return await self._read_one(case, places.get(case.id, frozenset()), received, mails)

        return await asyncio.gather(*map(read_one, cases))

    async def mails_waiting(self) -> int:
        """How many mails notifications has still to send, anybody's."""
        backlog = await self.client.get("/notifications/operations/deliveries", token=self.staff.admin.token)
        return sum(int(each["waiting"]) for each in backlog if each["channel"] == "mail")

    async def _read_one(
        self,
        case: Case,
        places: frozenset[Place],
        received: Mapping[str, list[Row]] | None,
        mails: Mapping[str, list[Row]] | None,
    ) -> Evidence:
        token, issue = self.staff.admin.token, case.id
        view = await self.client.get(f"/tier-queues/issues/{issue}", token=token)
        timeline = await self.client.pages(f"/tier-queues/issues/{issue}/timeline", token=token, limit=PAGE)
        decisions = await self.client.get(f"/router/decisions/{issue}", token=token)
        customer = await self.customers.view(issue)
        vendor_cases = [str(each["id"]) for each in (view or {}).get("cases", ())]
        return Evidence(
            id=issue,
            number=case.number,
            view=view,
            timeline=sorted(timeline, key=lambda entry: int(entry["version"])),
            places=places,
            decisions=decisions or (),
            customer=customer,
            messages=await self.customers.messages(issue, customer) if customer else (),
            received=None if received is None else [row for each in vendor_cases for row in received.get(each, ())],
            deliveries=await self.client.pages("/notifications/deliveries", token=token, issue=str(issue), limit=PAGE),
            mails=None if mails is None else mails.get(str(case.id), ()),
            said=tuple(case.said),
            heard=tuple(case.heard),
        )

    async def _places(self, wanted: set[UUID]) -> dict[UUID, frozenset[Place]]:
        """In which lists each issue is found."""
        found: dict[UUID, set[Place]] = {}
        for tier in TIERS:
            for state in LIST_STATES:
                for row in await self._list(tier, state):
                    issue = UUID(row["id"])
                    if issue in wanted:
                        found.setdefault(issue, set()).add((tier, state))
        return {issue: frozenset(places) for issue, places in found.items()}

    async def _list(self, tier: int, state: str) -> list[Row]:
        rows: list[Row] = []
        after: str | None = None
        for _ in range(PAGES_LIMIT):
            page = await self.client.get(
                f"/tier-queues/tiers/{tier}/issues", token=self.staff.admin.token, state=state, limit=PAGE, after=after
            )
            if page is None:
                break
            rows += page["items"]
            after = page["next"]
            if after is None:
                break
        return rows

    async def _received(self) -> dict[str, list[Row]] | None:
        """The vendor's own log, by case."""
        if self.vendor_log is None:
            return None
        rows = (await self.http.get(self.vendor_log)).raise_for_status().json()["received"]
        by_case: dict[str, list[Row]] = {}
        for row in rows:
            by_case.setdefault(str(row["case"]), []).append(row)
        return by_case

    async def _mails(self, cases: Sequence[Case]) -> dict[str, list[Row]] | None:
        """What the sink holds, by issue: its id is part of the address that an answer goes to."""
        if self.sink is None or not await self.sink.holds_all():
            return None
        by_issue: dict[str, list[Row]] = {}
        for address in sorted({case.posted.intent.draft.address for case in cases}):
            for mail in await self.sink.of(address):
                answered = ISSUE_IN_REPLY.search(str(mail["headers"].get("reply-to", "")))
                by_issue.setdefault(answered[1] if answered else "", []).append(mail)
        return by_issue
