"""What training tells: figures, a reliability diagram, and the mistakes it makes most often."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from router.artefact import Manifest
from router.measures import Bin, Floats, Truths, Whole, bins, confusions

REPORT: Final = "report.txt"
DIAGRAM: Final = "reliability.svg"
SIDE: Final = 400
MARGIN: Final = 50
"""Of the diagram, in pixels."""


@dataclass(frozen=True)
class Measured:
    """What texts showed that their head had not seen. labels: without *out of scope*."""

    metrics: dict[str, float | None]
    labels: Sequence[str]
    truth: Whole
    guess: Whole
    confidence: Floats
    right: Truths
    threshold: float


def write_report(folder: Path, manifest: Manifest, measured: Measured) -> str:
    """Write the report and the diagram beside the model; returns the report."""
    told = "\n".join(_lines(manifest, measured)) + "\n"
    (folder / REPORT).write_text(told, encoding="utf-8")
    found = bins(measured.confidence, measured.right)
    (folder / DIAGRAM).write_text("\n".join(_diagram(found, measured.threshold)) + "\n", encoding="utf-8")
    return told


def _lines(manifest: Manifest, measured: Measured) -> Iterator[str]:
    yield f"model {manifest.version}"
    yield "rows: " + ", ".join(f"{count} {what}" for what, count in manifest.rows.items())
    yield f"labels: {len(measured.labels)}" + (f" and {manifest.out_of_scope}" if manifest.out_of_scope else "")
    yield ""
    yield "measured on texts that the head had not seen, nor any nearly the same:"
    for name, value in measured.metrics.items():
        yield f"  {name:22} " + ("-" if value is None else f"{value:.4f}")
    yield f"  {'threshold':22} {measured.threshold:.4f}"
    yield ""
    yield f"reliability ({DIAGRAM}): share of texts, mean probability, accuracy"
    for one in bins(measured.confidence, measured.right):
        yield f"  {one.share:7.3f} {one.confidence:7.3f} {one.accuracy:7.3f}"
    yield ""
    yield "most frequent mistakes: how often, what it is, what it was taken for"
    for truth, guess, often in confusions(measured.truth, measured.guess):
        yield f"  {often:6} {measured.labels[truth]} -> {measured.labels[guess]}"


def _diagram(found: Sequence[Bin], threshold: float) -> Iterator[str]:
    """Accuracy over probability; a point's area is the share of texts in its bin. The diagonal is perfect."""
    size = SIDE + 2 * MARGIN

    def across(value: float) -> float:
        return round(MARGIN + SIDE * value, 1)

    def up(value: float) -> float:
        return round(MARGIN + SIDE * (1 - value), 1)

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif" font-size="12"'
        ' role="img"><title>Reliability</title><rect width="100%" height="100%" fill="#fff"/>'
    )
    for tenth in range(0, 11, 2):
        value = tenth / 10
        yield f'<path d="M{across(value)} {up(0)}V{up(1)}M{across(0)} {up(value)}H{across(1)}" stroke="#ddd"/>'
        yield f'<text x="{across(value)}" y="{up(0) + 18}" text-anchor="middle">{value}</text>'
        yield f'<text x="{across(0) - 8}" y="{up(value) + 4}" text-anchor="end">{value}</text>'
    yield f'<path d="M{across(0)} {up(0)}L{across(1)} {up(1)}" stroke="#888" stroke-dasharray="4"/>'
    yield f'<path d="M{across(threshold)} {up(0)}V{up(1)}" stroke="#c33"/>'
    yield f'<text x="{across(threshold) - 4}" y="{up(1) - 6}" fill="#c33" text-anchor="end">threshold</text>'
    points = " ".join(f"{across(one.confidence)},{up(one.accuracy)}" for one in found)
    yield f'<polyline points="{points}" fill="none" stroke="#1a5fb4" stroke-width="2"/>'
    for one in found:
        radius = round(3 + 12 * one.share**0.5, 1)
        yield (
            f'<circle cx="{across(one.confidence)}" cy="{up(one.accuracy)}" r="{radius}" fill="#1a5fb4"'
            f' fill-opacity="0.5"><title>{one.share:.1%} of texts</title></circle>'
        )
    yield f'<text x="{across(0.5)}" y="{size - 10}" text-anchor="middle">probability</text>'
    yield f'<text x="14" y="{up(0.5)}" text-anchor="middle" transform="rotate(-90 14 {up(0.5)})">accuracy</text></svg>'
