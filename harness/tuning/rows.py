"""Which lessons a step learns from: a function of their lengths, the settings and the seed, and of nothing else."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from harness.types import Tuning

Row: TypeAlias = tuple[int, ...]
"""Lessons (their positions) that stand one behind the other in a row of tokens; none of them sees another."""

Step: TypeAlias = list[list[Row]]
"""The micro-batches of one step of the optimiser."""


def split_groups(groups: Sequence[str], tuning: Tuning) -> tuple[list[int], list[int]]:
    """(lessons to learn from, lessons held out): whole subjects, drawn with the seed. A lesson without a subject is its
    own."""
    owners = [(group, 0 if group else at) for at, group in enumerate(groups)]
    subjects = sorted(set(owners))
    held = math.ceil(len(subjects) * tuning.held_out) if tuning.held_out else 0
    apart = set(random.Random(f"held out {tuning.training_seed}").sample(subjects, held))
    learned = [at for at, owner in enumerate(owners) if owner not in apart]
    return learned, [at for at, owner in enumerate(owners) if owner in apart]


def plan_steps(lessons: Sequence[int], lengths: Sequence[int], tuning: Tuning) -> list[Step]:
    """All steps of a training: epoch by epoch, each in an order of its own."""
    planned: list[Step] = []
    if not lessons:
        return planned
    for epoch in range(tuning.epochs if not tuning.steps else tuning.steps):
        order = list(lessons)
        random.Random(f"epoch {tuning.training_seed} {epoch}").shuffle(order)
        rows = fill_rows(order, lengths, tuning.sequence_length) if tuning.packing else [(at,) for at in order]
        planned += _steps(rows, lengths, tuning)
        if tuning.steps and len(planned) >= tuning.steps:
            return planned[: tuning.steps]
    return planned


def fill_rows(order: Sequence[int], lengths: Sequence[int], longest: int) -> list[Row]:
    """Rows of at most `longest` tokens: each lesson goes into the first of the open rows that has room for it."""
    rows: list[list[int]] = []
    room: list[int] = []
    first = 0
    for at in order:
        found = next((i for i in range(first, len(rows)) if room[i] >= lengths[at]), len(rows))
        if found == len(rows):
            rows.append([])
            room.append(longest)
        rows[found].append(at)
        room[found] -= lengths[at]
        first = max(first, len(rows) - _OPEN)
    return [tuple(row) for row in rows]


_OPEN = 64
"""Rows that are kept open: with all of them, a split of a hundred thousand lessons would take minutes."""


def _steps(rows: Sequence[Row], lengths: Sequence[int], tuning: Tuning) -> Iterator[Step]:
    size = tuning.batch * tuning.accumulation
    for start in range(0, len(rows), size):
        # Rows of like length share a micro-batch, so that little of it is padding.
        together = sorted(rows[start : start + size], key=lambda row: (sum(lengths[at] for at in row), row))
        yield [together[at : at + tuning.batch] for at in range(0, len(together), tuning.batch)]


def rate(step: int, steps: int, tuning: Tuning) -> float:
    """The learning rate of a step: a linear warm-up over the share `warmup` of all steps, then the schedule."""
    warm = math.ceil(steps * tuning.warmup)
    if step < warm:
        return tuning.learning_rate * (step + 1) / warm
    gone = (step - warm) / max(1, steps - warm)
    match tuning.schedule:
        case "cosine":
            return tuning.learning_rate * (1 + math.cos(math.pi * gone)) / 2
        case "linear":
            return tuning.learning_rate * (1 - gone)
        case "constant":
            return tuning.learning_rate
