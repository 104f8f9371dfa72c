"""One running instance and everybody around it: customers, agents of each tier, a vendor, a listening application."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx2
from standardwebhooks import Webhook

from onebox.demo.case import Case
from onebox.demo.client import Client, client_of
from onebox.demo.customers import Customers, Intent, Posted
from onebox.demo.issues import Draft
from onebox.demo.staff import Staff, sign_in, staff_of
from onebox.demo.vendors import NAME, VENDOR
from onebox.ports import LOOPBACK, any_free
from onebox.seed import APPLICATION
from shared.ids import new_id
from support.desk import Desk, desk
from support.infrastructure import Infrastructure
from support.listener import Listener, listener
from support.queue_service import own_namespace
from support.vendor import Received, TestVendor, vendor_server
from support.waiting import until

FIELDS: Final = ("title", "messages", "product", "category")
FIVE_PARTS: Final = {
    "impact": "The customer cannot finish the task.",
    "findings": "It happens each time with the steps that the customer wrote.",
    "tried": "Signed in as a test account and cleared the cache.",
    "ask": "Please find the cause and a way around it.",
    "promised": "An answer today.",
}
FORGOTTEN: Final = ("I forgot my password", "Please reset my password, I forgot my password and am locked out.")
CRASHED: Final = (
    "Stack trace after export",
    "An internal server error with a stack trace: a bug, an unhandled exception.",
)
OUTAGE: Final = ("Outage at Acme Cloud", "Acme Cloud answers with errors since noon; please ask Acme Cloud.")
BUYING: Final = (
    "Talk to sales",
    "We want to talk to sales: please contact sales about a volume discount and book a demo.",
)
"""Title and text of issues for Tiers 1, 2 and 4, and of one for another channel."""


@dataclass
class Vendor:
    """The vendor of Tier 4, played by the test. secrets: what it was told when it was registered."""

    server: TestVendor
    client: Client
    incoming: Webhook
    outgoing: Webhook

    async def case_of(self, case: Case, agent: Any) -> Received:
        """The message that brought the issue's newest case, its signature checked."""
        view = await case.until(agent, "a vendor case", lambda view: bool(view["cases"]))
        number = view["cases"][-1]["id"]

        async def arrived() -> Received | None:
            return next(iter(self.server.of_case(number)), None)

        message = await until(arrived, f"case {number} reaches the vendor")
        self.incoming.verify(message.body, message.headers, json_parse=False)
        return message

    async def says(self, message: Received, state: str, text: str) -> None:
        """Call back about a case."""
        body = json.dumps({"case": message.json["case"], "state": state, "text": text, "reference": "ACME-7"}).encode()
        said, now = new_id().hex, datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": said,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self.outgoing.sign(said, now, body.decode()),
        }
        answer = await self.client.http.post(f"/vendor-bridge/callbacks/{VENDOR}", content=body, headers=headers)
        answer.raise_for_status()


@dataclass
class Town:
    """What a journey needs. demo_vendor_port: where the demo may run its own vendor."""

    desk: Desk
    client: Client
    staff: Staff
    customers: Customers
    vendor: Vendor
    listening: Listener
    hook: Webhook
    demo_vendor_port: int

    async def post(self, written: tuple[str, str], **more: Any) -> Case:
        """A customer's issue, accepted."""
        title, text = written
        email = f"casey.{new_id().hex[-8:]}@customers.example"
        body = {"customer": {"name": "Casey", "email": email}, "title": title, "text": text, **more}
        intent = Intent(Draft(body))
        intent.answer = await self.client.send(
            "POST", "/intake/issues", body, token=self.customers.api_key, key=intent.key
        )
        assert intent.answer.status == 202, intent.answer.content
        told = intent.answer.value
        return Case(self.client, Posted(UUID(told["id"]), told["number"], intent))

    async def taken(self, case: Case, tier: int) -> Any:
        """An agent of the tier who has claimed it there."""
        agent = self.staff.at(tier)
        await case.until(
            agent,
            f"claimable at Tier {tier}",
            lambda view: (
                (view["state"], view["tier"]) == ("queued", tier)
                or (view["offer"] is not None and view["offer"]["target"]["tier"] == tier)
            ),
        )
        assert await case.claim(agent)
        return agent

    async def facts(self, case: Case) -> list[str]:
        """The types of the issue's timeline, oldest first, e.g. `issue-queued`."""
        path = f"/tier-queues/issues/{case.id}/timeline"
        entries = await self.client.pages(path, token=self.staff.admin.token, limit=200)
        ordered = sorted(entries, key=lambda entry: int(entry["version"]))
        return [entry["type"].removeprefix("tierdesk.").removesuffix(".v1") for entry in ordered]

    async def conversation(self, case: Case) -> list[str]:
        """What the customer sees was said after the issue came in, oldest first."""
        view = await self.customers.view(case.id)
        return [message["text"] for message in reversed(await self.customers.messages(case.id, view))]

    async def mails(self, case: Case, *about: str) -> list[str]:
        """Plain texts of the customer's mails, oldest first, once each of these is in the subject or text of one."""
        address = case.posted.intent.draft.address

        async def come() -> list[str] | None:
            async with httpx2.AsyncClient(trust_env=False) as http:
                answer = await http.get(f"{self.desk.mail_url}messages.json", params={"to": address})
            found = [
                mail["subject"] + "\n" + mail["text"] for mail in reversed(answer.raise_for_status().json()["messages"])
            ]
            return found if all(any(word in mail for mail in found) for word in about) else None

        return await until(come, f"mails to {address} about {about}")

    async def heard(self, case: Case, about: str) -> dict[str, Any]:
        """What the client application was told, its signature checked."""

        async def come() -> dict[str, Any] | None:
            for taken in self.listening.taken:
                told = json.loads(taken.body)
                if (told["type"], told["data"]["issue"]) == (about, str(case.id)):
                    headers = {name.decode(): value.decode() for name, value in taken.headers}
                    self.hook.verify(taken.body, headers, json_parse=False)
                    return dict(told)
            return None

        return await until(come, f"the webhook {about}")


@asynccontextmanager
async def town(infrastructure: Infrastructure) -> AsyncIterator[Town]:
    """Everything of it, in a namespace of its own."""
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(own_namespace(infrastructure))
        server = await stack.enter_async_context(vendor_server())
        listening = await stack.enter_async_context(listener())
        port = any_free(set())
        settings = {
            "TIERDESK_VENDOR_BRIDGE_ALLOWED_PRIVATE_TARGETS": f"{server.origin},http://{LOOPBACK}:{port}",
            "TIERDESK_NOTIFICATIONS_ALLOWED_PRIVATE_TARGETS": listening.origin,
        }
        made = await stack.enter_async_context(desk(own, **settings))
        client = await stack.enter_async_context(client_of(made.url))
        staff = await staff_of(client, await sign_in(client, "admin", made.credentials.staff["admin"]))
        api_key = made.credentials.api_key
        assert api_key is not None
        customers = Customers(client, api_key)
        vendor = await registered(client, staff, server)
        hook = await hooked(client, staff, listening)
        yield Town(made, client, staff, customers, vendor, listening, hook, port)


async def registered(client: Client, staff: Staff, server: TestVendor) -> Vendor:
    """The vendor that the router's policy names, at the test's server."""
    body = {
        "id": VENDOR,
        "name": NAME,
        "url": server.url,
        "products": ["Acme Cloud"],
        "fields": list(FIELDS),
    }
    told = await client.post("/vendor-bridge/vendors", body, token=staff.admin.token)
    return Vendor(server, client, Webhook(told["outgoing_secret"]), Webhook(told["callback_secret"]))


async def hooked(client: Client, staff: Staff, listening: Listener) -> Webhook:
    """Let the client application of the first start hear of its issues, once notifications knows of it."""
    path = f"/notifications/webhooks/{APPLICATION}"

    async def put() -> str | None:
        answer = await client.send("PUT", path, {"url": listening.url}, token=staff.admin.token)
        return None if answer.status == 404 else str(answer.value["secret"])

    return Webhook(await until(put, "notifications knows the client application"))
