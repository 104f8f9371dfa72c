"""A small model, trained once from made-up texts about categories of the shipped policy."""

import csv
import random
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from router.artefact import load
from router.decide import decide
from router.evaluation import Evaluation, evaluate
from router.outcome import Correction
from router.trained import TrainedClassifier
from router.training.training import train
from shared.events.issues import Submission
from shared.events.routing import Routing
from support.policies import shipped

TOPICS: Final = {
    "password_reset": "password reset expired locked forgot passcode login account again",
    "billing": "invoice refund charged card payment twice month bill amount",
    "import_export": "csv export import spreadsheet columns file upload rows download",
    "bug": "crash error trace exception screen freezes button broken click",
    "feature_request": "パスワードを忘れた ログインできない 請求書をください 返金してください",
    "oos": "weather football recipe holiday guitar moon poem joke dinner",
}
FILLING: Final = ["please", "the", "my", "with", "since", "today", "hello", "when", "i", "it", "does", "not"]
TEXTS_OF_A_TOPIC: Final = 60


def labelled_rows(seed: int = 1) -> list[tuple[str, str]]:
    """Texts with their labels, the same for the same seed."""
    made = random.Random(seed)
    rows = []
    for label, words in TOPICS.items():
        for _ in range(TEXTS_OF_A_TOPIC):
            said = made.sample(words.split(), k=min(4, len(words.split()) - 1)) + made.sample(FILLING, k=4)
            made.shuffle(said)
            rows.append((" ".join(said), label))
    return rows


def as_csv(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """A file that `train` and `evaluate` read."""
    file = folder / "issues.csv"
    with file.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("text", "topic"), *rows])
    return file


def trained_in(folder: Path, rows: list[tuple[str, str]]) -> Path:
    """The folder of a model trained from these rows."""
    train(as_csv(folder, rows), "text", "topic", folder / "model", out_of_scope="oos", say=lambda _: None)
    return folder / "model"


@cache
def small_model() -> Path:
    """The folder of the model; nobody may change what is in it."""
    return trained_in(Path(mkdtemp(prefix="tierdesk-model-")), labelled_rows())


@cache
def small_classifier() -> TrainedClassifier:
    """The model, deciding."""
    return TrainedClassifier(load(small_model()))


def decided_by_model(submission: Submission, correction: Correction | None = None) -> Routing:
    """Where the shipped policy and the small model send an issue."""
    return decide(submission, shipped(), small_classifier(), correction=correction)


def evaluated(folder: Path, rows: list[tuple[str, str]], tiers: dict[str, int] | None = None) -> Evaluation:
    """How good the small model is on rows."""
    return evaluate(small_model(), as_csv(folder, rows), "text", "topic", tiers=tiers, out_of_scope="oos")
