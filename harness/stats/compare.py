"""Is one system better than another? Tests of paired differences, by subject, and what they could have shown.

The test that decides is approximate randomisation: were the two systems alike, then exchanging their texts of a
subject would change nothing, so the sign of its difference is a fair coin (Noreen 1989; Riezler & Maxwell 2005).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from harness.errors import LeaderboardError
from harness.stats.bootstrap import FEWEST, LEVEL, Bootstrap, Interval, interval, standard_error, student
from harness.stats.resample import SIGNS, Floats, Resampling, resampled_sums, rounding, subsets
from harness.stats.sample import Measure, Sample

HIDDEN = 250
"""How many stays of a test split the organisers scored."""
POWER = 0.8

Pair = tuple[str, str]


@dataclass(frozen=True)
class Comparison:
    """`first` beside `second` by one measure; `difference` is first - second.

    `p` is that of the randomisation test, `p_holm` the same corrected for all comparisons made together; `by_tail`
    says that no resample reached the difference, so that `p` is a bound of the tail and not a count. `p_bootstrap`
    is that of the paired bootstrap. `smallest` is the difference that this many subjects would show with the power
    0.8, infinite where they tell nothing of it; `reversal` how probably a hidden sample of the cases would put the two
    the other way round, None where there are not more cases than it has."""

    first: str
    second: str
    difference: Interval
    p: float
    p_holm: float
    by_tail: bool
    p_bootstrap: float
    smallest: float
    reversal: float | None


def adjacent(sample: Sample, measure: Measure, *, higher_is_better: bool = True) -> list[Pair]:
    """Each system with the next worse one."""
    return list(pairwise(in_order(sample, measure, higher_is_better=higher_is_better)))


def all_pairs(sample: Sample, measure: Measure, *, higher_is_better: bool = True) -> list[Pair]:
    """Each system with every worse one."""
    return list(combinations(in_order(sample, measure, higher_is_better=higher_is_better), 2))


def in_order(sample: Sample, measure: Measure, *, higher_is_better: bool = True) -> list[str]:
    """The systems from best to worst, equals by name. Raises LeaderboardError where one has no value."""
    values = {system: sample.value(system, measure) for system in sample.systems}
    if without := [system for system, value in values.items() if math.isnan(value)]:
        raise LeaderboardError(
            f"{', '.join(without)} cannot be compared by {measure.name}: it is n/a",
            todo="leave them out, or compare by another measure",
        )
    sign = -1 if higher_is_better else 1
    return sorted(values, key=lambda system: (sign * values[system], system))


def compare(
    resamples: Bootstrap,
    measure: Measure,
    pairs: Sequence[Pair] | None = None,
    *,
    hidden: int = HIDDEN,
    level: float = LEVEL,
) -> tuple[Comparison, ...]:
    """Compare these pairs by the measure, adjacent systems unless others are named; the correction of Holm is for all
    of them. Raises LeaderboardError where the measure of a system is n/a."""
    sample, how = resamples.sample, resamples.how
    neighbours = adjacent(sample, measure)
    pairs = neighbours if pairs is None else pairs
    places = [(sample.systems.index(first), sample.systems.index(second)) for first, second in pairs]
    replicates, influence = resamples.replicates(measure), sample.influence(measure)
    subjects, judged = sample.referenced(measure), sample.judged(measure)
    tested = Randomisation.of(sample, measure, how)
    p_values = [tested.p(a, b) for a, b in places]
    hides = _Hidden.of(sample, measure, how, hidden) if sample.cases > hidden else None

    def one(pair: Pair, a: int, b: int, p: float, p_holm: float) -> Comparison:
        apart, moved = replicates[:, a] - replicates[:, b], influence[:, a] - influence[:, b]
        value = sample.value(pair[0], measure) - sample.value(pair[1], measure)
        return Comparison(
            first=pair[0],
            second=pair[1],
            difference=interval(value, apart, moved, subjects, level),
            p=p,
            p_holm=p_holm,
            by_tail=p < how.floor,
            p_bootstrap=p_bootstrap(apart, judged),
            smallest=smallest_difference(moved, judged, 1 - level),
            reversal=hides.reversal(a, b) if hides else None,
        )

    return tuple(
        one(pair, a, b, p, p_holm)
        for pair, (a, b), p, p_holm in zip(pairs, places, p_values, holm(p_values), strict=True)
    )


@dataclass(frozen=True, eq=False)
class Randomisation:
    """The randomisation test between any two systems of a sample.

    `shares`, of shape (systems, subjects), add up to the systems' values; `sums`, of shape (systems, 1 + resamples),
    are the same with a random sign for each subject, and without in column 0."""

    shares: Floats
    sums: Floats
    rounding: float
    how: Resampling

    @classmethod
    def of(cls, sample: Sample, measure: Measure, how: Resampling) -> Randomisation:
        cells = sample.cells(measure)
        shares = np.zeros((sample.subjects, 1, len(sample.systems)))
        for cell in cells:
            shares[:, 0] += sample.sums[:, cell] / sample.sizes[:, cell].sum() / len(cells)
        (sums,) = resampled_sums(SIGNS, [shares], how)
        return cls(shares[:, 0].T.copy(), sums[:, 0].T.copy(), float(rounding(shares)[0, 0]), how)

    def p(self, a: int, b: int) -> float:
        """Two-sided: (resamples that reach the difference + 1) / (resamples + 1) (Phipson & Smyth 2010). Below that
        floor, where none does, the bound of the studentised tail."""
        apart = np.abs(self.sums[a] - self.sums[b])
        p = float(np.mean(apart >= apart[0] - 4 * self.rounding))  # column 0 is the + 1
        return min(p, sign_tail(self.shares[a] - self.shares[b])) if p <= self.how.floor else p


def sign_tail(differences: Floats) -> float:
    """Bound of the chance that random signs make |sum| as large as it is.

    With x = |sum| / sqrt(sum of squares), P <= P(|Z| >= x) / (4 P(Z >= sqrt(2))), Z normal, for any differences and
    any number of them (Bentkus & Dzindzalieta 2015, Bernoulli 21; x is a function of Student's t: Efron 1969)."""
    spread = math.sqrt(float((differences**2).sum()))
    x = abs(float(differences.sum())) / spread if spread else 0.0
    return min(1.0, math.erfc(x / math.sqrt(2)) / (2 * math.erfc(1)))


def p_bootstrap(differences: Floats, subjects: int) -> float:
    """Two-sided p-value of replicates of a difference, its own first: how often one is as far from the difference as
    that is from 0 (Efron & Tibshirani 1993, 16.4; in this field Riezler & Maxwell 2005). Replicates spread as if the
    variance had n and not n - 1 below it, which is mended. Nor is p below 2^(1 - n): so often do n subjects lie on one
    side of 0, and then all replicates do."""
    others = differences[1:][~np.isnan(differences[1:])]
    wide = math.sqrt(subjects / max(subjects - 1, 1))
    reached = np.count_nonzero(wide * np.abs(others - differences[0]) >= abs(differences[0]))
    return max(float(reached + 1) / (len(others) + 1), math.ldexp(1, 1 - subjects))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for being tested together (Holm 1979): the smallest times their number, the next times one
    less, and so on, none smaller than the one before."""
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return list(map(float, corrected))


def smallest_difference(influence: Floats, subjects: int, alpha: float = 1 - LEVEL, power: float = POWER) -> float:
    """The true difference that a two-sided test at alpha finds with this power (Cohen 1988, ch. 2, for a mean of
    paired differences): (t at 1 - alpha / 2 + t at power) x the standard error seen. Infinite below FEWEST subjects,
    of which the test finds nothing, and for systems that are equal in every case: how they vary is not known."""
    if subjects < FEWEST or not influence.any():
        return math.inf
    freedom = subjects - 1
    return (student(1 - alpha / 2, freedom) + student(power, freedom)) * standard_error(influence, subjects)


@dataclass(frozen=True, eq=False)
class _Hidden:
    """The values that the systems have in random subsets of the cases, shape (1 + resamples, systems); all cases in
    row 0."""

    values: Floats

    @classmethod
    def of(cls, sample: Sample, measure: Measure, how: Resampling, size: int) -> _Hidden:
        """Cases with the same references share a denominator, so their cells are added up before they are drawn."""
        cells = sample.cells(measure)
        there = sample.there.reshape(sample.cases, -1)[:, cells]
        values = sample.values.reshape(sample.cases, -1, len(sample.systems))
        kinds, kind = np.unique(there, axis=1, return_inverse=True)
        added = np.zeros((sample.cases, kinds.shape[1], len(sample.systems)))
        for cell, k in zip(cells, kind.ravel(), strict=True):
            added[:, k] += values[:, cell] / len(cells)
        sums, sizes = resampled_sums(subsets(size), [added, kinds[..., None]], how)
        with np.errstate(invalid="ignore"):  # 0 / 0: a subset without a reference
            return cls((sums / sizes).sum(axis=1))

    def reversal(self, a: int, b: int) -> float:
        apart = self.values[:, a] - self.values[:, b]
        apart = apart[~np.isnan(apart)]
        return float(np.mean(apart[1:] * apart[0] < 0))
