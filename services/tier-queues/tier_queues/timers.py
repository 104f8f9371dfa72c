"""Deadlines: what happens to issues by itself, and the housekeeping of a process."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from shared.db import Database
from shared.service import Role, Timer
from tier_queues import (
    automation_queue,
    automation_work,
    bulk_store,
    bulk_work,
    drafts,
    feature_news,
    handlers,
    leaving,
    overflow_watch,
    passed_by,
    problem_work,
    renewing,
    sessions,
    timeline_walk,
)
from tier_queues.automation_work import Limits
from tier_queues.giving_out import give_out
from tier_queues.presence import Presence
from tier_queues.rules import Rules
from tier_queues.settings import Settings

BACKGROUND: Final[Role] = "background"


def timers(db: Database, settings: Settings, rules: Rules, presence: Presence) -> Sequence[Timer]:
    """Due issues of this process's tiers, what is given out and who helps whom there, and its announcement.

    In the background new promises for open issues, what agents had who left, what problems have to tell, commands for
    many issues, rules of automation, what is read from the timeline, and the forgetting.
    """
    limits = Limits(settings.automation_depth, settings.automation_per_issue)

    async def due() -> bool:
        async with db.transaction() as tx:
            minded = await presence.minded(tx)
            changed = await handlers.take_due(
                tx, tiers=minded.tiers, others=minded.others, limit=settings.timer_batch, policies=rules.policies
            )
        return changed == settings.timer_batch

    async def renew() -> bool:
        async with db.transaction() as tx:
            return await renewing.renew(
                tx, policies=rules.policies, after=settings.promises_lead, limit=settings.promises_batch
            )

    async def put_back() -> bool:
        async with db.transaction() as tx:
            return await leaving.put_back(tx, policies=rules.policies, limit=settings.timer_batch)

    async def tell_news() -> bool:
        async with db.transaction() as tx:
            return await problem_work.tell(tx, policies=rules.policies, limit=settings.news_batch)

    async def count_features() -> bool:
        async with db.transaction() as tx:
            return await feature_news.tell_counted(tx, limit=settings.news_batch)

    async def give() -> bool:
        policies = rules.policies
        if not any(team.push for team in policies.teams.values()):
            return False
        async with db.transaction() as tx:
            minded = await presence.minded(tx)
            given = await give_out(tx, minded, limit=settings.timer_batch, policies=policies)
        return given == settings.timer_batch

    async def bulk() -> bool:
        return await bulk_work.work(db, policies=rules.policies, limit=settings.bulk_batch)

    async def follow() -> bool:
        began = time.monotonic()
        async with db.transaction() as tx:
            more = await timeline_walk.advance(tx, limit=settings.follow_batch)
        if more:
            # While much happens, what is read of it afterwards leaves the machine to those who do it.
            await asyncio.sleep((time.monotonic() - began) * (1 / settings.follow_share - 1))
        return more

    async def automate() -> bool:
        return await automation_work.act(db, policies=rules.policies, limits=limits, limit=settings.automation_batch)

    async def watch() -> bool:
        policies = rules.policies
        if not policies.overflows:
            return False
        async with db.transaction() as tx:
            changed = await overflow_watch.watch(tx, await presence.minded(tx), policies)
        if changed:
            await rules.refresh()
        return False

    async def announce() -> bool:
        async with db.transaction() as tx:
            await presence.announce(tx)
        return False

    async def keep_house() -> bool:
        async with db.transaction() as tx:
            await sessions.forget(tx)
            await passed_by.forget(tx)
            await bulk_store.forget(tx, settings.bulk_kept, limit=settings.forget_batch)
            await automation_queue.forget(tx, settings.automation_kept, limit=settings.forget_batch)
            await drafts.forget(tx, settings.draft_kept, limit=settings.forget_batch)
        return False

    return (
        Timer(settings.timer_poll, due, "due"),
        Timer(settings.timer_poll, give, "give out"),
        Timer(settings.timer_poll, bulk, "bulk", BACKGROUND),
        Timer(settings.automation_poll, automate, "automation", BACKGROUND),
        Timer(settings.overflow_look, watch, "overflow"),
        Timer(settings.rules_look, renew, "renew promises", BACKGROUND),
        Timer(settings.leaving_look, put_back, "put back what the leaving own", BACKGROUND),
        Timer(settings.news_poll, tell_news, "news of problems", BACKGROUND),
        Timer(settings.count_every, count_features, "count feature requests", BACKGROUND),
        Timer(settings.announce_every, announce, "announce"),
        Timer(settings.housekeeping_every, keep_house, "housekeeping", BACKGROUND),
        Timer(settings.follow_every, follow, "follow the timeline", BACKGROUND),
    )
