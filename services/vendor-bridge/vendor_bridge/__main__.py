"""`python -m vendor_bridge`: run it, migrate its database, or add a vendor."""

import asyncio
import json
from typing import Annotated

import typer
from pydantic import ValidationError

from shared.command_line import commands
from shared.targets import TargetRefused
from vendor_bridge.app import build
from vendor_bridge.seed import add
from vendor_bridge.settings import Settings

program = commands(Settings, build, about=__doc__)


@program.command()
def add_vendor(
    vendor_id: Annotated[str, typer.Option("--id", help="Short name in lower case.")],
    name: Annotated[str, typer.Option(help="Name as agents read it.")],
    url: Annotated[str, typer.Option(help="Where deliveries go: public https.")],
    product: Annotated[list[str] | None, typer.Option(help="A product the contract covers; again for more.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="A field that may leave; all of them unless given.")] = None,
    rotate: Annotated[bool, typer.Option(help="New secrets for a vendor that exists.")] = False,
) -> None:
    """Add a vendor, or change the one that exists; prints it as JSON, with secrets when they are new."""
    added = add(Settings(), vendor_id, name=name, url=url, products=product or [], fields=field, rotate=rotate)
    try:
        typer.echo(json.dumps(asyncio.run(added)))
    except (TargetRefused, ValidationError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    program()
