"""What it takes to choose: features of candidates, and the choice itself where they are stored.

    python -m benchmarks.select_speed [--cases 250 500 1000] [--jobs 1 2] [--whole 10962] [--members 5]

For each number of cases (two fields each) and of processes: the seconds to compute the features that need no asset, of
each candidate by itself and among the others. Then the whole split with its features stored: the seconds to look them
up and choose by rules, by agreement and by a regression. What is stored there are random numbers, for to compute them
takes as long as the first table says. The texts are made here: 400 and 200 words, of inputs of 1,200.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import harness.selection.measuring as measuring_module
from benchmarks.texts import Prose
from harness import Learned, Rules, Selector, minimum_bayes_risk
from harness.selection.choose import select
from harness.selection.features import FEATURES, MEMBER, Asset, find_features
from harness.selection.learned import Term
from harness.selection.measuring import Aids, FeatureStore, Kind, Measuring, Rows, of_kind
from harness.selection.offers import Stall
from harness.types import Candidate

FIELDS = {"brief_hospital_course": 400, "discharge_instructions": 200}
INPUT_WORDS = 1_200
LEXICAL = tuple(name for name, one in FEATURES.items() if one.needs is None)


class Lengths:
    """The aids of features that need no asset."""

    def usual_words(self, field: str) -> int:
        return FIELDS[field]

    def identity(self, asset: Asset) -> str:
        raise NotImplementedError

    def concepts(self, texts: Sequence[str]) -> list[frozenset[str]]:
        raise NotImplementedError

    def vectors(self, texts: Sequence[str]) -> object:
        raise NotImplementedError


def stalls(cases: int, members: int) -> Iterator[Stall]:
    prose = Prose(random.Random(0))
    names = tuple(f"member-{number}" for number in range(members))
    for case in range(cases):
        chart = prose.summary(INPUT_WORDS)
        source = prose.text(chart)
        for field, words in FIELDS.items():
            texts = [prose.text(prose.rewritten(chart[:words])) for _ in names]
            offered = tuple(Candidate(str(case), field, text, system=n) for n, text in zip(names, texts, strict=True))
            yield Stall(str(case), field, str(case), source, offered, names)


def measuring(folder: Path, members: int, jobs: int) -> Measuring:
    shelves = {}
    for number in range(members):
        (folder / f"{number}").mkdir(exist_ok=True)
        shelves[f"member-{number}"] = FeatureStore(folder / f"{number}")
    return Measuring(shelves, FeatureStore(folder), Lengths(), jobs)


def selectors() -> dict[str, Selector]:
    rules = Rules(("cut_off < 1", "repeated <= 0.2"), ("smallest length_distance",))
    terms = {name: Term(0.01, -0.001, 0.5, 0.2) for name in LEXICAL}
    writers = {f"{MEMBER}member-{number}": Term(0.01 * number) for number in range(5)}
    learned = Learned(LEXICAL, {field: {**terms, **writers} for field in FIELDS})
    return {"rules": rules, "minimum Bayes risk": minimum_bayes_risk(), "learned": learned}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="*", default=[250, 500, 1000])
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--whole", type=int, default=10_962)
    parser.add_argument("--members", type=int, default=5)
    settings = parser.parse_args()
    features = find_features(LEXICAL, "the benchmark")
    print(f"{settings.members} members, {len(FIELDS)} fields, {len(features)} features\n")
    print(f"{'cases':>7} {'jobs':>5} {'seconds':>9} {'ms a candidate':>15} {'of the processor, here':>23}")
    for cases in settings.cases:
        laid_out = list(stalls(cases, settings.members))
        for jobs in settings.jobs:
            with tempfile.TemporaryDirectory() as folder:
                desk = measuring(Path(folder), settings.members, jobs)
                clock, cpu = time.perf_counter(), time.process_time()
                desk.offers(laid_out, features)
                clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
            each = 1000 / (cases * settings.members * len(FIELDS))
            print(f"{cases:7} {jobs:5} {clock:9.2f} {clock * each:15.2f} {cpu * each:23.2f}", flush=True)
    if settings.whole:
        whole(settings.whole, settings.members)


def whole(cases: int, members: int) -> None:
    laid_out = list(stalls(cases, members))
    numbers = random.Random(0)

    def filled(some: Sequence[Stall], kind: Kind, usual: Mapping[str, int], aids: Aids | None) -> list[Rows]:
        names = of_kind(kind)
        return [[[numbers.random() for _ in names] for _ in stall.candidates] for stall in some]

    with tempfile.TemporaryDirectory() as folder:
        with patch.object(measuring_module, "compute", filled):
            measuring(Path(folder), members, 1).offers(laid_out, find_features(LEXICAL, "the benchmark"))
        print(f"\n{cases} cases x {members} members, features stored")
        for name, selector in selectors().items():
            desk = measuring(Path(folder), members, 1)
            clock, cpu = time.perf_counter(), time.process_time()
            offers = desk.offers(laid_out, find_features(selector.reads, name))
            select(laid_out, offers, selector, name)
            clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
            print(f"{name:20} chosen in {clock:6.2f} s, {cpu:6.2f} s of them the processor's", flush=True)


if __name__ == "__main__":
    main()
