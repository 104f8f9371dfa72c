"""`python -m intake`: run it, migrate its database, or add who may write to it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from intake import seed
from intake.app import build
from intake.seed import ClientApplication, SeededCustomer
from intake.settings import Settings
from intake.submission import UNKNOWN_ACCOUNT, UNKNOWN_PLAN
from shared.command_line import commands
from shared.db import Database

program = commands(Settings, build, about=__doc__)
Result = TypeVar("Result")


@program.command()
def add_client_application(
    application: Annotated[str, typer.Argument(help="A slug that stays, e.g. `shop`.")],
    name: Annotated[str, typer.Option(help="As people call it.")],
    vouches: Annotated[bool, typer.Option(help="Believe what it says of identity, account and plan.")] = False,
    rotate: Annotated[bool, typer.Option(help="Give an existing one a new key; the old one stops.")] = False,
) -> None:
    """Add a client application and print its API key, once."""
    settings = Settings()
    added = ClientApplication(id=application, name=name, vouches=vouches)
    try:
        key = _in_database(settings, lambda db: seed.add_client_application(db, settings, added, rotate=rotate))
    except seed.Exists as error:
        raise typer.BadParameter(f"{application} exists; --rotate gives it a new key") from error
    typer.echo(json.dumps({"client_application": application, "api_key": str(key)}))


@program.command()
def add_customer(
    email: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option()],
    account: Annotated[str, typer.Option(help="Whose contract covers the customer.")] = UNKNOWN_ACCOUNT,
    plan: Annotated[str, typer.Option(help="What the contract promises.")] = UNKNOWN_PLAN,
    account_manager: Annotated[str | None, typer.Option(help="An agent's sign-in name.")] = None,
    product: Annotated[list[str] | None, typer.Option(help="What the customer has; may be given again.")] = None,
) -> None:
    """Add a customer of the organisation, or overwrite the one with this address."""
    added = SeededCustomer(
        email=email,
        name=name,
        account=account,
        plan=plan,
        account_manager=account_manager,
        products=tuple(product or ()),
    )
    _in_database(Settings(), lambda db: seed.add_customers(db, [added]))
    typer.echo(json.dumps({"customer": added.email}))


@program.command()
def import_customers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a head line.")],
) -> None:
    """Add or overwrite customers: columns email, name, account, plan, account_manager, products (a;b)."""
    try:
        count = _in_database(Settings(), lambda db: seed.add_customers(db, seed.customers_in(file)))
    except seed.Malformed as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(json.dumps({"customers": count}))


def _in_database(settings: Settings, act: Callable[[Database], Awaitable[Result]]) -> Result:
    async def connected() -> Result:
        db = Database(settings)
        try:
            return await act(db)
        finally:
            await db.close()

    return asyncio.run(connected())


if __name__ == "__main__":
    program()
