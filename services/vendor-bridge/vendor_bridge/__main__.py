"""`python -m vendor_bridge`: run it, migrate its database, or add a vendor."""

import asyncio
import json
from typing import Annotated

import typer
from pydantic import ValidationError

from shared import migrate as migrations
from shared.service import Role, run
from shared.targets import TargetRefused
from vendor_bridge.settings import Settings

program = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


@program.command(name="run")
def serve(
    roles: Annotated[str, typer.Option(help="web, worker or both, with a comma.")] = "web,worker",
    port: Annotated[int, typer.Option(help="Port of the API and the probes.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run until SIGTERM."""
    from vendor_bridge.app import build

    chosen: frozenset[Role] = frozenset(roles.split(","))  # type: ignore[arg-type]
    run(build(Settings()), roles=chosen, port=port, host=host)


@program.command()
def migrate() -> None:
    """Bring the database to the newest schema; makes it when it is missing."""
    asyncio.run(migrations.migrate(Settings()))


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
    from vendor_bridge.seed import add

    added = add(Settings(), vendor_id, name=name, url=url, products=product or [], fields=field, rotate=rotate)
    try:
        typer.echo(json.dumps(asyncio.run(added)))
    except (TargetRefused, ValidationError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    program()
