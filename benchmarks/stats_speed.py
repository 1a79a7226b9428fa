"""How long do the statistics of a whole board take, and how much memory?

    python benchmarks/stats_speed.py [--systems 20] [--cases 10962] [--subjects 10962] [--resamples 10000] [--seed 0]

Two fields, eight columns and their mean; one case in fifty without a reference for a field. Scores are random; the
time does not depend on them. The defaults are the second test split of the shared task, with a subject for each case,
which is the slowest.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TypeVar

import numpy as np

from harness import stats

FIELDS = ("course", "instructions")
COLUMNS = tuple("abcdefgh")
T = TypeVar("T")


def made(systems: int, cases: int, subjects: int, seed: int) -> dict[str, SimpleNamespace]:
    random = np.random.default_rng(seed)
    level = random.beta(2, 5, (len(FIELDS), cases, 1))
    level[random.random(level.shape) < 0.02] = np.nan
    return {
        f"system{s}": SimpleNamespace(
            fields=FIELDS,
            columns=COLUMNS,
            ids=tuple(map(str, range(cases))),
            groups=tuple(str(case % subjects) for case in range(cases)),
            values=np.clip(level + random.normal(s / 500, 0.1, (len(FIELDS), cases, len(COLUMNS))), 0, 1),
        )
        for s in range(systems)
    }


def timed(what: str, work: Callable[[], T]) -> T:
    start = time.perf_counter()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<52} {time.perf_counter() - start:7.2f} s   peak {peak:6.0f} MiB", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--systems", type=int, default=20)
    parser.add_argument("--cases", type=int, default=10_962)
    parser.add_argument("--subjects", type=int, default=10_962)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()
    systems = timed(
        "made (not counted)", lambda: made(settings.systems, settings.cases, settings.subjects, settings.seed)
    )
    how = stats.Resampling(settings.resamples)

    start = time.perf_counter()
    sample = timed("gather", lambda: stats.gather(systems, variant="corrected"))
    resamples = timed("bootstrap, all columns together", lambda: stats.bootstrap(sample, how))
    overall, *columns = stats.measures(sample, {"mean": COLUMNS})
    shown = [one for measure in (overall, *columns) for one in (measure, *map(measure.within, FIELDS))]
    timed(f"intervals of {len(shown)} numbers a system", lambda: stats.intervals(resamples, shown))
    timed("compare adjacent systems", lambda: stats.compare(resamples, overall))
    ranking = timed("rank by all pairs", lambda: stats.rank(sample, overall, how))
    seconds = time.perf_counter() - start
    print(
        f"{settings.systems} systems x {sample.cases} cases ({sample.subjects} subjects), {settings.resamples} "
        f"resamples: {seconds:.2f} s; {ranking.places[-1].group} groups"
    )


if __name__ == "__main__":
    main()
