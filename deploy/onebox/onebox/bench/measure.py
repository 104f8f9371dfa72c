"""What all benchmarks share: figures with their bars, quantiles, and how a report is shown."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from onebox.bench import NothingMeasured

WIDTH_OF_A_FILE: Final = 120
"""Characters, where the report does not go to a terminal that has a width of its own."""
console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH_OF_A_FILE)


@dataclass(frozen=True)
class Figure:
    """One measured number. floor: what it is compared with; ratio: value / floor; bar: what it must reach, or None."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    bar: str | None = None
    holds: bool = True


def against_floor(name: str, value: float, unit: str, *, floor: float, at_least: float) -> Figure:
    """A figure that must reach a share of the floor."""
    ratio = value / floor if floor else 0.0
    return Figure(name, value, unit, floor, ratio, f"≥ {at_least:g} x floor", ratio >= at_least)


def at_most(name: str, value: float, unit: str, *, limit: float) -> Figure:
    """A figure that must not exceed a limit."""
    return Figure(name, value, unit, bar=f"≤ {limit:g} {unit}", holds=value <= limit)


def at_most_times(name: str, value: float, unit: str, *, base: float, limit: float) -> Figure:
    """A figure that must not exceed so many times its base, which is shown in place of the floor."""
    ratio = value / base if base else 0.0
    return Figure(name, value, unit, base, ratio, f"≤ {limit:g} x base", ratio <= limit)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of the values does not exceed. Raises NothingMeasured when there is none."""
    if not values:
        raise NothingMeasured("No answer came that could be measured.")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Sequence[float]) -> float:
    """The middle of the rounds: one disturbed round does not move it."""
    return statistics.median(values)


def note(text: str) -> None:
    """Progress, on standard error."""
    console.print(text, highlight=False)


def report(name: str, figures: Sequence[Figure], *, as_json: bool) -> bool:
    """Show the figures; whether every bar holds."""
    table = Table(title=f"bench {name}", title_justify="left")
    for heading in ("figure", "value", "unit", "floor", "ratio", "bar", ""):
        table.add_column(heading, justify="right" if heading in ("value", "floor", "ratio") else "left")
    for figure in figures:
        verdict = "" if figure.bar is None else "holds" if figure.holds else "[bold red]MISSED[/]"
        table.add_row(
            figure.name,
            f"{figure.value:,.2f}",
            figure.unit,
            "" if figure.floor is None else f"{figure.floor:,.2f}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            figure.bar or "",
            verdict,
        )
    console.print(table)
    if as_json:
        print(json.dumps({"bench": name, "figures": [_rounded(figure) for figure in figures]}), file=sys.stdout)
    return all(figure.holds for figure in figures)


def _rounded(figure: Figure) -> dict[str, object]:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(figure).items()}
