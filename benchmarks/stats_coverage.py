"""Do the intervals of 95 % hold the truth 95 times of 100, and are p-values uniform where nothing is to be found?

    python benchmarks/stats_coverage.py [--simulations 2000] [--resamples 2000] [--seed 0]

Each simulation is a system of its own in one sample, so what runs is what a leaderboard runs. Where cases have
subjects, about 7 of 10 cases of a subject have the same score. A beta(2, 5) is the shape of the scores of one column,
0 stands for cases on which a system scores nothing; the log-normal one has no upper bound and a long tail: harder
than any column. Beside the harness's intervals stand those that it does not use, from the same resamples.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from harness import stats
from harness.stats.bootstrap import student
from harness.stats.resample import WITH_REPLACEMENT, Floats, resampled_sums

SIZES = (50, 250, 1000)
LEVEL = 0.95
Random = np.random.Generator
Subjects = NDArray[np.int_]
Make = Callable[[Random, tuple[int, ...]], Floats]


def zeros(share: float, make: Make) -> Make:
    return lambda random, shape: np.where(random.random(shape) < share, 0.0, make(random, shape))


def beta(random: Random, shape: tuple[int, ...]) -> Floats:
    return random.beta(2, 5, shape)


SCORES: dict[str, tuple[Make, float]] = {
    "normal": (lambda random, shape: random.normal(0.3, 0.1, shape), 0.3),
    "beta, 30 % zero": (zeros(0.3, beta), 0.7 * 2 / 7),
    "beta, 50 % zero": (zeros(0.5, beta), 0.5 * 2 / 7),
    "beta, 70 % zero": (zeros(0.7, beta), 0.3 * 2 / 7),
    "beta, 90 % zero": (zeros(0.9, beta), 0.1 * 2 / 7),
    "log-normal, 50 % zero": (zeros(0.5, lambda random, shape: random.lognormal(0, 1, shape)), 0.5 * math.exp(0.5)),
}


def subjects_of(cases: int, random: Random, clustered: bool) -> Subjects:
    """The subject of each case: with clusters, every subject goes on to another stay with the chance .3."""
    return np.cumsum(random.random(cases) < 0.7) if clustered else np.arange(cases)


def simulated(make: Make, subject: Subjects, systems: int, random: Random) -> Floats:
    """Scores of the shape (cases, systems). A case has its own, or with the chance .7 that of its subject."""
    own = make(random, (len(subject), systems))
    shared = make(random, (int(subject.max()) + 1, systems))[subject]
    return np.where(random.random(own.shape) < 0.7, shared, own)


def sample_of(values: Floats, subject: Subjects) -> stats.Sample:
    names = tuple(f"{i:06}" for i in range(len(subject)))
    groups = tuple(f"{i:06}" for i in subject)
    cases = [
        SimpleNamespace(fields=("f",), columns=("c",), ids=names, groups=groups, values=v)
        for v in values.T[:, None, :, None]
    ]
    return stats.gather({f"{i:06}": one for i, one in enumerate(cases)}, variant="corrected")


# --------------------------------------------------------------------------- intervals


def ours(resamples: stats.Bootstrap, measure: stats.Measure) -> tuple[Floats, Floats]:
    found = [by_measure[measure] for by_measure in stats.intervals(resamples, [measure], LEVEL).values()]
    return np.array([one.low for one in found if one]), np.array([one.high for one in found if one])


def percentile(resamples: stats.Bootstrap, measure: stats.Measure) -> tuple[Floats, Floats]:
    low, high = np.quantile(
        resamples.replicates(measure)[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="weibull"
    )
    return low, high


def bootstrap_t(resamples: stats.Bootstrap, measure: stats.Measure) -> tuple[Floats, Floats]:
    """Efron & Tibshirani 1993, 12.5, with the standard errors from the influence of the subjects."""
    influence, means = resamples.sample.influence(measure)[:, None], resamples.replicates(measure)
    first, second = resampled_sums(WITH_REPLACEMENT, [influence, influence**2], resamples.how)
    n = len(influence)
    errors = np.sqrt(np.maximum(second / n - (first / n) ** 2, 0) / (n - 1))[:, 0]
    errors[errors < 1e-9] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num((means - means[0]) / errors, nan=0.0, posinf=np.inf, neginf=-np.inf)
    low, high = np.sort(t[1:], axis=0)[[round(p * len(t)) - 1 for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)]]
    return means[0] - high * errors[0], means[0] - low * errors[0]


METHODS = {"harness (BCa, widened)": ours, "percentile": percentile, "bootstrap-t": bootstrap_t}


def coverage(simulations: int, how: stats.Resampling, seed: int) -> None:
    print("\nshare of the intervals that hold the true mean, 95 % nominal (below it | above it)")
    print(f"{'cases':>5} {'subjects':>8}  {'scores':<22}" + "".join(f"{name:>26}" for name in METHODS))
    for cases, clustered in ((cases, clustered) for cases in SIZES for clustered in (False, True)):
        random = np.random.default_rng([seed, cases, clustered])
        subject = subjects_of(cases, random, clustered)
        for name, (make, truth) in SCORES.items():
            sample = sample_of(simulated(make, subject, simulations, random), subject)
            resamples = stats.bootstrap(sample, how)
            (measure,) = stats.measures(sample, {})
            line = f"{cases:>5} {sample.subjects:>8}  {name:<22}"
            for method in METHODS.values():
                low, high = method(resamples, measure)
                held = np.mean((low <= truth) & (truth <= high))
                line += f"{held:>12.1%} ({np.mean(high < truth):>5.1%} |{np.mean(truth < low):>5.1%})"
            print(line, flush=True)


# --------------------------------------------------------------------------- tests


def alike(make: Make, subject: Subjects, systems: int, random: Random) -> Floats:
    """Systems that are alike: half of each score is the case's."""
    case = simulated(make, subject, 1, random)
    return (case + simulated(make, subject, systems, random)) / 2


def off_uniform(p_values: Floats) -> float:
    """The statistic of Kolmogorov and Smirnov; 1.36 / sqrt(n) is exceeded once in 20 times."""
    ordered, steps = np.sort(p_values), np.arange(1, len(p_values) + 1) / len(p_values)
    return float(max(np.max(steps - ordered), np.max(ordered - steps + 1 / len(ordered))))


def null(simulations: int, how: stats.Resampling, seed: int) -> None:
    print(
        f"\np-values of two systems that are alike: share up to .01, .05, .5, and how far from uniform "
        f"(1 in 20 times above {1.36 / math.sqrt(simulations):.3f})"
    )
    print(f"{'cases':>5} {'subjects':>8}  {'scores':<22}{'randomisation':>30}{'paired bootstrap':>30}")
    for cases, clustered in ((cases, clustered) for cases in SIZES for clustered in (False, True)):
        random = np.random.default_rng([seed, 1, cases, clustered])
        subject = subjects_of(cases, random, clustered)
        for name in ("normal", "beta, 50 % zero", "beta, 90 % zero"):
            sample = sample_of(alike(SCORES[name][0], subject, 2 * simulations, random), subject)
            (measure,) = stats.measures(sample, {})
            pairs = list(zip(sample.systems[::2], sample.systems[1::2], strict=True))
            found = stats.compare(stats.bootstrap(sample, how), measure, pairs)
            line = f"{cases:>5} {sample.subjects:>8}  {name:<22}"
            for p in (np.array([one.p for one in found]), np.array([one.p_bootstrap for one in found])):
                shares = " ".join(f"{np.mean(p <= at):5.1%}" for at in (0.01, 0.05, 0.5))
                line += f"{shares:>22} {off_uniform(p):6.3f} "
            print(line, flush=True)


def families(simulations: int, how: stats.Resampling, seed: int, systems: int = 8) -> None:
    print(f"\n{systems} systems: how often a rank interval misses a true rank (5 % nominal), {simulations} times")
    for name, step in (("all alike", 0.0), ("each .02 better than the next", 0.02)):
        for cases in (50, 250):
            random = np.random.default_rng([seed, 2, cases])
            subject = subjects_of(cases, random, True)
            wrong, width = 0, 0.0
            for _ in range(simulations):
                values = alike(SCORES["beta, 50 % zero"][0], subject, systems, random) - step * np.arange(systems)
                sample = sample_of(values, subject)
                (measure,) = stats.measures(sample, {})
                places = stats.rank(sample, measure, how).places
                wrong += any(_misses(one, step, systems) for one in places)
                width += float(np.mean([one.high - one.low + 1 for one in places])) / simulations
            print(
                f"{cases:>5} cases, {name:<30} {wrong / simulations:6.1%}, {width:.1f} ranks wide on average",
                flush=True,
            )


def _misses(place: stats.Place, step: float, systems: int) -> bool:
    """Systems that are alike share all ranks: an interval that leaves out any of them claims an order."""
    true = [int(place.system) + 1] if step else [1, systems]
    return not all(place.low <= one <= place.high for one in true)


def power(simulations: int, how: stats.Resampling, seed: int) -> None:
    print("\nhow often a difference as large as the smallest that could show is found at 5 % (80 % nominal)")
    for cases in SIZES:
        random = np.random.default_rng([seed, 3, cases])
        apart = (student(0.975, cases - 1) + student(0.8, cases - 1)) * 0.1 / math.sqrt(cases)
        values = random.normal(0.3, 0.1, (cases, 2 * simulations))
        values[:, ::2] = values[:, 1::2] + random.normal(apart, 0.1, (cases, simulations))
        sample = sample_of(values, np.arange(cases))
        (measure,) = stats.measures(sample, {})
        pairs = list(zip(sample.systems[::2], sample.systems[1::2], strict=True))
        found = stats.compare(stats.bootstrap(sample, how), measure, pairs)
        share = np.mean([one.p <= 0.05 for one in found])
        print(
            f"{cases:>5} cases: {share:.1%}; estimated {np.mean([one.smallest for one in found]):.4f}, true {apart:.4f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--simulations", type=int, default=2_000)
    parser.add_argument("--resamples", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()
    how = stats.Resampling(settings.resamples, settings.seed)
    print(f"{settings.simulations} simulations a line, {settings.resamples} resamples, seed {settings.seed}")
    coverage(settings.simulations, how, settings.seed)
    null(settings.simulations // 2, how, settings.seed)
    power(settings.simulations // 2, how, settings.seed)
    families(settings.simulations // 10, stats.Resampling(1_000, settings.seed), settings.seed)


if __name__ == "__main__":
    main()
