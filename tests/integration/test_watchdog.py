"""A process whose loop stands still ends by itself, so that whoever supervises it can start it again."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT

from router.settings import Settings
from support.infrastructure import Infrastructure
from support.running import prepare

WITHIN_SECONDS = 60
PROGRAM = """
import time
from datetime import timedelta
from router.app import build
from shared.service import Timer, run

async def block():
    time.sleep(600)

service = build()
service.timers = (Timer(timedelta(seconds=1), block, "block"),)
service.roles = frozenset({"worker"})
run(service, port=0)
"""


async def test_a_process_whose_loop_stands_still_ends_and_says_where_it_stood(infrastructure: Infrastructure) -> None:
    told = infrastructure.environment() | {"TIERDESK_ROUTER_PROGRESS_TIMEOUT": "PT3S"}
    await prepare(Settings.model_validate(told))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), env={**os.environ, **told}, stdout=PIPE, stderr=STDOUT
    )
    async with asyncio.timeout(WITHIN_SECONDS):
        said, _ = await process.communicate()
    assert process.returncode == os.EX_SOFTWARE
    assert b"the loop stands still" in said
    assert b"in block" in said
