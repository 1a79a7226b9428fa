"""Choosing among 19 public systems' notes for the 120 encounters of ACI-Bench's test sets, without their references.

    git clone https://github.com/wyim/aci-bench
    python -m benchmarks.select_aci --data aci-bench/data/challenge_data --runs aci-bench [--concepts]

The selector `learned` is fitted on two test sets and judged on the third, in turn; rules and minimum Bayes risk need no
fitting. "share" is the gain over the best single member as a part of the way from there to the oracle. The best member
is the best *of that test set* by hindsight, and picked anew in every resample; a user would have to guess it. Nothing
is tuned on the set that is judged: the strength of the ridge is decided by cross-validation within the other two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.replicate import SPLITS, TASK, Texts, read_runs
from harness import Learned, Offer, Pair, Rules, minimum_bayes_risk
from harness.corpora import open_corpus
from harness.errors import HarnessError
from harness.lineup import find_lineup, read_lineup
from harness.panel import ScorerContext, choose, open_scorers
from harness.plugins import registry
from harness.selection.features import FEATURES, MEMBER
from harness.selection.gains import Gain, Scored, gain
from harness.selection.measuring import Aids, Kind, compute, of_kind
from harness.selection.offers import Stall
from harness.stats.resample import Resampling
from harness.types import Candidate, RawStay, Selector

FIELD = "note"
OBJECTIVES = {"overlap5": slice(0, 5), "mean of ROUGE": slice(1, 4)}
SCORERS = ("bleu", "rouge", "meteor")
UNTOLD = {"cut_off", "logprob"}  # nobody published them of these texts


@dataclass(frozen=True, eq=False)
class Judged:
    """One test set: an offer a case, and scores of shape (cases, systems, 5)."""

    systems: tuple[str, ...]
    offers: tuple[Offer, ...]
    scores: Any


def read(data: Path, runs: Path, concepts: bool) -> dict[str, Judged]:
    texts = {split: read_runs(runs, split) for split in SPLITS}
    systems = sorted(set.intersection(*(set(found) for found in texts.values())))
    task = registry().task(TASK)
    corpus = open_corpus(data, task, "train")
    usual = round(median(len(note(stay).split()) for stay in corpus.stays("train")))
    with tempfile.TemporaryDirectory() as work:
        judge = _Judge(Path(work))
        aids = _Concepts(Path(work)) if concepts else None
        return {
            split: _judged(
                sorted(corpus.stays(split), key=lambda stay: stay.id), texts[split], systems, usual, judge, aids
            )
            for split in SPLITS
        }


def note(stay: RawStay) -> str:
    assert stay.targets is not None
    return stay.targets[FIELD]


class _Judge:
    def __init__(self, work: Path) -> None:
        choices = choose(SCORERS, registry(()), read_lineup(find_lineup(None)))
        self._scorers = open_scorers(choices, ScorerContext("en", work))

    def __call__(self, pairs: Sequence[Pair]) -> Any:
        return np.concatenate([one.ready.measure(pairs) for one in self._scorers], axis=1)


class _Concepts:
    """The open vocabulary, where --concepts asks for it."""

    def __init__(self, work: Path) -> None:
        from harness import assets
        from harness.nlp.concepts import open_matcher

        self._matcher = open_matcher("open", assets.path, work)

    def concepts(self, texts: Sequence[str]) -> list[frozenset[str]]:
        return [frozenset(i for ids in found.values() for i in ids) for found in self._matcher.concepts(texts)]


def _judged(
    stays: Sequence[RawStay], texts: Texts, systems: Sequence[str], usual: int, judge: _Judge, aids: Any
) -> Judged:
    offers, scores = [], []
    for stay in stays:
        candidates = tuple(Candidate(stay.id, FIELD, texts[system][stay.id]) for system in systems)
        stall = Stall(stay.id, FIELD, stay.id, stay.document, candidates, tuple(systems))
        offers.append(Offer(FIELD, stay.id, tuple(_features(stall, usual, aids))))
        scores.append(judge([Pair(stay.id, stay.id, FIELD, note(stay), one.text) for one in candidates]))
    return Judged(tuple(systems), tuple(offers), np.array(scores))


def _features(stall: Stall, usual: int, aids: Aids | None) -> Iterator[dict[str, float]]:
    kinds: list[Kind] = [(None, False), (None, True)]
    if aids:
        kinds.append(("concepts", False))
    found: list[dict[str, float]] = [{f"{MEMBER}{name}": 1.0} for name in stall.members]
    for kind in kinds:
        for features, row in zip(found, compute([stall], kind, {FIELD: usual}, aids)[0], strict=True):
            features.update(zip(of_kind(kind), row, strict=True))
    yield from found


def selectors(known: Sequence[str]) -> dict[str, Selector]:
    telling = [name for name in known if name not in UNTOLD]
    return {
        "length alone": Rules(prefer=("smallest length_distance",)),
        "minimum Bayes risk": minimum_bayes_risk("agreement"),
        "learned, length alone": Learned(("length_distance",)),
        "learned, without writers": _Blind(tuple(telling)),
        "learned": Learned(tuple(telling)),
    }


@dataclass(frozen=True)
class _Blind(Learned):
    """Is not told who wrote what."""

    def fit(self, offers: Sequence[Offer], scores: Sequence[Sequence[float]]) -> Learned:
        return Learned(self.features).fit([_anonymous(offer) for offer in offers], scores)


def _anonymous(offer: Offer) -> Offer:
    told = ({n: v for n, v in one.items() if not n.startswith(MEMBER)} for one in offer.features)
    return Offer(offer.field, offer.group, tuple(told))


def judged_on(name: str, sets: Mapping[str, Judged], selector: Selector, columns: slice, how: Resampling) -> Gain:
    """The selector fitted on the other sets, and what its choices in this one are worth."""
    others = [one for other, one in sets.items() if other != name]
    offers = [offer for one in others for offer in one.offers]
    ready = selector.fit(offers, [row for one in others for row in one.scores[..., columns].mean(axis=-1).tolist()])
    here = sets[name]
    scores = here.scores[..., columns].mean(axis=-1)
    chosen = scores[np.arange(len(scores)), [ready.choose(offer) for offer in here.offers]]
    groups = tuple(offer.group for offer in here.offers)
    values = chosen, scores.max(axis=1), scores.mean(axis=1), scores
    return gain(Scored((FIELD,), here.systems, groups, *(value[None] for value in values)), how)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the cases")
    parser.add_argument(
        "--runs", type=Path, required=True, metavar="DIR", help="the runs, as benchmarks.replicate reads them"
    )
    parser.add_argument("--concepts", action="store_true", help="features of concepts too: the open vocabulary")
    parser.add_argument("--resamples", type=int, default=10_000)
    settings = parser.parse_args()
    try:
        sets = read(settings.data, settings.runs, settings.concepts)
    except HarnessError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    how = Resampling(settings.resamples)
    assets = (None, "concepts") if settings.concepts else (None,)
    known = [name for name, one in FEATURES.items() if one.needs in assets]
    systems = len(next(iter(sets.values())).systems)
    for objective, columns in OBJECTIVES.items():
        print(f"\n{objective}: {systems} systems, fitted on two sets, judged on the third")
        print(f"{'set':6} {'selector':26} {'chosen':>7} {'best':>7} {'oracle':>7} {'random':>7}   over the best, 95 %")
        for name in sets:
            for label, selector in selectors(known).items():
                print(f"{name:6} {label:26} {line(judged_on(name, sets, selector, columns, how))}", flush=True)
    return 0


def line(one: Gain) -> str:
    over = one.over_best
    figures = f"{one.chosen:7.4f} {one.best:7.4f} {one.oracle:7.4f} {one.random:7.4f}"
    return f"{figures}   {over.value:+.4f} [{over.low:+.4f}, {over.high:+.4f}]  {one.share:6.1%} of the gap"


if __name__ == "__main__":
    sys.exit(main())
