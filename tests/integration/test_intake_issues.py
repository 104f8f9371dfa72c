"""Client applications post issues and follow them, on a real database and broker."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.vocabulary import new_id
from support.infrastructure import Infrastructure
from support.intake import ADA, ISSUE, Intake, Shop, intake_settings, running_intake
from support.running import rows

SCALE = float(os.environ.get("TIERDESK_CHAOS_SCALE", "0.1"))
KEYS = max(20, int(1000 * SCALE))
SENDS_PER_KEY = 50


@pytest.fixture(scope="module")
async def intake(infrastructure: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Intake]:
    async with running_intake(intake_settings(infrastructure, tmp_path_factory.mktemp("files"))) as started:
        yield started


@pytest.fixture
async def shop(intake: Intake) -> Shop:
    return await intake.application("shop")


@pytest.fixture
async def bank(intake: Intake) -> Shop:
    return await intake.application("bank")


async def test_an_accepted_issue_can_be_followed_at_once(shop: Shop) -> None:
    answer = await shop.post("/issues", ISSUE, reference="order 7")
    assert answer.status_code == 202
    accepted = answer.json()
    assert answer.headers["location"] == accepted["status_url"] == f"/intake/issues/{accepted['id']}"
    view = await shop.issue(accepted["id"])
    assert view["state"] == "received"
    assert view["number"] == accepted["number"]
    assert view["customer"] == {"name": ADA.name, "email": ADA.email}
    assert (await shop.get("/issues", reference="order 7")).json()["items"][0]["id"] == accepted["id"]
