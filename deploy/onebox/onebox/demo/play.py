"""The whole demo: post, work, wait until everything has come to rest, audit."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from onebox.demo.audit import CHECKS, Offender, offenders
from onebox.demo.case import Case, Stuck
from onebox.demo.client import Client, NoAnswer, Refused, client_of
from onebox.demo.customers import Customers, Posted
from onebox.demo.database import Databases, databases_of
from onebox.demo.evidence import Evidence, Reader
from onebox.demo.issues import Draft
from onebox.demo.outcome import Outcome, latencies, per_tier
from onebox.demo.place import Place
from onebox.demo.staff import Staff, sign_in, staff_of
from onebox.demo.stories import Scene
from onebox.demo.vendors import Vendor, vendor_of

STORIES_AT_ONCE: Final = 24
RENEW_EVERY: Final = timedelta(minutes=8)
REST_WITHIN: Final = timedelta(minutes=3)
"""How long mails, views and inboxes may take to catch up after the last story, as long as they advance."""
ADVANCE_WITHIN: Final = timedelta(seconds=15)
"""What is still wrong after so long without any change is not going to become right."""
LOOK_AGAIN: Final = timedelta(seconds=1)


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
        except (Stuck, Refused, NoAnswer) as fault:
            self.broken.append(Offender(f"issue {case.number}", f"{fault}"))


async def play(place: Place, drafts: Sequence[Draft], *, run: str, console: Console) -> Outcome:
    """Play the demo on an instance. Raises Refused, NoAnswer, VendorTaken, VendorDown before the first post."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(place.url))
        staff = await staff_of(client, await sign_in(client, place.admin, place.admin_password))
        stack.push_async_callback(staff.leave)
        vendor = await stack.enter_async_context(vendor_of(client, staff, url=place.vendor_url, port=place.vendor_port))
        customers = Customers(client, place.api_key)
        progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        renewing = asyncio.create_task(_renew(staff))
        try:
            with progress:
                acts = Play(client, staff, customers, vendor, random.Random(run), progress)
                await acts.run(drafts)
            console.print("Auditing …")
            return await _audited(place, acts, began, stack)
        finally:
            renewing.cancel()


async def _renew(staff: Staff) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY.total_seconds())
        await staff.renew()


async def _audited(place: Place, acts: Play, began: float, stack: AsyncExitStack) -> Outcome:
    reader = Reader(acts.client, acts.staff, acts.customers, acts.vendor.log_url, place.mail_url)
    databases, not_checked = await _databases(place, stack)
    if place.mail_url is None:
        not_checked.append("mails (no address of the mail sink was given)")
    different = await acts.customers.repeat_some()
    again = [Offender(f"key {intent.key}", "the same post was answered with other bytes") for intent in different]
    evidence, found = await _at_rest(acts.cases, reader, databases)
    journal = acts.customers.journal
    return Outcome(
        posted=len(journal),
        accepted=sum(intent.outcome == "ok" for intent in journal),
        per_tier=per_tier(evidence),
        handovers=sum(len(each.entries("handover-accepted")) for each in evidence),
        vendor_cases=sum(len(each.entries("issue-forwarded")) for each in evidence),
        mails=sum(len(each.mails or ()) for each in evidence),
        latency_ms=latencies(acts.client.stopwatch, acts.cases, evidence),
        checked=len(evidence),
        offenders=sorted({*acts.broken, *again, *_unanswered(acts.customers), *found}),
        not_checked=not_checked,
        seconds=time.monotonic() - began,
    )


def _unanswered(customers: Customers) -> list[Offender]:
    """Posts that were not accepted: nothing here should refuse them."""
    return [
        Offender(f"post {intent.draft.body['reference']}", f"{intent.outcome}: {_said(intent.answer)}")
        for intent in customers.journal
        if intent.outcome != "ok"
    ]


def _said(answer: object) -> str:
    content = getattr(answer, "content", b"no answer")
    return str(content[:200].decode(errors="replace"))


async def _databases(place: Place, stack: AsyncExitStack) -> tuple[Databases | None, list[str]]:
    if place.database_url is None:
        return None, ["PostgreSQL (no DATABASE_URL was given)"]
    try:
        return await databases_of(stack, place.database_url, namespace=place.namespace), []
    except (OSError, asyncpg.PostgresError) as error:
        return None, [f"PostgreSQL ({error})"]


async def _at_rest(
    cases: Sequence[Case], reader: Reader, databases: Databases | None
) -> tuple[list[Evidence], list[Offender]]:
    """Read until nothing is wrong, or until whatever is wrong has had time enough to become right."""
    began = changed = time.monotonic()
    known: dict[UUID, Evidence] = {}
    before: list[Offender] = []
    doubtful = list(cases)
    while True:
        known |= {each.id: each for each in await reader.read(doubtful)}
        evidence = [known[case.id] for case in cases]
        found = offenders(evidence)
        if databases is not None:
            found += await databases.offenders([case.id for case in cases])
        now = time.monotonic()
        changed, before = (changed if found == before else now), found
        if not found or now > min(changed + ADVANCE_WITHIN.total_seconds(), began + REST_WITHIN.total_seconds()):
            return evidence, found
        await asyncio.sleep(LOOK_AGAIN.total_seconds())
        doubtful = [case for case in cases if any(True for check in CHECKS for _ in check(known[case.id]))]
