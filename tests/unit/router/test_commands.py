"""`train` and `evaluate` as people give them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from router.__main__ import program
from support.models import TOPICS, as_csv, labelled_rows, small_model

COLUMNS = ("--text-column", "text", "--label-column", "topic")
TIERS = {label: 2 if label in ("bug", "import_export") else 1 for label in TOPICS if label != "oos"}


def given(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, [str(one) for one in arguments])


@pytest.fixture
def tier_map(tmp_path: Path) -> Path:
    """A table of tiers, with a row of another data set."""
    file = tmp_path / "tiers.csv"
    lines = ["dataset,label,tier", "other,bug,4", *(f"ours,{label},{tier}" for label, tier in TIERS.items())]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_a_model_is_trained_from_a_file_and_measured_on_another(tmp_path: Path, tier_map: Path) -> None:
    trained = given("train", "--data", as_csv(tmp_path, labelled_rows()), *COLUMNS, "--out", tmp_path / "model")
    assert trained.exit_code == 0, trained.output
    assert f"{tmp_path / 'model'} is written" in trained.output
    asked = ("--tier-map", tier_map, "--dataset", "ours", "--out-of-scope-label", "oos", "--json")
    data = as_csv(tmp_path, labelled_rows(2))
    measured = given("evaluate", "--model", tmp_path / "model", "--data", data, *COLUMNS, *asked)
    assert measured.exit_code == 0, measured.output
    figures = json.loads(measured.stdout)
    assert min(figures[name] for name in ("accuracy", "precision", "tier_accuracy")) > 0.9
    assert figures["out_of_scope_recall"] > 0.5
    assert figures["latency_ms"]["p50"] > 0


def test_what_is_not_asked_is_not_measured(tmp_path: Path) -> None:
    data = as_csv(tmp_path, [row for row in labelled_rows(2) if row[1] != "oos"])
    measured = given("evaluate", "--model", small_model(), "--data", data, *COLUMNS)
    assert measured.exit_code == 0, measured.output
    figures = dict(line.split(maxsplit=1) for line in measured.stdout.splitlines())
    assert (figures["tier_accuracy"], figures["out_of_scope_recall"]) == ("None", "None")


@pytest.mark.parametrize(
    ("table", "dataset", "told"),
    [
        ("dataset,label,tier\nours,bug,2\n", "theirs", "no label of the data set theirs"),
        ("dataset,label,tier\nours,bug,two\n", "ours", "is no table of tiers"),
        ("label,tier\nbug,2\n", "ours", "is no table of tiers"),
    ],
)
def test_a_table_of_tiers_that_says_nothing_is_refused(tmp_path: Path, table: str, dataset: str, told: str) -> None:
    file = tmp_path / "tiers.csv"
    file.write_text(table, encoding="utf-8")
    asked = ("--data", as_csv(tmp_path, labelled_rows(2)), *COLUMNS, "--tier-map", file, "--dataset", dataset)
    refused = given("evaluate", "--model", small_model(), *asked)
    assert refused.exit_code == 1
    assert told in refused.output
