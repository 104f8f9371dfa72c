"""`python -m tier_queues`: run it, migrate its database, add agents and teams, make a signing key."""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import TypeAdapter, ValidationError

from shared.command_line import commands
from shared.located import WrongFile
from shared.vocabulary import Role, Tier
from tier_queues import organisation, passwords, roster, seed
from tier_queues.app import build
from tier_queues.organisation import ADDRESS, SIGN_IN_NAME
from tier_queues.organisation_store import TierInUse, as_yaml
from tier_queues.promise_commands import promises_program
from tier_queues.report_commands import reports_program
from tier_queues.seed import FirstAgent
from tier_queues.sessions import new_signing_key, public_keys_of
from tier_queues.settings import Settings

_TIER: Final = TypeAdapter(Tier)

program = commands(Settings, build, about=__doc__)
organisation_program = typer.Typer(help="The organisation as a YAML file.", no_args_is_help=True)
program.add_typer(organisation_program, name="organisation")
program.add_typer(promises_program, name="promises")
program.add_typer(reports_program, name="reports")


@program.command()
def add_agent(
    agent: Annotated[str, typer.Argument(help="The sign-in name.")],
    name: Annotated[str, typer.Option(help="As colleagues and customers see it.")],
    role: Annotated[Role, typer.Option()] = Role.AGENT,
    tiers: Annotated[str, typer.Option(help="Tiers that the agent works, as 1,2.")] = "",
    teams: Annotated[str, typer.Option(help="Teams, as frontline,technical.")] = "",
    capacity: Annotated[int, typer.Option(help="Issues owned at the same time.")] = seed.CAPACITY,
    address: Annotated[str | None, typer.Option(help="Where notices are mailed to.")] = None,
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Add an agent and print the sign-in, once; the password is made up unless given."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    if password is not None and len(password) < passwords.LENGTH_MINIMUM:
        raise typer.BadParameter(f"a password has at least {passwords.LENGTH_MINIMUM} characters")
    if re.match(SIGN_IN_NAME, agent) is None:
        raise typer.BadParameter("a sign-in name has small letters, digits and . _ @ -, at most 60")
    if address is not None and re.fullmatch(ADDRESS, address) is None:
        raise typer.BadParameter(f"{address} is no mail address")
    added = FirstAgent(agent, name, role, _numbers(tiers), _words(teams), capacity, password, address=address)
    try:
        made = seed.seed_agents(Settings(), [added])
    except roster.NoSuchTeam as error:
        raise typer.BadParameter(f"no such team: {', '.join(error.args)}") from error
    if not made:
        raise typer.BadParameter(f"{agent} exists")
    typer.echo(json.dumps({"agent": agent, "password": made[agent]}))


@program.command()
def add_team(
    name: Annotated[str, typer.Argument()],
    tiers: Annotated[str, typer.Option(help="Tiers that the team serves, as 1,2.")],
) -> None:
    """Make a team, or change the tiers that it serves."""
    asyncio.run(seed.add_team(Settings(), name, _numbers(tiers)))
    typer.echo(json.dumps({"team": name, "tiers": _numbers(tiers)}))


@organisation_program.command(name="export")
def export_organisation() -> None:
    """Print the organisation in force."""
    typer.echo(as_yaml(asyncio.run(seed.exported(Settings()))), nl=False)


@organisation_program.command(name="import")
def import_organisation(
    file: Annotated[Path, typer.Argument(help="As `export` prints it.", exists=True, dir_okay=False)],
    note: Annotated[str, typer.Option(help="Why, for the list of versions.")] = "Imported.",
) -> None:
    """Replace the organisation; a wrong file is refused with line and reason, and nothing changes."""
    try:
        wanted = organisation.parse(file.read_text(encoding="utf-8"), file=file.name)
    except (WrongFile, UnicodeDecodeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    try:
        version = asyncio.run(seed.replaced(Settings(), wanted, note))
    except TierInUse as error:
        typer.echo(f"{file.name}: issues are open at tier {error.args[0]}, which it does not name", err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps({"version": version}))


@program.command()
def republish() -> None:
    """Tell the other services of every agent and team again; they keep what they know if it is as new."""
    typer.echo(json.dumps({"entries": asyncio.run(seed.told_again(Settings()))}))


@program.command()
def generate_key() -> None:
    """Print a new signing key and the public keys that every service is told."""
    key = new_signing_key()
    told = {"TIERDESK_TIER_QUEUES_SIGNING_KEY": key, "TIERDESK_STAFF_PUBLIC_KEYS": public_keys_of(key)}
    typer.echo(json.dumps(told))


def _words(listed: str) -> tuple[str, ...]:
    return tuple(sorted({part.strip() for part in listed.split(",") if part.strip()}))


def _numbers(listed: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({_TIER.validate_strings(part) for part in _words(listed)}))
    except ValidationError as error:
        raise typer.BadParameter(f"{listed} is not a list of tiers") from error


if __name__ == "__main__":
    program()
