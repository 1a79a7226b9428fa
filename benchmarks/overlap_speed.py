"""How fast bleu, rouge and meteor are, beside the packages that they equal, in one process and one run.

    python -m benchmarks.overlap_speed [--stays 1000] [--rounds 5] [--pairs 10000] [--seed 0] [--scorers rouge]

Each stay has two texts, of 400 and of 200 words on average, and two systems wrote what is judged. In every round,
and in turns, the reference judges one system row by row as the published script does; a fresh scorer of ours judges the
same ("cold", its tables read anew); and then, the references being known to it, the other system ("second"). Imports
and the loading of nltk's data are not timed. A ratio is the median of the rounds' ratios. Every value is compared in
the same run; more than 1e-9 apart fails. Then --pairs short odd texts are compared, untimed.

What stands beside ours, unmodified: rouge_score; nltk with WordNet 3.0; for bleu the published formula in plain Python.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.texts import odd_pairs, summaries
from harness import Pair
from oracle._nltk_data import nltk_data
from oracle._published_bleu import published_bleu
from scorers.bleu import Bleu
from scorers.meteor import Meteor
from scorers.rouge import Rouge

TOLERANCE = 1e-9
Row = Callable[[str, str], Sequence[float]]


@dataclass(frozen=True)
class Contest:
    """A scorer of ours beside the reference that it has to equal; `row` judges (reference, hypothesis)."""

    plugin: Any
    reference: str
    row: Row

    def scorer(self) -> Any:
        return self.plugin().open(SimpleNamespace(language="en"))


# --------------------------------------------------------------------------- the references


def rouge_score() -> Row:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    return lambda reference, hypothesis: [one.fmeasure for one in scorer.score(reference, hypothesis).values()]


def nltk_meteor() -> Row:
    import nltk

    nltk.data.path[:] = [str(nltk_data())]
    from nltk.tokenize import word_tokenize
    from nltk.translate.meteor_score import single_meteor_score

    return lambda reference, hypothesis: [single_meteor_score(word_tokenize(reference), word_tokenize(hypothesis))]


CONTESTS: dict[str, Callable[[], Contest]] = {
    "bleu": lambda: Contest(Bleu, "the published formula", lambda wanted, given: [published_bleu(wanted, given)]),
    "rouge": lambda: Contest(Rouge, "rouge_score", rouge_score()),
    "meteor": lambda: Contest(Meteor, "nltk", nltk_meteor()),
}


# --------------------------------------------------------------------------- the contest


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def paired(references: Sequence[str], hypotheses: Sequence[str]) -> list[Pair]:
    # The published script replaces line breaks before any metric sees a text.
    sides = ([text.replace("\n", " ") for text in side] for side in (references, hypotheses))
    return [Pair(str(i), str(i), "text", *texts) for i, texts in enumerate(zip(*sides, strict=True))]


def furthest(ours: Any, theirs: Sequence[Sequence[float]]) -> float:
    return float(np.abs(np.asarray(ours) - np.asarray(theirs)).max(initial=0.0))


@dataclass(frozen=True)
class Round:
    """Seconds and rows of the reference, of ours fresh, and of ours on the other system."""

    times: tuple[float, float, float]
    expected: Sequence[Sequence[float]]
    cold: Any
    second: Any


def one_round(contest: Contest, first: Sequence[Pair], second: Sequence[Pair]) -> Round:
    theirs, expected = seconds(lambda: [contest.row(pair.reference, pair.hypothesis) for pair in first])
    start = time.perf_counter()
    scorer = contest.scorer()
    rows = scorer.measure(first)
    cold = time.perf_counter() - start
    warm, other = seconds(lambda: scorer.measure(second))
    return Round((theirs, cold, warm), expected, rows, other)


def race(name: str, contest: Contest, systems: Sequence[Sequence[Pair]], rounds: int) -> float:
    """Time and compare; prints the ratios, returns the largest difference."""
    one_round(contest, systems[0][:2], systems[1][:2])  # what is imported and read but once
    done = [one_round(contest, systems[at % 2], systems[1 - at % 2]) for at in range(rounds)]
    difference = max(furthest(one.cold, one.expected) for one in done)
    difference = max(difference, *(furthest(a.second, b.expected) for a, b in pairwise(done)))
    theirs, cold, warm = (statistics.median(column) for column in zip(*(one.times for one in done), strict=True))
    ratios = [statistics.median(one.times[0] / one.times[at] for one in done) for at in (1, 2)]
    print(
        f"{name}: {len(systems[0])} pairs, median of {rounds}: {contest.reference} {theirs:.2f} s, "
        f"ours {cold:.3f} s cold (x {ratios[0]:.1f}), {warm:.3f} s second system (x {ratios[1]:.1f}); "
        f"largest difference {difference:.1e}",
        flush=True,
    )
    return difference


def compare_odd(name: str, contest: Contest, pairs: Sequence[tuple[str, str]]) -> float:
    made = paired(*zip(*pairs, strict=True))
    expected = [contest.row(pair.reference, pair.hypothesis) for pair in made]
    difference = furthest(contest.scorer().measure(made), expected)
    print(f"{name}: {len(made)} odd pairs: largest difference {difference:.1e}", flush=True)
    return difference


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--stays", type=int, default=1000, help="two texts each (default 1000)")
    parser.add_argument("--rounds", type=int, default=5, help="two at least (default 5)")
    parser.add_argument("--pairs", type=int, default=10_000, help="short odd texts to compare (default 10000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scorers", default=",".join(CONTESTS))
    asked = parser.parse_args()
    references, *systems = summaries(asked.stays, asked.seed)
    pairs = [paired(references, texts) for texts in systems]
    words = sum(len(text.split()) for text in references) / len(references)
    print(
        f"seed {asked.seed}, {asked.stays} stays, {len(references)} references of {words:.0f} words on average",
        flush=True,
    )
    odd = odd_pairs(asked.pairs, asked.seed)
    differences = []
    for name in asked.scorers.split(","):
        contest = CONTESTS[name]()
        differences += [race(name, contest, pairs, asked.rounds), compare_odd(name, contest, odd)]
    if max(differences) > TOLERANCE:
        print(f"values differ by more than {TOLERANCE:g}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
