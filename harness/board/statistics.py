"""Statistics on a board: intervals of every number, ranks that the data support, rows compared, seeds."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from harness import stats
from harness.board import MEAN, Line, Number, Place, Seeds, Standing, Statistics
from harness.entries import Cases, Entry
from harness.files import canonical_json

Compared = Literal["adjacent", "all"]
Where: TypeAlias = tuple[str, ...]
"""The place of a setting: the names of the tables that it lies in, then its own."""


@dataclass(frozen=True)
class Wanted:
    """How often to resample, from which seed, and whom to compare: each row with the next one, or with all."""

    resamples: int = stats.Resampling.times
    seed: int = stats.Resampling.seed
    compare: Compared = "adjacent"


@dataclass(frozen=True, eq=False)
class Resampled:
    """The joint resamples of all rows of a board; `means` are the means that it shows, with their columns."""

    resamples: stats.Bootstrap
    means: Mapping[str, tuple[str, ...]]
    wanted: Wanted

    @classmethod
    def of(
        cls, entries: Sequence[Entry], columns: Sequence[str], means: Mapping[str, tuple[str, ...]], wanted: Wanted
    ) -> Resampled | None:
        """None where no case has a number in any of these columns. Every entry has its cases."""
        systems = {one.card.manifest.label: _only(one.cases, columns) for one in entries if one.cases}
        if not any(np.isfinite(one.values).any() for one in systems.values()):
            return None
        sample = stats.gather(systems, variant="corrected")
        return cls(stats.bootstrap(sample, stats.Resampling(wanted.resamples, wanted.seed)), means, wanted)

    @property
    def sample(self) -> stats.Sample:
        return self.resamples.sample

    def with_intervals(self, standings: Sequence[Standing]) -> list[Standing]:
        """The rows with the interval of every number that is a statistic of the cases."""
        shown = stats.measures(self.sample, self.means)
        all_fields = stats.intervals(self.resamples, shown)
        by_field = {
            field: stats.intervals(self.resamples, [measure.within(field) for measure in shown])
            for field in self.sample.fields
        }
        found = {MEAN: all_fields, **by_field}

        def bounded(label: str, line: Line) -> Line:
            intervals = {measure.name: one for measure, one in found[line.name][label].items()}
            values = {key: number and _bounded(number, intervals.get(key)) for key, number in line.values.items()}
            return replace(line, values=values)

        return [
            replace(one, lines=tuple(bounded(one.label, line) for line in one.lines), mean=bounded(one.label, one.mean))
            for one in standings
        ]

    def ranked(self, standings: Sequence[Standing], mean: str, *, higher_is_better: bool) -> list[Standing]:
        """The rows from best to worst, with the ranks that the data support."""
        measure, how = self._measure(mean), self.resamples.how
        ranking = stats.rank(self.sample, measure, how, higher_is_better=higher_is_better)
        rows = {one.label: one for one in standings}
        return [
            replace(rows[place.system], place=Place(place.rank, place.low, place.high, place.group))
            for place in ranking.places
        ]

    def statistics(self, standings: Sequence[Standing], mean: str | None, *, higher_is_better: bool) -> Statistics:
        """What is said of the whole board; nobody is compared where no mean ranks."""
        how = self.resamples.how
        return Statistics(
            level=stats.LEVEL,
            resamples=how.times,
            seed=how.seed,
            floor=how.floor,
            cases=self.sample.cases,
            subjects=self.sample.subjects,
            hidden=stats.HIDDEN,
            compared=self.wanted.compare,
            comparisons=self._compared(mean, higher_is_better) if mean else (),
            seeds=tuple(self._seeds(runs, mean) for runs in _families(standings)) if mean else (),
        )

    def _compared(self, mean: str, higher_is_better: bool) -> tuple[stats.Comparison, ...]:
        measure = self._measure(mean)
        pairs = stats.all_pairs if self.wanted.compare == "all" else stats.adjacent
        return stats.compare(self.resamples, measure, pairs(self.sample, measure, higher_is_better=higher_is_better))

    def _seeds(self, runs: Mapping[str, Standing], mean: str) -> Seeds:
        labels = [one.label for one in runs.values()]
        measure = self._measure(mean)
        at = [self.sample.systems.index(label) for label in labels]
        values = [self.sample.value(label, measure) for label in labels]
        replicates = self.resamples.replicates(measure)[:, at].mean(axis=1)
        influence = self.sample.influence(measure)[:, at].mean(axis=1)
        value, subjects = statistics.fmean(values), self.sample.referenced(measure)
        return Seeds(
            system=next(iter(runs.values())).card.manifest.system,
            labels=tuple(labels),
            seeds=tuple(runs),
            mean=_bounded(Number(value), stats.interval(value, replicates, influence, subjects)),
            deviation=statistics.stdev(values),
        )

    def _measure(self, mean: str) -> stats.Measure:
        return stats.Measure(mean, self.means[mean], self.sample.fields)


def _only(cases: Cases, columns: Sequence[str]) -> Cases:
    """The cases with those of their columns that the board shows."""
    kept = [column for column in cases.columns if column in columns]
    at = [cases.columns.index(column) for column in kept]
    return replace(cases, columns=tuple(kept), values=cases.values[:, :, at])


def _bounded(number: Number, one: stats.Interval | None) -> Number:
    if one is None or math.isinf(one.low) or math.isinf(one.high):
        return number
    return Number(number.value, one.low, one.high)


def _families(standings: Sequence[Standing]) -> list[dict[str, Standing]]:
    """Runs of one system and state of its code whose settings differ in seeds alone, by what these are."""
    found: dict[str, dict[tuple[str, ...], Standing]] = {}
    where: dict[str, list[Where]] = {}
    for one in standings:
        of = one.card.manifest
        if of.origin == "generated":
            settings = dict(_leaves(json.loads(canonical_json({**of.settings, "seed": of.seed}))))
            seeds = {at: str(settings.pop(at)) for at in [*settings] if at[-1].endswith("seed")}
            family = canonical_json([of.system, of.source, [*settings.items()], [*seeds]])
            where[family] = list(seeds)
            found.setdefault(family, {}).setdefault(tuple(seeds.values()), one)
    return [
        dict(zip(_said(where[family], list(runs)), runs.values(), strict=True))
        for family, runs in found.items()
        if len(runs) > 1
    ]


def _leaves(value: Any, where: Where = ()) -> Iterator[tuple[Where, Any]]:
    """What is neither table nor list, or an empty one, at any depth."""
    inner = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    if not inner:
        yield where, value
    for name, one in inner.items():
        yield from _leaves(one, (*where, str(name)))


def _said(where: Sequence[Where], runs: Sequence[Sequence[str]]) -> list[str]:
    """For each run its seeds that are not the same for every run: by name, and where seeds of one name differ by place.
    Those of one name that are the same in each run, as a pool's and its members', are said once."""
    first: dict[tuple[str, tuple[str, ...]], Where] = {}
    for at, seeds in sorted(zip(where, zip(*runs, strict=True), strict=True), key=lambda one: len(one[0])):
        first.setdefault((at[-1], seeds), at)
    places = Counter(name for name, _ in first)
    unlike = {
        name if places[name] == 1 else ".".join(at): seeds for (name, seeds), at in first.items() if len(set(seeds)) > 1
    }
    return [", ".join(f"{name} {seeds[run]}" for name, seeds in unlike.items()) for run in range(len(runs))]
