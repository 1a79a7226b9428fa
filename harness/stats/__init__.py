"""What a leaderboard may say: intervals, tests and ranks from statistics per case. Nothing here knows a file.

    sample = gather({label: stats, ...}, variant="corrected")    the systems on the same cases
    resamples = bootstrap(sample)                                all columns resampled together, by subject
    intervals(resamples, measures(sample, means))                of every mean and column
    compare(resamples, overall)                                  neighbours: differences, p-values, power
    rank(sample, overall)                                        rank intervals and ties

The intervals are about cases: other cases of the same kind would give other numbers. How much another training seed
would change a system is not in them.
"""

from harness.stats.bootstrap import FEWEST, LEVEL, Bootstrap, Interval, bootstrap, interval, intervals
from harness.stats.compare import HIDDEN, POWER, Comparison, adjacent, all_pairs, compare, holm
from harness.stats.rank import Place, Ranking, rank
from harness.stats.resample import Resampling
from harness.stats.sample import CaseStats, Measure, Sample, check_resamplable, gather, measures

__all__ = [
    "FEWEST",
    "HIDDEN",
    "LEVEL",
    "POWER",
    "Bootstrap",
    "CaseStats",
    "Comparison",
    "Interval",
    "Measure",
    "Place",
    "Ranking",
    "Resampling",
    "Sample",
    "adjacent",
    "all_pairs",
    "bootstrap",
    "check_resamplable",
    "compare",
    "gather",
    "holm",
    "interval",
    "intervals",
    "measures",
    "rank",
]
