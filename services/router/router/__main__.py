"""`python -m router`: run it, migrate its database, or check a policy before it decides."""

from pathlib import Path
from typing import Annotated

import typer

from router.app import build
from router.policy import parse
from router.policy_file import PolicyError
from router.settings import Settings
from shared.command_line import commands

program = commands(Settings, build, about=__doc__)


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
