"""The command line: `./tierdesk COMMAND`. Each command imports what it needs, so that all start fast."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object last; progress goes to stderr.")]


@app.callback()
def tierdesk() -> None:
    """Multi-tiered support in which nothing that was accepted is ever lost."""


@app.command()
def up(
    *,
    detach: Annotated[bool, typer.Option(help="Run in the background.")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The one port; default: 8080 if free.")] = None,
    split: Annotated[bool, typer.Option(help="One process per service and tier behind a proxy.")] = False,
    hide_sign_ins: Annotated[bool, typer.Option("--hide-sign-ins", help="Print no passwords.")] = False,
) -> None:
    """Start everything: real PostgreSQL, real Kafka, all services, one port."""
    from onebox.up import Failed
    from onebox.up import up as bring_up

    try:
        bring_up(port=port, split=split, detach=detach, show_sign_ins=not hide_sign_ins)
    except Failed as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None


@app.command()
def down() -> None:
    """Stop everything, draining first."""
    from onebox.status import down as take_down

    take_down()


@app.command()
def status() -> None:
    """Show every process with its port, readiness and memory. Exit status 1 when not all are ready."""
    from onebox.status import status as show

    raise typer.Exit(0 if show() else 1)


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and delete the state: issues, attachments, mail, secrets, logs."""
    from onebox.places import places
    from onebox.status import reset as delete

    if not yes:
        typer.confirm(f"Delete all of Tierdesk's data in {places().home}?", abort=True)
    delete()


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def add(
    kind: Annotated[str, typer.Argument(metavar="agent|customer|customers|client-application|vendor|model")],
    arguments: Annotated[list[str] | None, typer.Argument(help="As the service's command says: --help.")] = None,
) -> None:
    """Add who works here, who may write, or who solves what belongs to them, to the running instance."""
    from onebox import add as adding

    if kind not in adding.COMMANDS:
        raise typer.BadParameter(f"{kind} is none of {', '.join(adding.COMMANDS)}")
    try:
        adding.add(kind, arguments or ())
    except adding.NotRunning as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None


@app.command()
def demo(
    *,
    issues: Annotated[int, typer.Option(min=1, help="How many to post.")] = 300,
    data: Annotated[Path | None, typer.Option(exists=True, help="A .csv.gz whose column `text` is posted.")] = None,
    url: Annotated[str | None, typer.Option(help="An instance that runs elsewhere.")] = None,
    as_json: Json = False,
) -> None:
    """Do the main job and audit it, on the running instance or on one that is started and stopped.

    With --url the environment says the rest: TIERDESK_DEMO_API_KEY and TIERDESK_DEMO_ADMIN_PASSWORD (needed),
    TIERDESK_DEMO_ADMIN, TIERDESK_DEMO_VENDOR_URL, _VENDOR_PORT and _VENDOR_HOST, TIERDESK_DEMO_MAIL_URL, DATABASE_URL.
    """
    from onebox import demo as demonstration

    raise typer.Exit(demonstration.run(issues=issues, data=data, url=url, as_json=as_json))


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def train(arguments: Annotated[list[str] | None, typer.Argument(help="As the router says: --help.")] = None) -> None:
    """Train a model that finds categories, from a CSV of labelled texts or from what agents confirmed."""
    from onebox.add import NotRunning
    from onebox.models import become

    try:
        become("train", arguments or ())
    except NotRunning as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def evaluate(arguments: Annotated[list[str] | None, typer.Argument(help="As the router says: --help.")] = None) -> None:
    """Measure a trained model on a CSV of labelled texts."""
    from onebox.models import become

    become("evaluate", arguments or ())


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="intake, pipeline, agents, lists, up, router or replay.")],
    *,
    data: Annotated[Path | None, typer.Option(exists=True, file_okay=False, help="A folder of real issues.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Of each round; default: as promised.")] = None,
    cases: Annotated[int | None, typer.Option(min=0, help="Of each log that replay takes; 0 for all.")] = None,
    as_json: Json = False,
) -> None:
    """Measure one of the promised figures against its bar."""
    from onebox import bench as benchmarks

    raise typer.Exit(benchmarks.run(name, data=data, as_json=as_json, seconds=seconds, cases=cases))


@app.command()
def check() -> None:
    """Format, lint, types, import contracts and unit tests, in under a minute."""
    from onebox.check import check as check_all

    raise typer.Exit(0 if check_all() else 1)


@app.command("test", context_settings={"ignore_unknown_options": True})
def run_tests(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[unit|contracts|integration|e2e|browser|chaos] [-- PYTEST ARGUMENTS]"),
    ] = None,
) -> None:
    """Run the tests: all of them (chaos at a tenth of its numbers), or one suite."""
    from onebox.testing import become_pytest

    become_pytest(arguments or ())


@app.command(hidden=True)
def infrastructure() -> None:
    """PostgreSQL and Kafka only, in the foreground; prints where they are as shell exports."""
    import asyncio

    from onebox.infrastructure import run

    asyncio.run(run())


def main() -> None:
    """The entry point."""
    try:
        app()
    except KeyboardInterrupt:
        # At once: threads of a download in progress would be waited for. All it does is atomic.
        print("Interrupted.", file=sys.stderr, flush=True)
        os._exit(130)


if __name__ == "__main__":
    main()
