"""`python -m router`: run it, migrate its database, or check a policy before it decides."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from router.policy import parse
from router.policy_file import PolicyError
from router.settings import Settings
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
    from router.app import build

    chosen: frozenset[Role] = frozenset(roles.split(","))  # type: ignore[arg-type]
    run(build(Settings()), roles=chosen, port=port, host=host)


@program.command()
def migrate() -> None:
    """Bring the database to the newest schema; makes it when it is missing."""
    asyncio.run(migrations.migrate(Settings()))


@program.command()
def check_policy(file: Annotated[Path, typer.Argument(help="A policy in YAML.")]) -> None:
    """Say whether a policy could decide; name the line of what is wrong."""
    try:
        policy = parse(file.read_text(encoding="utf-8"), file=str(file))
    except (PolicyError, OSError, UnicodeDecodeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"policy {policy.version}: {len(policy.rules)} rules, {len(policy.categories)} categories")


if __name__ == "__main__":
    program()
