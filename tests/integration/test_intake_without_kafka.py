"""The broker goes away: intake goes on accepting, and publishes everything, in order, once it is back."""

import asyncio
from datetime import timedelta
from pathlib import Path

from shared.events import issues
from support.infrastructure import own_infrastructure
from support.intake import intake_settings, running_intake
from support.kafka import published
from support.running import rows, wait_until

ISSUES = 20
SOON = timedelta(seconds=60)


async def test_with_kafka_away_issues_are_accepted_and_published_later(tmp_path: Path) -> None:
    async with own_infrastructure() as servers:
        assert servers.broker is not None
        settings = intake_settings(servers, tmp_path, publish_timeout=timedelta(seconds=2))
        async with running_intake(settings, roles=frozenset({"web"})) as intake:
            shop = await intake.application("shop")
            await servers.broker.kill()
            accepted = await asyncio.gather(*(shop.submit() for _ in range(ISSUES)))
            for issue in accepted:
                answer = await shop.post(f"/issues/{issue}/messages", {"text": "Any news?"})
                assert answer.status_code == 202
            assert (await intake.running.client.get("/readyz")).status_code == 200
            await servers.broker.start()

            async def all_sent() -> bool:
                return not await rows(intake.service.db, "SELECT 1 FROM outbox LIMIT 1")

            await wait_until(all_sent, SOON, "the outbox is empty")
        events = await published(settings, "support.issues")
        told = {issue: [type(event.data) for event in events if event.subject == issue] for issue in accepted}
        assert told == {issue: [issues.IssueSubmitted, issues.CustomerReplied] for issue in accepted}
