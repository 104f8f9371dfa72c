"""`python -m router`: run it, migrate its database, check a policy, train, evaluate and add models."""

import asyncio
import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from router import confirmed_texts
from router.app import build
from router.artefact import ArtefactDamaged
from router.evaluation import evaluate as measure
from router.evaluation import read_tiers
from router.labelled_texts import TableRefused
from router.model_seed import add
from router.models import Unfit
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


_DATA: Final = typer.Option("--data", exists=True, dir_okay=False, help="CSV in UTF-8, may be gzipped.")
Data = Annotated[Path, _DATA]
TextColumn = Annotated[str, typer.Option(help="Column of the texts.")]
LabelColumn = Annotated[str, typer.Option(help="Column of the categories; rows without one are left out.")]


@program.command()
def train(
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the model, its report and its diagram.")],
    data: Annotated[Path | None, _DATA] = None,
    text_column: TextColumn = confirmed_texts.TEXT,
    label_column: LabelColumn = confirmed_texts.LABEL,
    out_of_scope_label: Annotated[str, typer.Option(help="The label of texts that belong to no category.")] = "oos",
    from_confirmed: Annotated[
        bool, typer.Option("--from-confirmed", help="Learn from what agents confirmed, out of the router's database.")
    ] = False,
) -> None:
    """Train a model from labelled texts and measure it on texts it has not seen. Needs the extra `train`."""
    if (data is None) is not from_confirmed:
        raise typer.BadParameter("give either --data or --from-confirmed")
    try:
        from router.training.training import train as learn
    except ModuleNotFoundError as missing:
        typer.echo(f"Training needs {missing.name}: install tierdesk-router[train].", err=True)
        raise typer.Exit(1) from missing
    say = partial(typer.echo, err=True)
    try:
        with TemporaryDirectory(prefix="tierdesk-labels-") as folder:
            labels = _confirmed(Path(folder)) if data is None else data
            trained = learn(labels, text_column, label_column, out, out_of_scope=out_of_scope_label, say=say)
    except (TableRefused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(trained.report)
    typer.echo(f"{out} is written, after {trained.seconds:.1f} s")


def _confirmed(folder: Path) -> Path:
    """A file of the labels that agents confirmed. Its texts are gone with its folder."""
    file = folder / "confirmed.csv"
    asyncio.run(confirmed_texts.write(Settings(), file))
    return file


@program.command()
def evaluate(
    model: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of a trained model.")],
    data: Data,
    text_column: TextColumn,
    label_column: LabelColumn,
    tier_map: Annotated[Path | None, typer.Option(help="CSV with the columns dataset, label and tier.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Which rows of the tier map apply.")] = None,
    out_of_scope_label: Annotated[str | None, typer.Option(help="Texts with this label are out of scope.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on labelled texts, with the classifier that decides."""
    if (tier_map is None) != (dataset is None):
        raise typer.BadParameter("--tier-map and --dataset are given together")
    try:
        tiers = None if tier_map is None or dataset is None else read_tiers(tier_map, dataset)
        found = measure(model, data, text_column, label_column, tiers=tiers, out_of_scope=out_of_scope_label)
    except (TableRefused, ArtefactDamaged) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    figures = found.as_dict()
    typer.echo(json.dumps(figures) if as_json else "\n".join(f"{name:20} {value}" for name, value in figures.items()))


@program.command()
def add_model(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of a trained model.")],
) -> None:
    """Add a trained model as a candidate; prints its version. Administrators let it decide, by the API."""
    try:
        version, new = asyncio.run(add(Settings(), folder))
    except (ArtefactDamaged, Unfit) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps({"version": version, "new": new}))


if __name__ == "__main__":
    program()
