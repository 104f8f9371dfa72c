"""`python -m <service>`: the two commands that every service has; each adds its own."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final, get_args

import typer

from shared.migrate import migrate
from shared.service import Role, Service, run
from shared.settings import ServiceSettings

EVERY_ROLE: Final = ",".join(get_args(Role))


def commands(settings: Callable[[], ServiceSettings], build: Callable[[], Service], *, about: str) -> typer.Typer:
    """A program with `run` and `migrate`. about: its help text."""
    program = typer.Typer(help=about, no_args_is_help=True, pretty_exceptions_enable=False)

    @program.command(name="run")
    def serve(
        roles: Annotated[str, typer.Option(help="Some of web, worker and background, with commas.")] = EVERY_ROLE,
        port: Annotated[int, typer.Option(help="Port of the API and the probes.")] = 8000,
        host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    ) -> None:
        """Run until SIGTERM."""
        chosen = frozenset(role for role in get_args(Role) if role in roles.split(","))
        if chosen != frozenset(roles.split(",")):
            raise typer.BadParameter(f"roles are {EVERY_ROLE}")
        service = build()
        service.roles = chosen
        run(service, port=port, host=host)

    @program.command(name="migrate")
    def bring_to_head() -> None:
        """Bring the database to the newest schema; makes it when it is missing."""
        asyncio.run(migrate(settings()))

    return program
