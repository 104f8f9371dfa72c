"""Decisions that are right: trained on most of each data set, measured on the part that was left out.

Texts nearly the same stay together, so that nothing measured was learnt. Models are made in a folder that is deleted.
How many issues a router decides is measured by `throughput`.
"""

import asyncio
import csv
import gzip
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import yaml

from onebox.bench import NothingMeasured, throughput
from onebox.bench.measure import Figure, at_most, note, quantile
from onebox.bench.throughput import Taught
from router.artefact import load
from router.decide import decide
from router.evaluation import Evaluation, evaluate, read_tiers
from router.policy import parse
from router.settings import POLICIES
from router.trained import TrainedClassifier
from router.training.training import train
from router.words import name_of
from shared.events.issues import Customer, Submission
from shared.vocabulary import VENDOR_TIER

TIERS: Final = "category_tier_map.csv"
LEFT_OUT: Final = 0.2
"""Share of the clusters that is measured with."""
SEED: Final = 13
OUT_OF_SCOPE: Final = "oos"
NEEDED_PRECISION: Final = 0.95
DECISIONS: Final = 5_000
WARM_UP: Final = 200
NOBODY: Final = Customer(id=UUID(int=0), name="nobody", email="", account="none", plan="none")

Row = Mapping[str, str]


@dataclass(frozen=True)
class DataSet:
    """A public data set. dataset: its name in the table of tiers.

    rounds: how often another part is left out; figures are the means. Two thousand texts alone are off by a percent.
    """

    file: str
    label: str
    dataset: str | None = None
    rounds: int = 1


TICKETS: Final = DataSet("it_service_tickets_train.csv.gz", "topic_group")
BANKING: Final = DataSet("banking77_train.csv.gz", "intent", "banking77", rounds=3)
CLINC: Final = DataSet("clinc150_train.csv.gz", "intent")


async def measure(*, data: Path | None, seconds: float | None) -> list[Figure]:
    """All figures. seconds: not used, everything is measured once. Raises NothingMeasured."""
    del seconds
    if data is None:
        raise NothingMeasured("It needs --data, a folder with the public data sets.")
    with tempfile.TemporaryDirectory(prefix="tierdesk-bench-") as folder:
        out = Path(folder)
        figures = await asyncio.to_thread(_measure, data, out)
        taught = Taught(out / BANKING.file, out / "policy.yaml")
        taught.policy.write_text(_policy_of(data), encoding="utf-8")
        by_keywords = await throughput.measure(data / TICKETS.file)
        return [*figures, *by_keywords, *await throughput.measure(data / BANKING.file, taught)]


def _measure(data: Path, out: Path) -> list[Figure]:
    tickets, clinc = (_trained(data, one, out, SEED) for one in (TICKETS, CLINC))
    several = [_trained(data, BANKING, out, SEED + number) for number in range(BANKING.rounds)]
    return [
        *_of_tickets(tickets),
        at_least("Banking77: accuracy", fmean(one.accuracy for one in several), 0.90),
        at_least("Banking77: tier", fmean(one.tier_accuracy or 0.0 for one in several), 0.955),
        at_least("CLINC150: in-scope accuracy", clinc.in_scope_accuracy, 0.90),
        at_least("CLINC150: out-of-scope recall", clinc.out_of_scope_recall or 0.0, 0.75),
        *_latency(data, out / BANKING.file),
        _time_to_train(data, out),
    ]


def _of_tickets(found: Evaluation) -> Iterator[Figure]:
    yield at_least("IT tickets: accuracy", found.accuracy, 0.86)
    yield at_most("IT tickets: calibration error", found.calibration_error, "", limit=0.02)
    yield at_least("IT tickets: routed automatically", found.coverage, 0.70)
    yield at_least("IT tickets: realised precision", found.precision or 0.0, NEEDED_PRECISION)


def at_least(name: str, value: float, least: float) -> Figure:
    """A share that must be reached."""
    return Figure(name, value, "share", bar=f"≥ {least:g}", holds=value >= least)


def _trained(data: Path, one: DataSet, out: Path, seed: int) -> Evaluation:
    """A model learnt from most of a data set, measured on the rest."""
    note(f"Training on {one.file} …")
    learnt, measured = _split(_rows(data / one.file), out / f"{one.file}.csv", seed)
    train(learnt, "text", one.label, out / one.file, out_of_scope=OUT_OF_SCOPE, say=note)
    tiers = read_tiers(data / TIERS, one.dataset) if one.dataset else None
    found = evaluate(out / one.file, measured, "text", one.label, tiers=tiers, out_of_scope=OUT_OF_SCOPE)
    note(f"{one.file}: {found.as_dict()}")
    return found


def _split(rows: Sequence[Row], file: Path, seed: int) -> tuple[Path, Path]:
    clusters = sorted({row["near_dup_cluster"] for row in rows})
    left_out = set(random.Random(seed).sample(clusters, int(len(clusters) * LEFT_OUT)))
    learnt, measured = file.with_suffix(".learnt.csv"), file.with_suffix(".measured.csv")
    for target, wanted in ((learnt, False), (measured, True)):
        with target.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(rows[0]))
            writer.writeheader()
            writer.writerows(row for row in rows if (row["near_dup_cluster"] in left_out) is wanted)
    return learnt, measured


def _rows(file: Path) -> list[Row]:
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except OSError as error:
        raise NothingMeasured(f"{file.name} cannot be read from --data: {error.strerror}.") from error


def _latency(data: Path, model: Path) -> Iterator[Figure]:
    """One decision with rules, explanation and record, in one thread, on 77 categories."""
    policy, classifier = parse(_policy_of(data), file="bench.yaml"), TrainedClassifier(load(model))
    texts = [row["text"] for row in _rows(data / BANKING.file)][:DECISIONS]
    taken = []
    for text in [*texts[:WARM_UP], *texts]:
        submission = _submission(text)
        began = perf_counter()
        decide(submission, policy, classifier)
        taken.append((perf_counter() - began) * 1000)
    yield at_most("one decision, p50", quantile(taken[WARM_UP:], 0.5), "ms", limit=0.3)
    yield at_most("one decision, p99", quantile(taken[WARM_UP:], 0.99), "ms", limit=1.5)


def _policy_of(data: Path) -> str:
    """The first policy, with a row for each of the 77 categories."""
    described: dict[str, Any] = yaml.safe_load((POLICIES / "0001.yaml").read_text(encoding="utf-8"))
    for label, tier in read_tiers(data / TIERS, BANKING.dataset or "").items():
        row: dict[str, Any] = {"title": label.replace("_", " "), "tier": tier}
        described["categories"][name_of(label)] = row | ({"vendor": "acme-cloud"} if tier == VENDOR_TIER else {})
    return str(yaml.safe_dump(described, sort_keys=False))


def _submission(text: str) -> Submission:
    return Submission(
        number=1,
        accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
        customer=NOBODY,
        channel="api",
        language="en",
        title=text[:80],
        text=text,
        application="bench",
    )


def _time_to_train(data: Path, out: Path) -> Figure:
    note("Training on all IT tickets, for the time …")
    taken = train(data / TICKETS.file, "text", TICKETS.label, out / "all", out_of_scope=OUT_OF_SCOPE, say=note).seconds
    return at_most("training on all IT tickets", taken, "s", limit=60)
