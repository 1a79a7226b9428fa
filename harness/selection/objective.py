"""What a selector is judged by: the task's partial mean `overlap5` of each candidate, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

import numpy as np
from numpy.typing import NDArray

from harness.errors import RunError
from harness.lineup import Lineup
from harness.panel import filling
from harness.plugins import Registry
from harness.progress import counter
from harness.scoring import Scoring
from harness.selection.offers import Stall
from harness.types import Pair, Reference, Task

OBJECTIVE = "overlap5"


def columns(task: Task) -> tuple[str, ...]:
    """Raises RunError where the task names no such mean."""
    if OBJECTIVE not in task.means:
        raise RunError(
            f"the task {task.name} names no mean {OBJECTIVE}, by which selectors are taught and judged",
            todo=f"name one among its means: {OBJECTIVE}",
        )
    return tuple(task.means[OBJECTIVE])


def scorers(task: Task, registry: Registry, lineup: Lineup) -> tuple[str, ...]:
    """The names of the task's scorers that fill the columns of the objective."""
    return filling(columns(task), task, registry, lineup)


def scores(
    stalls: Sequence[Stall], references: Mapping[str, Reference], task: Task, scoring: Scoring
) -> list[list[float] | None]:
    """The objective of each candidate; None where the case has no reference for the field."""
    wanted = columns(task)
    pairs, sizes = [], []
    for stall in stalls:
        one = references.get(stall.case)
        reference = one.values.get(stall.field, "") if one else ""
        there = bool(reference.strip())
        sizes.append(len(stall.candidates) if there else 0)
        if there:
            pairs += [Pair(stall.case, stall.group, stall.field, reference, c.text) for c in stall.candidates]
    values = iter(_means(pairs, wanted, scoring).tolist())
    return [[next(values) for _ in range(size)] if size else None for size in sizes]


def _means(pairs: Sequence[Pair], wanted: Sequence[str], scoring: Scoring) -> NDArray[np.float64]:
    """The mean of the columns for each pair; a pair that a scorer refuses has the column's worst value."""
    with counter("scoring candidates", total=len(pairs) * len(scoring.working), unit="text") as progress:
        measured = scoring.measure(pairs, progress.update)
    cells: dict[str, NDArray[np.float64]] = {}
    for one, rows in zip(scoring.working.values(), measured, strict=True):
        for at, column in enumerate(one.columns):
            cells[column] = np.nan_to_num(rows.cells[:, at], nan=one.worst(column))
    missing = [column for column in wanted if column not in cells]
    if missing:
        raise RunError(f"{OBJECTIVE} lacks {', '.join(missing)}", todo="see why with `harness score`")
    return np.array([fsum(row) / len(wanted) for row in zip(*(cells[c].tolist() for c in wanted), strict=True)])
