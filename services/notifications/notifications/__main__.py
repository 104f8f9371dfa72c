"""`python -m notifications`: run it, or migrate its database."""

import asyncio
from typing import Annotated

import typer

from notifications.settings import Settings
from shared import migrate as migrations
from shared.service import Role, run

program = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)


@program.command(name="run")
def serve(
    roles: Annotated[str, typer.Option(help="web, worker or both, with a comma.")] = "web,worker",
    port: Annotated[int, typer.Option(help="Port of the API and the probes.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run until SIGTERM."""
    from notifications.app import build

    chosen: frozenset[Role] = frozenset(roles.split(","))  # type: ignore[arg-type]
    run(build(Settings()), roles=chosen, port=port, host=host)


@program.command()
def migrate() -> None:
    """Bring the database to the newest schema; makes it when it is missing."""
    asyncio.run(migrations.migrate(Settings()))


if __name__ == "__main__":
    program()
