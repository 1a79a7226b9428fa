"""The loss curve beside an adapter: its numbers as csv, and a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from harness.files import write_atomic
from harness.tuning.progress import Point


def write_curve(points: Sequence[Point], folder: Path) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, [one.name for one in fields(Point)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(point) for point in points)
    write_atomic(folder / "loss.csv", text.getvalue().encode())
    write_atomic(folder / "loss.png", _picture(points))


def _picture(points: Sequence[Point]) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.plot([p.step for p in points], [p.loss for p in points], linewidth=0.8, label="learned from, each step")
    held = [(p.step, p.held_out) for p in points if p.held_out is not None]
    if held:
        axes.plot(*zip(*held, strict=True), marker="o", label="held out")
        axes.legend(frameon=False)
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats a target token)")
    axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
