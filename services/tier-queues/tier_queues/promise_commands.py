"""`python -m tier_queues promises`: the policy of promises as YAML, out and in."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Final

import typer

from shared.db import Database
from shared.located import WrongFile, located
from tier_queues import promise_changes
from tier_queues.promise_api import as_yaml, standing
from tier_queues.promise_changes import WrongPolicy
from tier_queues.promise_policy import PromisePolicy, faults_of
from tier_queues.settings import Settings
from tier_queues.versions import Author

COMMAND_LINE: Final = "command-line"

promises_program = typer.Typer(help="What the clocks promise: export and import.", no_args_is_help=True)


@promises_program.command(name="export")
def export_promises() -> None:
    """Print the newest version."""
    typer.echo(asyncio.run(_exported(Settings())), nl=False)


@promises_program.command(name="import")
def import_promises(
    file: Annotated[Path, typer.Argument(help="As `export` prints it.", exists=True, dir_okay=False)],
    note: Annotated[str, typer.Option(help="Why, for the list of versions.")] = "Imported.",
) -> None:
    """Replace what the clocks promise; a wrong file is refused with line and reason, and nothing changes."""
    try:
        policy = located(file.read_text(encoding="utf-8"), file.name, PromisePolicy, faults_of)
        number = asyncio.run(_replaced(Settings(), policy, note))
    except (WrongFile, WrongPolicy, UnicodeDecodeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps({"version": number}))


async def _exported(settings: Settings) -> str:
    db = Database(settings)
    try:
        async with db.transaction() as tx:
            return as_yaml((await standing(tx, settings)).policy)
    finally:
        await db.close()


async def _replaced(settings: Settings, policy: PromisePolicy, note: str) -> int:
    db = Database(settings)
    author = Author(COMMAND_LINE, "Command line", note)
    try:
        async with db.transaction() as tx:
            today = (await tx.now()).date()
        calendars = await promise_changes.prepared(policy, today)
        async with db.transaction() as tx:
            made = await promise_changes.change(
                tx, policy, calendars, author, expected=None, lead=settings.promises_lead
            )
        return made.version
    finally:
        await db.close()
