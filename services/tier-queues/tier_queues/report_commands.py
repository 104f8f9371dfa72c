"""`python -m tier_queues reports`: make the read models of the reports again from the timeline."""

import asyncio
import json

import typer

from shared.db import Database
from tier_queues import timeline_walk
from tier_queues.settings import Settings

reports_program = typer.Typer(help="The read models of the reports.", no_args_is_help=True)


@reports_program.callback()
def reports() -> None:
    """The read models of the reports."""


@reports_program.command(name="rebuild")
def rebuild_reports() -> None:
    """Forget what was read and read every issue's timeline again; reports are incomplete meanwhile."""
    typer.echo(json.dumps({"batches": asyncio.run(rebuilt(Settings()))}))


async def rebuilt(settings: Settings) -> int:
    """Make all rows again. Returns how many transactions that took."""
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            await timeline_walk.read_reports_again(tx)
        batches = 0
        while True:
            async with db.transaction() as tx:
                more = await timeline_walk.advance(tx, limit=settings.follow_batch)
                whole = await timeline_walk.is_whole(tx)
            batches += 1
            if whole and not more:
                return batches
    finally:
        await db.close()
