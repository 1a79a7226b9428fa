"""The systems' statistics on the same cases, and the numbers of a board as means of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import LeaderboardError
from harness.stats.resample import Floats


class CaseStats(Protocol):
    """What one system scored, case by case: `values` has the shape (fields, cases, columns) and is NaN where the
    case has no reference for the field; `groups` are the subjects."""

    @property
    def fields(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def groups(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Floats: ...


@dataclass(frozen=True)
class Measure:
    """One number of a board: the mean over `columns` of the mean over `fields` of the mean over cases."""

    name: str
    columns: tuple[str, ...]
    fields: tuple[str, ...]

    def within(self, field: str) -> Measure:
        """The same for one field alone."""
        return replace(self, fields=(field,))


@dataclass(frozen=True, eq=False)
class Sample:
    """Several systems on the same cases. Cases that have no reference at all are not in it; the others stand in the
    order of their subjects and ids, so that the order of the input changes nothing.

    `values`, of shape (cases, fields, columns, systems), is 0 where `there`, of shape (cases, fields, columns, 1),
    is 0 and not 1. `starts` says at which case each subject begins. `means`, of shape (systems, fields, columns), is
    what the score cards say, NaN where it is n/a."""

    systems: tuple[str, ...]
    fields: tuple[str, ...]
    columns: tuple[str, ...]
    values: Floats
    there: Floats
    starts: NDArray[np.intp]
    means: Floats

    @property
    def cases(self) -> int:
        return len(self.values)

    @property
    def subjects(self) -> int:
        return len(self.starts)

    @cached_property
    def sums(self) -> Floats:
        """The values summed over each subject's cases, shape (subjects, fields x columns, systems)."""
        return self._by_subject(self.values)

    @cached_property
    def sizes(self) -> Floats:
        """How many of the subject's cases have a reference, shape (subjects, fields x columns, 1)."""
        return self._by_subject(self.there)

    def cells(self, measure: Measure) -> list[int]:
        """Which of fields x columns the measure is the mean of. Raises LeaderboardError where it has none."""
        try:
            rows = [self.fields.index(field) for field in measure.fields]
            return [row * len(self.columns) + self.columns.index(c) for row in rows for c in measure.columns]
        except ValueError:
            raise LeaderboardError(
                f"{measure.name} needs {', '.join(measure.columns)} of {', '.join(measure.fields)}; there are only "
                f"{', '.join(self.columns)} of {', '.join(self.fields)}",
                todo="score with the scorers that are missing, or rank by another mean",
            ) from None

    def value(self, system: str, measure: Measure) -> float:
        """The measure exactly as the board has it; NaN where a column is n/a or a field has no reference."""
        means = self.means[self.systems.index(system)]
        cells = np.array([means.flat[cell] for cell in self.cells(measure)]).reshape(len(measure.fields), -1)
        return statistics.fmean(statistics.fmean(column) for column in cells.T)

    def referenced(self, measure: Measure) -> int:
        """How many subjects the measure rests on: those with a reference, in the cell that has the fewest."""
        return int(np.count_nonzero(self.sizes[:, self.cells(measure)], axis=0).min())

    def judged(self, measure: Measure) -> int:
        """How many subjects have a reference in some cell of the measure."""
        return int(np.count_nonzero(self.sizes[:, self.cells(measure)].any(axis=1)))

    def influence(self, measure: Measure) -> Floats:
        """How much each subject moves each system's value, shape (subjects, systems), with the mean 0: the empirical
        influence of a mean of ratios (Efron & Tibshirani 1993, ch. 21; Cochran 1977, 6.3). NaN where a field has no
        reference: then there is no value."""
        total = np.zeros((self.subjects, len(self.systems)))
        cells = self.cells(measure)
        for cell in cells:
            sums, sizes = self.sums[:, cell], self.sizes[:, cell]
            with np.errstate(invalid="ignore"):  # 0 / 0: a field without a reference
                total += (sums - sums.sum(axis=0) / sizes.sum() * sizes) / sizes.sum()
        return total * self.subjects / len(cells)

    def _by_subject(self, of_cases: Floats) -> Floats:
        flat = of_cases.reshape(self.cases, len(self.fields) * len(self.columns), -1)
        return np.add.reduceat(flat, self.starts, axis=0) if self.subjects < self.cases else flat


def gather(systems: Mapping[str, CaseStats], *, variant: str) -> Sample:
    """Put the statistics of systems side by side; columns that a system lacks are n/a for it.

    Raises LeaderboardError for the official variant, for statistics of unlike cases or fields, and for a value that
    is missing or not finite where the other systems have one."""
    check_resamplable(variant)
    if not systems:
        raise LeaderboardError("there are no statistics to resample", todo="score a submission first")
    first = next(iter(systems.values()))
    for label, one in systems.items():
        _check_alike(next(iter(systems)), first, label, one)
    columns = tuple(dict.fromkeys(column for one in systems.values() for column in one.columns))
    values = np.full((len(first.ids), len(first.fields), len(columns), len(systems)), np.nan)
    for s, one in enumerate(systems.values()):
        values[:, :, [columns.index(column) for column in one.columns], s] = np.moveaxis(one.values, 0, 1)
    there = _there(values, systems, columns, first.fields)
    means = np.array([_means(values[..., s], there) for s in range(len(systems))])

    counted = np.flatnonzero(there.any(axis=(1, 2))).tolist()
    if not counted:
        raise LeaderboardError("no case has a reference", todo="score a split that has its targets")
    order = sorted(counted, key=lambda i: (first.groups[i], first.ids[i]))
    groups = [first.groups[i] for i in order]
    starts = [i for i, group in enumerate(groups) if i == 0 or group != groups[i - 1]]
    return Sample(
        systems=tuple(systems),
        fields=first.fields,
        columns=columns,
        values=np.nan_to_num(values[order], copy=False),
        there=there[order][..., None].astype(np.float64),
        starts=np.array(starts, dtype=np.intp),
        means=means,
    )


def check_resamplable(variant: str) -> None:
    """Raises LeaderboardError for a variant whose numbers are no statistics of a sample of cases."""
    if variant == "official":
        raise LeaderboardError(
            "the official variant has no intervals and no tests: of some columns it counts the last batch of the file "
            "alone, and a mean over the last batch is no statistic of the sample",
            todo="take the corrected variant: --variant corrected",
        )


def measures(sample: Sample, means: Mapping[str, Sequence[str]]) -> tuple[Measure, ...]:
    """The means of which every column is there, and all columns, each over all fields."""
    known = set(sample.columns)
    named = {name: tuple(columns) for name, columns in means.items() if known.issuperset(columns)}
    return tuple(
        Measure(name, columns, sample.fields)
        for name, columns in {**named, **{column: (column,) for column in sample.columns}}.items()
    )


def _check_alike(label: str, first: CaseStats, other_label: str, other: CaseStats) -> None:
    for what in ("fields", "ids", "groups"):
        if getattr(first, what) != getattr(other, what):
            raise LeaderboardError(
                f"'{label}' and '{other_label}' cannot be compared, they were not scored on the same cases: "
                f"their {what} differ",
                todo="score both on the same split with the same ids",
            )


def _there(
    values: Floats, systems: Mapping[str, CaseStats], columns: Sequence[str], fields: Sequence[str]
) -> NDArray[np.bool_]:
    """Which cases have a reference, shape (cases, fields, columns): the same for every system that has the column."""
    there = np.zeros(values.shape[:-1], dtype=np.bool_)
    for c, column in enumerate(columns):
        having = [s for s, one in enumerate(systems.values()) if column in one.columns]
        finite = np.isfinite(values[:, :, c, having])
        there[:, :, c] = finite.any(axis=-1)
        wrong = ~finite & there[:, :, c, None] | np.isinf(values[:, :, c, having])
        for _, f, h in np.argwhere(wrong)[:1]:
            raise LeaderboardError(
                f"'{tuple(systems)[having[h]]}' has no number in {column}, {fields[f]}, for {wrong[:, f, h].sum()} "
                "of the cases that have a reference",
                todo="score it again",
            )
    return there


def _means(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """Mean over cases a field and column, added up as the score card adds it up, to the last bit."""
    fields, columns = values.shape[1:]
    return np.array([[_mean(values[there[:, f, c], f, c]) for c in range(columns)] for f in range(fields)])


def _mean(kept: Iterable[float]) -> float:
    kept = np.ascontiguousarray(kept)
    return float(np.mean(kept)) if len(kept) else float("nan")
