"""Bootstrap of all systems at once, by subject, and the intervals of the board's numbers.

Intervals are bias-corrected and accelerated (BCa: Efron & Tibshirani 1993, 14.3) with levels widened for small
samples (Hesterberg 2015). Percentile intervals are too short below some 250 cases where scores are
skewed; bootstrap-t intervals cover too much where most scores are 0, and can be infinite. For scores with a long
tail and no bound, which no column has, all three are too short. benchmarks/stats_coverage.py prints them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from harness.stats.resample import DEFAULT, WITH_REPLACEMENT, Floats, Resampling, resampled_sums
from harness.stats.sample import Measure, Sample

LEVEL = 0.95
FEWEST = 6
"""How many subjects an interval or a test at LEVEL takes. Symmetric scores of n subjects lie all on one side of the
truth 2^(1 - n) of the time, and then no interval of resampled means holds it; nor is a p-value by signs ever smaller.
That is .0625 for 5 subjects and .03125 for 6."""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Interval:
    """A value with the bounds of its confidence interval, infinite below FEWEST subjects."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """The joint resamples of a sample. `means`, of shape (1 + resamples, fields x columns, systems), has the sample
    itself in row 0; NaN where a resample has no reference."""

    sample: Sample
    how: Resampling
    means: Floats

    def replicates(self, measure: Measure) -> Floats:
        """The measure in every resample, shape (1 + resamples, systems)."""
        cells = self.sample.cells(measure)
        total = np.zeros((len(self.means), len(self.sample.systems)))
        for cell in cells:
            total += self.means[:, cell]
        return total / len(cells)


def bootstrap(sample: Sample, how: Resampling = DEFAULT) -> Bootstrap:
    """Resample subjects with replacement, the same ones for all systems, fields and columns.

    A field's mean in a resample is the ratio of two sums: of scores, and of cases that have a reference. Holds
    8 bytes x resamples x fields x columns x systems; on the way a copy of the subjects' sums, and `how.memory`."""
    means, sizes = resampled_sums(WITH_REPLACEMENT, [sample.sums, sample.sizes], how)
    with np.errstate(invalid="ignore"):  # 0 / 0: a resample without a reference
        means /= sizes
    return Bootstrap(sample, how, means)


def intervals(
    resamples: Bootstrap, measures: Sequence[Measure], level: float = LEVEL
) -> dict[str, dict[Measure, Interval | None]]:
    """System -> measure -> its interval; None where the value is n/a."""
    found: dict[str, dict[Measure, Interval | None]] = {system: {} for system in resamples.sample.systems}
    for measure in measures:
        replicates, influence = resamples.replicates(measure), resamples.sample.influence(measure)
        subjects = resamples.sample.referenced(measure)
        for s, system in enumerate(resamples.sample.systems):
            value = resamples.sample.value(system, measure)
            known = not math.isnan(value)
            found[system][measure] = (
                interval(value, replicates[:, s], influence[:, s], subjects, level) if known else None
            )
    return found


def interval(value: float, replicates: Floats, influence: Floats, subjects: int, level: float = LEVEL) -> Interval:
    """The interval of a value from its replicates, the sample's own first, each subject's influence on it, and how
    many subjects it rests on.

    BCa (Efron & Tibshirani 1993, 14.3) with the acceleration from the empirical influence; the normal
    quantiles in it are replaced by sqrt(n / (n - 1)) x Student's (Hesterberg 2015)."""
    if subjects < FEWEST:
        return Interval(-math.inf, value, math.inf)
    own, others = replicates[0], np.sort(replicates[1:][~np.isnan(replicates[1:])])
    below, upto = np.searchsorted(others, own, "left"), np.searchsorted(others, own, "right")
    bias = _NORMAL.inv_cdf((below + upto + 1) / (2 * len(others) + 2))
    spread = float((influence**2).sum())
    acceleration = float((influence**3).sum()) / (6 * spread**1.5) if spread else 0.0

    wide = math.sqrt(subjects / (subjects - 1)) * student((1 + level) / 2, subjects - 1)
    levels = [_NORMAL.cdf(bias + (bias + z) / (1 - acceleration * (bias + z))) for z in (-wide, wide)]
    low, high = (_quantile(others, p) for p in levels)
    return Interval(min(low, value), value, max(high, value))


def _quantile(ordered: Floats, p: float) -> float:
    """The quantile that p x (n + 1) points to (Weibull's), between neighbours in proportion; `ordered` is ascending."""
    at = min(max(p * (len(ordered) + 1) - 1, 0.0), len(ordered) - 1.0)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (at - below) * (ordered[above] - ordered[below]))


def standard_error(influence: Floats, subjects: int) -> float:
    """Of a mean with this influence of each subject, which rests on so many of them (Efron & Tibshirani 1993, ch. 21,
    with n - 1 for n)."""
    return math.sqrt(float((influence**2).sum()) * subjects / (subjects - 1)) / len(influence)


def student(p: float, freedom: int) -> float:
    """The quantile of Student's t, to 3 digits from 4 degrees of freedom (Abramowitz & Stegun 1964, 26.7.5)."""
    z = _NORMAL.inv_cdf(p)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * freedom**4)
    )
