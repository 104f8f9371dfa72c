"""The whole demo: post, bring every issue to its end, audit."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from onebox.demo.audit import Offender
from onebox.demo.case import Case, Stuck
from onebox.demo.client import Client, client_of
from onebox.demo.customers import Customers, NeverSeen, Posted
from onebox.demo.database import Databases, databases_of
from onebox.demo.evidence import Reader
from onebox.demo.issues import Draft
from onebox.demo.mails import sink_at
from onebox.demo.outcome import Outcome, outcome_of
from onebox.demo.place import Place
from onebox.demo.review import review
from onebox.demo.staff import Staff, sign_in, staff_of
from onebox.demo.stories import Scene
from onebox.demo.vendors import Vendor, vendor_of
from tierdesk_client import NoAnswer, Refused
from tierdesk_client.connection import ANSWER_WITHIN

STORIES_AT_ONCE: Final = 24
RENEW_EVERY: Final = timedelta(minutes=8)


@dataclass
class Play:
    """A demo under way."""

    client: Client
    staff: Staff
    customers: Customers
    vendor: Vendor
    dice: random.Random
    progress: Progress
    cases: list[Case] = field(default_factory=list)
    broken: list[Offender] = field(default_factory=list)

    async def run(self, drafts: Sequence[Draft]) -> None:
        """Post everything; each issue's story begins as soon as it is accepted."""
        posting = self.progress.add_task("issues posted", total=len(drafts))
        telling = self.progress.add_task("issues brought to an end", total=len(drafts))
        gate = asyncio.Semaphore(STORIES_AT_ONCE)

        async def tell(case: Case) -> None:
            async with gate:
                await self._tell(case)
            self.progress.advance(telling)

        async with asyncio.TaskGroup() as stories:

            def begin(posted: Posted) -> None:
                case = Case(self.client, posted)
                self.cases.append(case)
                self.progress.advance(posting)
                stories.create_task(tell(case))

            await self.customers.post_all(drafts, begin)

    async def _tell(self, case: Case) -> None:
        """One story. What goes wrong in it is one offender and not the end of the demo."""
        dice = random.Random(f"{self.dice.random()}")
        try:
            await Scene(case, self.staff, self.customers, self.vendor.id, dice).play()
        except (Stuck, NeverSeen, Refused, NoAnswer) as fault:
            self.broken.append(Offender(f"issue {case.number}", f"{fault}"))


@dataclass(frozen=True)
class Performance:
    """A demo after its last story, with everything that an audit needs still there."""

    acts: Play
    reader: Reader
    databases: Databases | None
    began: float


async def play(place: Place, drafts: Sequence[Draft], *, run: str, console: Console) -> Outcome:
    """Play the demo on an instance. Raises Refused, NoAnswer, VendorTaken, VendorDown before the first post."""
    async with performed(place, drafts, run=run, console=console) as performance:
        console.print("Auditing …")
        acts = performance.acts
        found = await review(acts.cases, performance.reader, performance.databases)
        seconds = time.monotonic() - performance.began
        return outcome_of(acts.customers.journal, acts.cases, found, acts.broken, acts.client.stopwatch, seconds)


@asynccontextmanager
async def performed(place: Place, drafts: Sequence[Draft], *, run: str, console: Console) -> AsyncIterator[Performance]:
    """Everything but the audit; agents, vendor and connections stay until the block ends. Raises as `play` does."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(place.url))
        staff = await staff_of(client, await sign_in(client, place.admin, place.admin_password))
        stack.push_async_callback(staff.leave)
        renewing = asyncio.create_task(_renew(staff))
        stack.callback(renewing.cancel)
        vendor = await stack.enter_async_context(vendor_of(client, staff, url=place.vendor_url, port=place.vendor_port))
        http = await stack.enter_async_context(
            httpx.AsyncClient(trust_env=False, timeout=ANSWER_WITHIN.total_seconds())
        )
        sink = await sink_at(http, place.mail_url)
        customers = Customers(client, place.api_key)
        with _progress(console) as progress:
            acts = Play(client, staff, customers, vendor, random.Random(run), progress)
            await acts.run(drafts)
        reader = Reader(client, staff, customers, http, vendor.log_url, sink)
        yield Performance(acts, reader, await databases_of(stack, place.database_url, place.namespace), began)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


async def _renew(staff: Staff) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY.total_seconds())
        await staff.renew()
