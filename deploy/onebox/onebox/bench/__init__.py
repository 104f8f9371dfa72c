"""`bench`: the promised figures, each measured beside its floor in the same run."""

import asyncio
import importlib
import sys
from pathlib import Path

BENCHMARKS = ("intake", "pipeline", "agents", "lists", "up", "router", "replay")


class NothingMeasured(Exception):
    """A benchmark could not be carried out as it must be. The message says why."""


def run(
    name: str,
    *,
    data: Path | None = None,
    as_json: bool = False,
    seconds: float | None = None,
    cases: int | None = None,
) -> int:
    """Measure and report. seconds: of each round, where a benchmark has rounds. cases: that `replay` takes of each log.

    Exit status: 1 when a bar is missed.
    """
    if name not in BENCHMARKS:
        print(f"There is no benchmark {name}: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    from onebox.artifacts import ArtifactRefused, NotDownloaded
    from onebox.bench.measure import report
    from onebox.processes import NotReady

    benchmark = importlib.import_module(f"onebox.bench.{name}")
    try:
        more = {"cases": cases} if name == "replay" else {}
        figures = asyncio.run(benchmark.measure(data=data, seconds=seconds, **more))
    except (NothingMeasured, NotReady, NotDownloaded, ArtifactRefused) as failure:
        print(f"bench {name} gave no figures. {failure}", file=sys.stderr)
        return 1
    return 0 if report(name, figures, as_json=as_json) else 1
