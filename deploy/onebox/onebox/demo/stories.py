"""How agents, customers and a vendor bring one issue to its end: a story for each fate."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from onebox.demo.case import Case, Stuck, View
from onebox.demo.customers import Customers
from onebox.demo.fates import EXPERT_TIER, TECHNICAL_TIER, Fate, fate_of
from onebox.demo.staff import Agent, Staff
from shared.vocabulary import IssueState, WaitingFor

FORWARDS_LIMIT: Final = 3
"""A vendor that asks back is answered so often, then the agent answers the customer without it."""


@dataclass
class Scene:
    """One issue with everybody who has a part in it."""

    case: Case
    staff: Staff
    customers: Customers
    vendor: str
    dice: random.Random

    async def play(self) -> Fate | None:
        """From arrival to resolved. The fate, or None where nobody had a choice. Raises Stuck, Refused, NoAnswer."""
        case = self.case
        view = await case.until(self.staff.admin, "a tier")
        if view["state"] == IssueState.RESOLVED:  # redirected by the router
            return None
        if view["state"] == IssueState.WAITING:
            await self.work_what_the_vendor_answered()
            return None
        fate = fate_of(view["tier"], self.dice)
        await STORIES[fate](self, view["tier"])
        await case.until(self.staff.admin, "resolved", _is(IssueState.RESOLVED, IssueState.CLOSED))
        return fate

    async def take(self, tier: int) -> Agent:
        """Let an agent of a tier claim it from the queue. Raises Stuck when somebody else has it."""
        agent = self.staff.at(tier)
        if not await self.case.claim(agent):
            view = await self.case.look(agent)
            raise Stuck(f"{agent.id} could not claim it: {view}")
        return agent

    async def accept(self, tier: int) -> Agent:
        """Let an agent of a tier take over what is offered."""
        agent = self.staff.at(tier)
        await self.case.command(agent, "accept")
        return agent

    async def solve(self, agent: Agent, *, resolution: str = "solved") -> None:
        """Write to the customer and resolve."""
        await self.case.reply(agent, self.text("Thank you for writing. I have looked into this and will solve it now."))
        await self.case.resolve(agent, self.text("This is solved. Please tell us if you see it again."), resolution)

    async def hand_over(self, agent: Agent, tier: int, *, mode: str = "cold", reason: str = "knowledge") -> None:
        """Offer it to a tier, with the five parts."""
        await self.case.command(
            agent,
            "offer",
            target={"tier": tier},
            mode=mode,
            reason=reason,
            impact="The customer cannot finish the task; nobody else is affected as far as we know.",
            findings=self.text("It happens each time with the steps that the customer wrote."),
            tried="Signed in as a test account, cleared the cache, tried two browsers.",
            ask="Please find the cause and a way around it.",
            promised="An answer today.",
        )

    async def work_what_the_vendor_answered(self) -> None:
        """Nobody owns it: the watching tier takes it when the vendor has spoken."""
        view = await self.case.until(self.staff.admin, "the vendor's answer", _is(IssueState.QUEUED))
        agent = await self.take(view["tier"] if view["tier"] in (1, 2, 3) else TECHNICAL_TIER)
        await self.solve(agent)
        await self.case.until(self.staff.admin, "resolved", _is(IssueState.RESOLVED))

    def text(self, sentence: str) -> str:
        """A sentence that names the issue, so that it can be told from the same one on another."""
        return f"{sentence} (issue {self.case.number})"


def _is(*states: IssueState) -> Callable[[View], bool]:
    return lambda view: view["state"] in states


def _owned_by(agent: Agent) -> Callable[[View], bool]:
    return lambda view: view["state"] == IssueState.ASSIGNED and view["owner"] == agent.id


async def solved(scene: Scene, tier: int) -> None:
    """Claimed, answered, resolved."""
    await scene.solve(await scene.take(tier))


async def raced_for(scene: Scene, tier: int) -> None:
    """Two agents claim at the same moment: one gets it."""
    agents = [scene.staff.at(tier), scene.staff.at(tier)]
    claims = await asyncio.gather(*(scene.case.claim(agent) for agent in agents))
    if sum(claims) != 1:
        raise Stuck(f"{sum(claims)} of two agents who claimed it at the same time got it")
    await scene.solve(agents[claims.index(True)])


async def put_back(scene: Scene, tier: int) -> None:
    """The first agent gives it back, the next one solves it."""
    agent = await scene.take(tier)
    await scene.case.command(agent, "put-back", reason="My shift ends.")
    await scene.solve(await scene.take(tier))


async def asked(scene: Scene, tier: int) -> None:
    """The agent asks, waits, and goes on when the customer has answered."""
    agent, case = await scene.take(tier), scene.case
    await case.reply(agent, scene.text("Which version do you use, and since when does it happen?"))
    await case.command(agent, "wait", **{"for": WaitingFor.CUSTOMER}, reason="We asked for the version.")
    await scene.customers.until(case.id, "waiting_for_you")
    await customer_writes(scene, "Version 5.2.1, since Monday morning.")
    await case.until(agent, "the customer's answer", _owned_by(agent))
    await scene.solve(agent)


async def withdrawn(scene: Scene, tier: int) -> None:
    """The customer has found the answer before anybody looked."""
    await scene.customers.withdraw(scene.case.id, "We have found it ourselves, thank you.")


async def reopened(scene: Scene, tier: int) -> None:
    """Resolved, but not for the customer: it goes to its last owner, or back to the queue."""
    await solved(scene, tier)
    await scene.customers.until(scene.case.id, "solved")
    text = scene.text("Sorry, it is still the same.")
    await scene.customers.reopen(scene.case.id, text)
    scene.case.heard.append(text)
    view = await scene.case.until(scene.staff.admin, "work again", _is(IssueState.QUEUED, IssueState.ASSIGNED))
    queued = view["state"] == IssueState.QUEUED
    await scene.solve(await scene.take(view["tier"]) if queued else scene.staff.named(view["owner"]))


async def reclassified(scene: Scene, tier: int) -> None:
    """The agent knows the category better than the router, which decides again; the owner keeps the issue."""
    agent = await scene.take(tier)
    await scene.case.command(agent, "reclassify", category="basic_usage", reason="It is a question of usage.")
    await scene.solve(agent)


async def handed_up(scene: Scene, tier: int) -> None:
    """Cold: the next tier accepts and solves it."""
    await scene.hand_over(await scene.take(tier), tier + 1)
    await scene.solve(await scene.accept(tier + 1))


async def introduced(scene: Scene, tier: int) -> None:
    """Warm: the introducer stays until the technician has accepted."""
    agent = await scene.take(tier)
    await scene.hand_over(agent, tier + 1, mode="warm")
    await scene.case.reply(agent, scene.text("I introduce you to a colleague who knows this part best."))
    await scene.solve(await scene.accept(tier + 1))


async def returned(scene: Scene, tier: int) -> None:
    """The receiver has a question; the owner answers it and offers again."""
    agent, receiver = await scene.take(tier), scene.staff.at(tier + 1)
    await scene.hand_over(agent, tier + 1)
    await scene.case.command(receiver, "return", question="Does it happen with a new account as well?")
    await scene.case.command(agent, "note", text="It does, tried with a new account.")
    await scene.hand_over(agent, tier + 1)
    await scene.solve(await scene.accept(tier + 1))


async def handed_down(scene: Scene, tier: int) -> None:
    """A lower tier can solve it: offered downwards, with findings."""
    await scene.hand_over(await scene.take(tier), tier - 1, reason="workload")
    await scene.solve(await scene.accept(tier - 1))


async def handed_up_twice(scene: Scene, tier: int) -> None:
    """From Tier 1 over Tier 2 to the experts."""
    agent = await scene.take(tier)
    for rung in range(tier + 1, EXPERT_TIER + 1):
        await scene.hand_over(agent, rung, reason="defect")
        agent = await scene.accept(rung)
    await scene.solve(agent)


async def forwarded(scene: Scene, tier: int) -> None:
    """A vendor is asked; the owner stays, and goes on with the vendor's answer."""
    agent, case = await scene.take(tier), scene.case
    for _ in range(FORWARDS_LIMIT):
        await case.command(agent, "forward", vendor=scene.vendor, ask="Please tell us the cause and when it is mended.")
        await case.until(agent, "the vendor's answer", _owned_by(agent))
        if not await _vendor_asked(scene, agent):
            break
    await scene.solve(agent)


async def _vendor_asked(scene: Scene, agent: Agent) -> bool:
    """Whether the vendor's last word is a question."""
    timeline = await scene.case.client.pages(
        f"/tier-queues/issues/{scene.case.id}/timeline", token=agent.token, limit=200
    )
    words: list[Any] = [entry["fact"]["what"] for entry in timeline if "what" in entry["fact"]]
    return bool(words) and words[-1] == "updated"


async def customer_writes(scene: Scene, sentence: str) -> None:
    """The customer writes."""
    text = scene.text(sentence)
    await scene.customers.write(scene.case.id, text)
    scene.case.heard.append(text)


STORIES: Final[Mapping[Fate, Callable[[Scene, int], Awaitable[None]]]] = {
    Fate.SOLVED: solved,
    Fate.RACED_FOR: raced_for,
    Fate.PUT_BACK: put_back,
    Fate.ASKED: asked,
    Fate.WITHDRAWN: withdrawn,
    Fate.REOPENED: reopened,
    Fate.RECLASSIFIED: reclassified,
    Fate.HANDED_UP: handed_up,
    Fate.INTRODUCED: introduced,
    Fate.RETURNED: returned,
    Fate.HANDED_DOWN: handed_down,
    Fate.HANDED_UP_TWICE: handed_up_twice,
    Fate.FORWARDED: forwarded,
}
