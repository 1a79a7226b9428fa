"""Where a training stands, in one file that is replaced whole: what a killed process goes on from. No pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from harness.files import write_atomic

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class Point:
    """One step of the loss curve. `loss` is the mean over the step's target tokens in nats, before the step was taken;
    `held_out` that of the lessons held out, after it, where it was measured. `tokens` (with the prompts') and `seconds`
    (of that measurement too) count from the beginning of training, over all processes that took part in it."""

    step: int
    loss: float
    rate: float
    tokens: int
    seconds: float
    held_out: float | None = None


@dataclass(frozen=True)
class Progress:
    """The points so far, and of the lessons held out the lowest loss and its step."""

    points: tuple[Point, ...] = ()
    best: float | None = None
    best_step: int = 0

    @property
    def steps(self) -> int:
        return len(self.points)

    @property
    def seconds(self) -> float:
        return self.points[-1].seconds if self.points else 0.0

    @property
    def tokens(self) -> int:
        return self.points[-1].tokens if self.points else 0

    def evaluated(self, loss: float) -> Progress:
        """The last point with the loss of what is held out."""
        points = (*self.points[:-1], replace(self.points[-1], held_out=loss))
        if self.best is None or loss < self.best:
            return Progress(points, loss, len(points))
        return replace(self, points=points)

    def later(self, seconds: float) -> Progress:
        """The last point with the time that passed since its step was taken."""
        last = self.points[-1]
        return replace(self, points=(*self.points[:-1], replace(last, seconds=last.seconds + seconds)))

    def bad_evaluations(self) -> int:
        """Evaluations since the best one."""
        return sum(point.held_out is not None for point in self.points[self.best_step :])


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name: the adapter's weights, the optimiser's two moments, and the best weights so far."""

    progress: Progress = Progress()
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    moments: Mapping[str, Tensor] = field(default_factory=dict)
    best: Mapping[str, Tensor] = field(default_factory=dict)


def save(checkpoint: Checkpoint, folder: Path) -> None:
    from safetensors.torch import save as packed

    groups = {"weights": checkpoint.weights, "moments": checkpoint.moments, "best": checkpoint.best}
    tensors = {f"{group}/{name}": one for group, found in groups.items() for name, one in found.items()}
    write_atomic(folder / CHECKPOINT, packed(tensors, {"progress": json.dumps(asdict(checkpoint.progress))}))


def load(folder: Path) -> Checkpoint | None:
    """The checkpoint of a training that was begun, if it was."""
    from safetensors import safe_open

    path = folder / CHECKPOINT
    if not path.exists():
        return None
    groups: dict[str, dict[str, Tensor]] = {"weights": {}, "moments": {}, "best": {}}
    with safe_open(path, framework="pt") as file:
        told: dict[str, Any] = json.loads(file.metadata()["progress"])
        for key in file.keys():  # noqa: SIM118 - no mapping
            group, _, name = key.partition("/")
            groups[group][name] = file.get_tensor(key)
    points = tuple(Point(**point) for point in told["points"])
    return Checkpoint(Progress(points, told["best"], told["best_step"]), **groups)
