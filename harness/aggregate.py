"""Statistics per case -> one number a column and field. How cases become a number is decided here and nowhere else.

Two variants. `corrected`: the mean over cases. `official`: what the task's published script makes of them. It takes
the cases in the order of their ids as integers, in batches; of some columns only the last batch counts, others are a
mean of batch means. What is missing is treated alike in both.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from harness.errors import ScoreError
from harness.measure import Floats
from harness.score import Flags, Stats
from harness.types import ColumnScore, ShortTargets, Signature, Task, Truncation

Variant = Literal["corrected", "official"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

_Rule = Literal["mean", "last-batch", "mean-of-batch-means"]


def check_variant(task: Task, variant: Variant) -> None:
    """Raises ScoreError for a task of which no published script is known."""
    if variant == "official" and task.published is None:
        raise ScoreError(f"{task.name} names no published script to reproduce", todo="leave --variant out")


def aggregate(stats: Stats, task: Task, variant: Variant) -> dict[str, dict[str, ColumnScore]]:
    """Column -> field -> score."""
    return {
        column: {field: _score(stats, f, c, task, variant) for f, field in enumerate(stats.fields)}
        for c, column in enumerate(stats.columns)
    }


def short_targets(stats: Stats, task: Task, variant: Variant) -> dict[str, ShortTargets]:
    """For the fields that have any: how many references are short, and each column's value without their cases."""
    found = {}
    for f, field in enumerate(stats.fields):
        if stats.short[f].any():
            without = {
                column: _value(stats.values[f, :, c], ~stats.short[f], task, _rule(task, column, variant))
                for c, column in enumerate(stats.columns)
            }
            found[field] = ShortTargets(int(stats.short[f].sum()), without)
    return found


def truncation(stats: Stats) -> dict[str, dict[str, Truncation]]:
    """Column -> field -> what the metric never saw, for the columns that tell."""
    tokens, unseen = stats.seen[..., 0], stats.seen[..., 1]
    return {
        column: {
            field: Truncation(
                tokens=int(tokens[f, :, c].sum()),
                unseen=int(unseen[f, :, c].sum()),
                cut=int((unseen[f, :, c] > 0).sum()),
            )
            for f, field in enumerate(stats.fields)
        }
        for c, column in enumerate(stats.ledger)
    }


def refusals(stats: Stats) -> dict[str, dict[str, int]]:
    """Column -> reason -> how many texts the scorer would not judge, for the columns with any."""
    found = {}
    for c, column in enumerate(stats.columns):
        counts = Counter(stats.refused[:, :, c].ravel().tolist())
        reasons = {reason: counts[number] for number, reason in enumerate(stats.reasons, 1) if counts[number]}
        if reasons:
            found[column] = reasons
    return found


def signed(signature: Signature, task: Task, column: str, variant: Variant) -> Signature:
    """The signature of a column with the variant, whose script it follows and, where it is no mean, its rule."""
    identity = {**signature.identity, "variant": variant}
    if variant == "official" and task.published is not None:
        identity["script"] = task.published.revision
        if (rule := _rule(task, column, variant)) != "mean":
            identity["cases"] = f"{rule}/{task.published.batch}"
    return Signature(dict(sorted(identity.items())), signature.environment)


def says_official(task: Task, scores: Mapping[str, Mapping[str, ColumnScore] | None]) -> str:
    """What the official variant does, and how many rows count in it."""
    published = task.published
    assert published is not None
    rows = max((one.n for by_field in scores.values() if by_field for one in by_field.values()), default=0)
    said = [f"variant official, as the script published at {published.revision} has it: batches of {published.batch}"]
    if last := [column for column in published.last_batch if scores.get(column)]:
        counted = max(one.n for one in (scores[last[0]] or {}).values())
        said.append(f"of {', '.join(last)} the last batch alone counts ({counted} of {rows} rows)")
    if means := [column for column in published.batch_means if scores.get(column)]:
        said.append(f"{', '.join(means)} is a mean of batch means")
    return "; ".join([*said, "the rest are means over all rows"])


def mean_over_fields(scores: Mapping[str, ColumnScore] | None) -> float | None:
    """The value of a column; None where it is n/a, or where a field has no reference at all."""
    if scores is None or any(math.isnan(one.value) for one in scores.values()):
        return None
    return statistics.fmean(one.value for one in scores.values())


def mean_over_columns(values: Mapping[str, float | None], columns: Sequence[str]) -> float | None:
    """The mean of exactly these columns; None where one of them is missing."""
    present = [value for column in columns if (value := values.get(column)) is not None]
    return statistics.fmean(present) if present and len(present) == len(columns) else None


# --------------------------------------------------------------------------- the rules


def _rule(task: Task, column: str, variant: Variant) -> _Rule:
    if variant == "official" and task.published is not None:
        if column in task.published.last_batch:
            return "last-batch"
        if column in task.published.batch_means:
            return "mean-of-batch-means"
    return "mean"


def _score(stats: Stats, field: int, column: int, task: Task, variant: Variant) -> ColumnScore:
    values, rule = stats.values[field, :, column], _rule(task, stats.columns[column], variant)
    there = ~np.isnan(values)
    return ColumnScore(
        value=_value(values, there, task, rule),
        n=sum(map(len, _counted(values, there, task, rule))),
        failed=int((stats.failed[field] | (stats.refused[field, :, column] > 0)).sum()),
        excluded=int((~there).sum()),
    )


def _value(values: Floats, there: Flags, task: Task, rule: _Rule) -> float:
    """The mean of the means of what counts, NaN where nothing does."""
    means = [float(np.mean(part)) for part in _counted(values, there & ~np.isnan(values), task, rule) if len(part)]
    return float(np.mean(means)) if means else math.nan


def _counted(values: Floats, there: Flags, task: Task, rule: _Rule) -> list[Floats]:
    """The values that count, those that are averaged by themselves together."""
    if rule == "mean" or task.published is None:
        return [values[there]]
    size = task.published.batch
    batches = [slice(start, start + size) for start in range(0, len(values), size)]
    return [values[batch][there[batch]] for batch in (batches[-1:] if rule == "last-batch" else batches)]
